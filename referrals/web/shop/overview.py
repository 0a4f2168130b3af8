"""How the programme of a shop stands, and what to do next (`SPEC §13`)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from flask_babel import gettext

from referrals.clock import now
from referrals.commissions.commission_list import CommissionList
from referrals.listing import Wish
from referrals.orders.overview import Period, leading_products, leading_salespeople, periods, start_of_month
from referrals.settlement.balance import outlook
from referrals.shops.models import Shop
from referrals.shops.queries import settings_of
from referrals.web import plots
from referrals.web.filters import amount, known_zone, number, percent, zone
from referrals.web.shop.access import of_shop
from referrals.web.shop.showing import show
from referrals.web.shop.why import why
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_overview", __name__)

DAYS = 14
LATEST, LEADING = 5, 4


@blueprint.get("/shops/<slug>")
@of_shop()
def index(shop: Shop) -> Response:
    """Cards, plots, who and what leads, what settles next."""
    at, here = now(), known_zone(shop.time_zone)
    present, before = periods(actor(), shop, DAYS, here, at=at)
    month = start_of_month(at, here)
    waiting = CommissionList(actor(), shop, Wish(filters={"status": "pending"}, sort="due")).slice()
    context: dict[str, Any] = {
        "greeting": greeting(at, zone()),
        "settings": settings_of(shop.id).at(at),
        "outlook": outlook(shop, at=at),
        "days": DAYS,
        "total": present.total,
        "change_bp": change_bp(present.total.sales_minor, before.total.sales_minor),
        "plots": drawn(shop, present, before),
        "people": leading_salespeople(actor(), shop, month, LEADING),
        "products": leading_products(actor(), shop, month, LEADING),
        "waiting": waiting.rows[:LATEST],
        "why": why,
        "now": at,
    }
    return show("shop/overview.html", shop, **context)


def greeting(at: datetime, here: ZoneInfo) -> str:
    """What people say to each other at this hour."""
    hour = at.astimezone(here).hour
    if hour < 12:
        return gettext("Good morning, %(name)s", name=actor().name)
    return (
        gettext("Good afternoon, %(name)s", name=actor().name)
        if hour < 18
        else gettext("Good evening, %(name)s", name=actor().name)
    )


def change_bp(present: int, before: int) -> int | None:
    """By how much something rose, in basis points; None where there was nothing before."""
    return (present - before) * 10_000 // before if before else None


def drawn(shop: Shop, present: Period, before: Period) -> list[plots.Plot]:
    """Sales, commissions, clicks and conversion by day."""
    days = [day.date for day in present.days]

    def money(minor: int) -> str:
        return amount(minor, shop.currency)

    return [
        plots.bars(gettext(title), days, values(present, name), values(before, name), shown, step=step)
        for title, name, shown, step in (
            (N_("Promoted sales by day"), "sales_minor", money, plots.WIDE),
            (N_("Commissions by day"), "commission_minor", money, plots.NARROW),
            (N_("Clicks by day"), "clicks", number, plots.NARROW),
            (N_("Conversion by day"), "conversion_bp", percent, plots.NARROW),
        )
    ]


def values(period: Period, name: str) -> list[int]:
    return [getattr(day.figures, name) for day in period.days]
