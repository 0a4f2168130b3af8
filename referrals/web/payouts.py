"""Payouts: a partner's own, or all of them for administrators; statements made for print (`SPEC §4`)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.listing import Wish
from referrals.money import Money, plain
from referrals.partners.queries import get_partner
from referrals.payouts.cards import PayoutCard, payout_card
from referrals.payouts.methods import masked, set_payout_method
from referrals.payouts.models import Payout
from referrals.payouts.queries import (
    HeldEarnings,
    PayoutList,
    find_method,
    get_payout,
    last_exports,
    lines_of,
    pending_batches,
)
from referrals.people.rules import Actor
from referrals.people.sign_in import WrongPassword
from referrals.transfer.report import Outcome
from referrals.values import parse_id
from referrals.web import hx, limits, lists, payout_words, referral_words, words
from referrals.web.forms.payouts import FailedForm, MethodForm, PaidForm, PayoutResultsForm
from referrals.web.house import partner_payouts, passwords
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, member, visitor
from referrals.wording import N_

blueprint = Blueprint("payouts", __name__)

SHOWN_EARNINGS = 500
SHOWN_REMARKS = 200
PARTNER = Column("partner", N_("Partner"), lambda row: row.partner)
COLUMNS = (
    Column("period", N_("Period"), lambda row: row.period_from),
    Column("until", N_("Until"), lambda row: row.period_until, shown=False),
    Column("status", N_("Status"), lambda row: gettext(payout_words.STATUS[row.status])),
    Column("reference", N_("Reference"), lambda row: row.reference, shown=False),
    Column("due", N_("To be paid on"), lambda row: row.due_on, style="num"),
    Column("amount", N_("Amount"), lambda row: written(row.amount_minor, row.currency), style="num"),
    Column("currency", N_("Currency"), lambda row: row.currency, shown=False),
)
PAYOUTS = ListPage(
    name="payouts",
    path="/payouts",
    title=N_("Payouts"),
    columns=COLUMNS,
    rows="payouts/_rows.html",
    page="payouts/list.html",
    filters=(
        Filter(
            "status",
            N_("Status"),
            N_("Any status"),
            lambda: [(value, gettext(label)) for value, label in payout_words.STATUS.items()],
        ),
    ),
    empty="payouts/_empty.html",
    more={"payout_words": payout_words},
)
ALL_PAYOUTS = replace(PAYOUTS, columns=(PARTNER, *COLUMNS), searched=N_("Partner"), page="payouts/all.html")
HELD = ListPage(
    name="statement",
    path="/payouts",
    title=N_("Earnings"),
    columns=(
        Column("earned", N_("Earned on"), lambda row: row.earned_at),
        Column("of", N_("Merchant"), lambda row: row.merchant or row.business_name or ""),
        Column("category", N_("Category"), lambda row: gettext(referral_words.CATEGORY[row.category])),
        Column("kind", N_("What was earned"), lambda row: gettext(payout_words.EARNINGS[row.kind])),
        Column("month", N_("Month"), lambda row: row.month),
        Column("amount", N_("Amount"), lambda row: written(row.amount_minor, row.currency)),
        Column("currency", N_("Currency"), lambda row: row.currency),
    ),
    rows="",
    page="",
)


def written(minor: int, currency: str) -> Decimal:
    """An amount as a number for spreadsheets, with exactly the currency's decimals."""
    return Decimal(plain(Money(minor, currency)))


def reader() -> Actor:
    """The visitor, if they may read payouts; raises NotAllowed."""
    viewer = actor()
    viewer.require("finance" if viewer.is_staff else "view_financials")
    return viewer


