"""The page *Referral history*: successful referrals and what they bring; one of them with its months (`SPEC §4`)."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.earnings.correcting import correct_plan, take_up_again
from referrals.earnings.queries import earnings_of
from referrals.errors import RuleBroken
from referrals.leads.queries import find_ref
from referrals.money import Money, plain
from referrals.partners.calendar import day_of
from referrals.partners.models import Referral
from referrals.partners.queries import all_partners
from referrals.partners.referral_list import (
    ReferralList,
    get_referral,
    month_before,
    months_of,
    plans_seen_by,
    rows_of,
    sees_money,
)
from referrals.partners.referrals import close_referral
from referrals.people.rules import Actor
from referrals.values import parse_id
from referrals.web import earning_words, hx, lists, referral_words
from referrals.web.forms.partner import PlanForm
from referrals.web.leads import start_of
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("referral_history", __name__)

MERCHANT = Column("merchant", N_("Merchant"), lambda row: row.merchant)
DOMAIN = Column("domain", N_("Domain"), lambda row: row.domain, shown=False)
PARTNER = Column("partner", N_("Partner"), lambda row: row.partner)
FACTS = (
    Column("referred_at", N_("Referred on"), lambda row: row.referred_at, style="num"),
    Column("plan", N_("Plan"), lambda row: row.plan),
    Column("category", N_("Category"), lambda row: gettext(referral_words.CATEGORY[row.category])),
    Column("status", N_("Status"), lambda row: gettext(referral_words.STATUS[row.status])),
)
MONEY = (
    Column("revenue", N_("Revenue so far"), lambda row: written(row.revenue_minor, row.currency), style="num"),
    Column("last_month", N_("Last month"), lambda row: written(row.last_month_minor, row.currency), style="num"),
    Column("currency", N_("Currency"), lambda row: row.currency, shown=False),
)
FILTERS = (
    Filter("category", N_("Category"), N_("All categories"), lambda: labels(referral_words.CATEGORY)),
    Filter("status", N_("Status"), N_("Any status"), lambda: labels(referral_words.STATUS)),
    Filter("plan", N_("Plan"), N_("All plans"), lambda: [(plan, plan) for plan in plans_seen_by(actor())]),
)
PARTNERS = Filter(
    "partner", N_("Partner"), N_("All partners"), lambda: [(str(one.id), one.name) for one in all_partners(actor())]
)


def labels(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(value, gettext(label)) for value, label in texts.items()]


def written(minor: int, currency: str) -> Decimal:
    """An amount as a number for spreadsheets, with exactly the currency's decimals."""
    return Decimal(plain(Money(minor, currency)))


def list_page(viewer: Actor) -> ListPage:
    """The list as this viewer may see it: staff with the partners, money only for those who may see it."""
    partner = (PARTNER,) if viewer.is_staff else ()
    money = MONEY if sees_money(viewer) else ()
    return ListPage(
        name="referrals",
        path="/referrals",
        title=N_("Referral history"),
        columns=(MERCHANT, DOMAIN, *partner, *FACTS, *money),
        rows="referrals/_rows.html",
        page="referrals/list.html",
        filters=(*FILTERS, PARTNERS) if viewer.is_staff else FILTERS,
        searched=N_("Merchant or domain"),
        empty="referrals/_empty.html",
        above="referrals/_totals.html" if money else "",
        dates=True,
        more={"referral_words": referral_words, "with_money": bool(money)},
    )


def reader() -> Actor:
    """The visitor, if they may read referrals; raises NotAllowed."""
    viewer = actor()
    if not viewer.is_staff:
        viewer.require("view_referrals")
    return viewer


@blueprint.get("/referrals")
@blueprint.get("/referrals.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """The list, its fragment, or all its rows as a file."""
    viewer = reader()
    page = list_page(viewer)
    wish = page.wish()
    listed = ReferralList(
        viewer,
        wish,
        last_month=month_before(day_of(now())),
        since=start_of(wish.get("from")),
        until=start_of(wish.get("to"), timedelta(days=1)),
    )
    return lists.answer(page, listed, kind, totals=listed.totals)


@blueprint.get("/referrals/<referral_id>")
@member
def show(referral_id: str) -> Response:
    """One referral: who was brought when, and what came of it month by month."""
    return referral_page(get_referral(reader(), parse_id(referral_id) or 0))


def referral_page(referral: Referral, broken: RuleBroken | None = None, form: PlanForm | None = None) -> Response:
    viewer, lead_ref = actor(), find_ref(actor(), referral.lead_id) if referral.lead_id else None
    context: dict[str, Any] = {"referral": referral, "lead_ref": lead_ref, "referral_words": referral_words}
    if sees_money(viewer):
        context |= {
            "months": months_of(referral),
            "rows_by_month": rows_by_month(referral),
            "earnings": earnings_of(viewer, referral),
            "earning_words": earning_words,
        }
    form = form or PlanForm(formdata=None, obj=referral)
    status = 422 if broken or form.has_errors else 200
    return hx.render("referrals/show.html", "referrals/show.html", status, form=form, broken=broken, **context)


def rows_by_month(referral: Referral) -> dict[date, list[Any]]:
    found: dict[date, list[Any]] = {}
    for row in rows_of(referral):
        found.setdefault(row.month, []).append(row)
    return found


@blueprint.post("/referrals/<referral_id>/plan")
@may("configure")
def plan(referral_id: str) -> AnyResponse:
    """Correct the plan."""
    referral, form = get_referral(actor(), parse_id(referral_id) or 0), PlanForm()
    if not form.validate():
        return referral_page(referral, form=form)
    correct_plan(referral, form.plan.data, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("referral_history.show", referral_id=referral.id), N_("Saved."))


@blueprint.post("/referrals/<referral_id>/closure")
@may("configure")
def closure(referral_id: str) -> AnyResponse:
    """End a referral: what its merchant pays in later months earns nothing."""
    referral = held(referral_id)
    try:
        close_referral(referral, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(referral_id, broken)
    return hx.go_to(url_for("referral_history.show", referral_id=referral_id), N_("The referral is closed."))


@blueprint.post("/referrals/<referral_id>/reopening")
@may("configure")
def reopening(referral_id: str) -> AnyResponse:
    """Take a closed referral up again."""
    referral = get_referral(actor(), parse_id(referral_id) or 0)
    try:
        take_up_again(referral, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(referral_id, broken)
    return hx.go_to(url_for("referral_history.show", referral_id=referral_id), N_("The referral is active again."))


def refused(referral_id: str, broken: RuleBroken) -> Response:
    session.rollback()
    return referral_page(get_referral(actor(), parse_id(referral_id) or 0), broken)


def held(referral_id: str) -> Referral:
    return get_referral(actor(), parse_id(referral_id) or 0, for_update=True)
