"""What partners earned, row by row, and why each amount is what it is (`SPEC §4, §12`)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext

from referrals.earnings.earning_list import EarningList
from referrals.earnings.queries import get_earning
from referrals.explanations.earning import explain_earning
from referrals.leads.queries import find_ref
from referrals.partners.queries import all_partners
from referrals.people.rules import Actor
from referrals.values import parse_id
from referrals.web import earning_words, hx, lists, referral_words
from referrals.web.leads import start_of
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.referral_history import written
from referrals.web.visitor import actor, member
from referrals.wording import N_

blueprint = Blueprint("earnings", __name__)

PARTNER = Column("partner", N_("Partner"), lambda row: row.partner)
COLUMNS = (
    Column("category", N_("Category"), lambda row: gettext(earning_words.CATEGORY[row.category])),
    Column("kind", N_("For"), lambda row: gettext(earning_words.KIND[row.kind])),
    Column("month", N_("Month"), lambda row: row.month, shown=False),
    Column("earned_at", N_("Earned on"), lambda row: row.earned_at, style="num"),
    Column("state", N_("Payout"), lambda row: gettext(earning_words.STATE[row.state])),
    Column("amount", N_("Amount"), lambda row: written(row.amount_minor, row.currency), style="num"),
    Column("currency", N_("Currency"), lambda row: row.currency, shown=False),
)
FILTERS = (
    Filter("category", N_("Category"), N_("All categories"), lambda: labels(earning_words.CATEGORY)),
    Filter("kind", N_("For"), N_("Everything"), lambda: labels(earning_words.KIND)),
    Filter("state", N_("Payout"), N_("Any payout"), lambda: labels(earning_words.STATE)),
)
PARTNERS = Filter(
    "partner", N_("Partner"), N_("All partners"), lambda: [(str(one.id), one.name) for one in all_partners(actor())]
)


def labels(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, gettext(label)) for value, label in texts.items()]


def list_page(viewer: Actor) -> ListPage:
    """The list as this viewer may see it: staff with the partners."""
    merchant = Column("merchant", N_("Merchant"), lambda row: row.merchant)
    return ListPage(
        name="earnings",
        path="/earnings",
        title=N_("Earnings"),
        columns=(merchant, *((PARTNER,) if viewer.is_staff else ()), *COLUMNS),
        rows="earnings/_rows.html",
        page="earnings/list.html",
        filters=(*FILTERS, PARTNERS) if viewer.is_staff else FILTERS,
        searched=N_("Merchant or domain"),
        empty="earnings/_empty.html",
        above="earnings/_totals.html",
        dates=True,
        more={"earning_words": earning_words},
    )


def reader() -> Actor:
    """The visitor, if they may see money; raises NotAllowed."""
    viewer = actor()
    viewer.require("finance" if viewer.is_staff else "view_financials")
    return viewer


@blueprint.get("/earnings")
@blueprint.get("/earnings.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """The list, its fragment, or all its rows as a file."""
    viewer = reader()
    page = list_page(viewer)
    wish = page.wish()
    since, until = start_of(wish.get("from")), start_of(wish.get("to"), timedelta(days=1))
    listed = EarningList(viewer, wish, since=since, until=until)
    return lists.answer(page, listed, kind, totals=listed.totals)


@blueprint.get("/earnings/<earning_id>")
@member
def show(earning_id: str) -> Response:
    """One earning, from the revenue or the lead to the entry in the books."""
    viewer = reader()
    told = explain_earning(get_earning(viewer, parse_id(earning_id) or 0))
    context: dict[str, Any] = {
        "told": told,
        "earning": told.earning,
        "lead_ref": find_ref(viewer, told.earning.lead_id) if told.earning.lead_id else None,
        "earning_words": earning_words,
        "referral_words": referral_words,
    }
    return hx.render("earnings/show.html", "earnings/show.html", **context)