@blueprint.get("/payouts")
@blueprint.get("/payouts.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """The list, its fragment, or all its rows as a file."""
    viewer = reader()
    if viewer.is_staff:
        return all_payouts(PayoutResultsForm(), kind=kind)
    listed = PayoutList(viewer, PAYOUTS.wish())
    return lists.answer(PAYOUTS, listed, kind, card=card_of(viewer), address=own_address(viewer))


def card_of(viewer: Actor) -> PayoutCard:
    return payout_card(viewer, programme(), at=now())


def own_address(viewer: Actor) -> str:
    """Where the visitor's partner is paid, so that only they recognise it; nothing when they have not said."""
    method = find_method(viewer.partner_id or 0)
    recipient = partner_payouts().open(method.locked) if method else None
    return masked(recipient) if recipient else ""


def all_payouts(
    form: PayoutResultsForm, status: int = 200, outcome: Outcome | None = None, kind: str | None = None
) -> Response:
    """The list for administrators, with what is to be paid, and what became of results that were just sent."""
    shown = outcome.remarks[:SHOWN_REMARKS] if outcome else []
    remarks = [(one.line, one.column, words.tell(one.sentence, one.params)) for one in shown]
    response = lists.answer(
        ALL_PAYOUTS,
        PayoutList(actor(), ALL_PAYOUTS.wish()),
        kind,
        batches=pending_batches(actor()),
        last_exports=last_exports(actor()),
        form=form,
        outcome=outcome,
        remarks=remarks,
    )
    response.status_code = status
    return response


@blueprint.get("/payouts/<payout_id>")
@blueprint.get("/payouts/<int:payout_id>.<any(csv, xlsx):kind>")
@member
def show(payout_id: str | int, kind: str | None = None) -> Response:
    """The statement of a payout; as a file the earnings that it holds."""
    payout = get_payout(reader(), parse_id(str(payout_id)))
    if kind is not None:
        page = replace(HELD, name=f"statement-{payout.period_from.isoformat()}")
        return lists.export(page, HeldEarnings(payout, Wish()), kind)
    return statement_page(payout)


def statement_page(payout: Payout, status: int = 200, **forms: Any) -> Response:
    """The page of a statement; `forms` are those that were just sent and could not be taken."""
    rows = list(HeldEarnings(payout, Wish()).first(SHOWN_EARNINGS + 1))
    recipient = partner_payouts().open(payout.recipient) if payout.recipient else None
    context: dict[str, Any] = {
        "payout": payout,
        "lines": lines_of(payout),
        "earnings": rows[:SHOWN_EARNINGS],
        "is_cut": len(rows) > SHOWN_EARNINGS,
        "recipient": recipient if actor().is_staff else masked(recipient) if recipient else "",
        "paid_form": PaidForm(formdata=None),
        "failed_form": FailedForm(formdata=None),
        "payout_words": payout_words,
        "referral_words": referral_words,
    }
    return hx.render("payouts/show.html", "payouts/show.html", status, **context | forms)


@blueprint.get("/payouts/method")
@member
def method() -> Response:
    """Where the partner is paid, and the form that changes it."""
    return method_page(MethodForm())


def method_page(form: MethodForm, status: int = 200) -> Response:
    viewer = actor()
    viewer.require("view_financials")
    found = find_method(viewer.partner_id or 0)
    context = {"address": own_address(viewer), "method": found, "may_change": viewer.may("manage_members")}
    return hx.render("payouts/method.html", "payouts/method.html", status, form=form, **context)


@blueprint.post("/payouts/method")
@limits.codes
@member
def change_method() -> AnyResponse:
    """Pay the partner elsewhere from now on; asks for the password again."""
    viewer, form = actor(), MethodForm()
    viewer.require("view_financials")
    viewer.require("manage_members")
    if form.validate() and not passwords().fits(form.password.data, visitor().person.password_hash):
        form.put(WrongPassword(field="password"))
    if form.has_errors:
        return method_page(form, 422)
    try:
        partner = get_partner(viewer, viewer.partner_id or 0)
        set_payout_method(partner, form.email.data, partner_payouts(), by=viewer, at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return method_page(form, 422)
    return hx.go_to(url_for("payouts.index"), N_("Saved."))
