"""The wallet: the balance, what was booked on it, withdrawals; and the commissions behind it (`SPEC §10`)."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.commissions.commission_list import CommissionList
from referrals.commissions.queries import get_commission
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.explanations.commission import explain
from referrals.ledger.operations import salesperson as account_of
from referrals.ledger.queries import AccountStatement, balance
from referrals.orders.selling import waiting
from referrals.outbox.codes import send_code
from referrals.people.codes import check_code
from referrals.people.sign_in import confirm_sign_in
from referrals.settlement.own_withdrawals import OwnWithdrawals, reserved_for
from referrals.settlement.withdrawals import request_withdrawal
from referrals.values import parse_id
from referrals.web import drafts, hx, limits, lists, shop_words
from referrals.web.filters import amount
from referrals.web.forms.sell import METHODS, PhoneCodeForm, WithdrawalForm
from referrals.web.house import payout_details
from referrals.web.language import chosen_language
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.phone_codes import phone_with_code
from referrals.web.sell.ground import seller, show, surroundings
from referrals.web.shop.why import why
from referrals.web.visitor import actor, may, visitor
from referrals.web.words import in_words, own_words
from referrals.wording import N_

blueprint = Blueprint("sell_wallet", __name__)


def choices_of(texts: dict[str, str]) -> Any:
    return lambda: list(in_words(texts).items())


def word(texts: dict[str, str], key: str | None) -> str:
    return own_words(texts.get(key or "", ""))


STATEMENT = ListPage(
    name="statement",
    path="/sell/balance",
    title=N_("What was booked"),
    columns=(
        Column("kind", N_("What happened"), lambda row: word(shop_words.ENTRIES, row.kind)),
        Column("at", N_("When"), lambda row: row.at),
        Column("amount", N_("Amount"), lambda row: amount(row.amount_minor, row.currency), style="num"),
    ),
    rows="sell/_statement_rows.html",
    page="sell/balance.html",
    empty="sell/_nothing_booked.html",
)
WITHDRAWALS = ListPage(
    name="withdrawals",
    path="/sell/withdrawals",
    title=N_("Your withdrawals"),
    columns=(
        Column("requested", N_("Asked for"), lambda row: row.requested_at),
        Column("status", N_("Status"), lambda row: word(shop_words.WITHDRAWAL, row.status)),
        Column("method", N_("Way of payment"), lambda row: word(METHODS, row.method), sortable=False),
        Column("answer", N_("Answer"), lambda row: row.reason or row.payment_reference, sortable=False),
        Column("amount", N_("Amount"), lambda row: amount(row.amount_minor, row.currency), style="num"),
    ),
    rows="sell/_withdrawal_rows.html",
    page="sell/withdrawals.html",
    filters=(Filter("status", N_("Status"), N_("Any status"), choices_of(shop_words.WITHDRAWAL)),),
)
COMMISSIONS = ListPage(
    name="commissions",
    path="/sell/commissions",
    title=N_("Your commissions"),
    columns=(
        Column("order", N_("Order"), lambda row: row.order_key),
        Column("why", N_("Why this amount"), why, sortable=False),
        Column("status", N_("Status"), lambda row: word(shop_words.COMMISSION, row.status), sortable=False),
        Column("created", N_("Ordered"), lambda row: row.placed_at),
        Column("due", N_("Completed"), lambda row: row.due_at),
        Column("amount", N_("Commission"), lambda row: amount(row.amount_minor, row.currency), style="num"),
    ),
    rows="sell/_commission_rows.html",
    page="sell/commissions.html",
    filters=(Filter("status", N_("Status"), N_("Any status"), choices_of(shop_words.COMMISSION)),),
    searched=N_("Order number"),
    empty="sell/_no_orders.html",
)


@blueprint.get("/sell/balance")
@blueprint.get("/sell/balance.<any(csv, xlsx):kind>")
@may("sell")
def index(kind: str | None = None) -> Response:
    """The balance and everything that was booked on it."""
    here = seller()
    listed = AccountStatement(here.owner, account_of(here.salesperson.id), STATEMENT.wish())
    return lists.answer(STATEMENT, listed, kind, **surroundings(), **standing())


def standing() -> dict[str, Any]:
    here = seller()
    return {
        "balance": balance(here.owner, account_of(here.salesperson.id)),
        "reserved": reserved_for(here.owner, here.salesperson.id),
        "waiting": waiting(actor()),
    }


@blueprint.get("/sell/withdrawals")
@blueprint.get("/sell/withdrawals.<any(csv, xlsx):kind>")
@may("sell")
def withdrawals(kind: str | None = None) -> Response:
    """What was asked for, and what became of it."""
    listed = OwnWithdrawals(actor(), WITHDRAWALS.wish())
    return lists.answer(WITHDRAWALS, listed, kind, methods=METHODS, **surroundings())


@blueprint.get("/sell/withdrawals/new")
@may("sell")
def new() -> Response:
    """The form; before it a code, where the person proved some time ago who they are."""
    return form_page(WithdrawalForm(formdata=drafts.typed_before(url_for("sell_wallet.ask"))).offer())


def form_page(form: WithdrawalForm, status: int = 200, code_form: PhoneCodeForm | None = None) -> Response:
    sent = phone_with_code() == visitor().person.phone
    code = code_form or PhoneCodeForm(formdata=None)
    confirmed = visitor().is_confirmed
    return show(
        "sell/withdraw.html", status, form=form, code_form=code, code_sent=sent, confirmed=confirmed, **standing()
    )


@blueprint.post("/sell/withdrawals")
@may("sell")
def ask() -> AnyResponse:
    """Ask for money; it is reserved at once."""
    here, at = seller(), now()
    form = WithdrawalForm().offer()
    form.currency = here.shop.currency
    if not visitor().is_confirmed:
        return form_page(form, 422)
    if not form.validate():
        return form_page(form, 422)
    details = payout_details().lock(form.payout_details.data)
    try:
        request_withdrawal(
            here.salesperson,
            form.amount.value,
            method=form.method.data,
            details_locked=details,
            by=actor(),
            at=at,
        )
        drafts.spent()
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "amount")
        return form_page(form, 422)
    return hx.go_to(url_for("sell_wallet.withdrawals"), N_("Asked for. The shop pays it out and tells you here."))


@blueprint.post("/sell/confirmation")
@limits.own_codes_sent
@limits.codes
@may("sell")
def confirm() -> AnyResponse:
    """Send a code to their own phone; with the code, they have proved anew who they are."""
    phone, at = visitor().person.phone or "", now()
    if "code" not in request.form:
        send_code(phone, at=at, language=chosen_language())
        session.commit()
        cookie["code_went_to"] = [phone, at.isoformat()]
        return redirect(url_for("sell_wallet.new"), 303)
    form = PhoneCodeForm()
    if form.validate():
        try:
            check_code(phone, form.code.data, at=at)
            confirm_sign_in(visitor().sign_in.id, at=at)
        except RuleBroken as broken:
            form.put(broken, "code")
        session.commit()  # a wrong try counts
    if form.has_errors:
        return form_page(WithdrawalForm(formdata=None).offer(), 422, form)
    cookie.pop("code_went_to", None)
    return redirect(url_for("sell_wallet.new"), 303)


@blueprint.get("/sell/commissions")
@blueprint.get("/sell/commissions.<any(csv, xlsx):kind>")
@may("sell")
def commissions(kind: str | None = None) -> Response:
    """What they earn and earned, with what explains each amount."""
    listed = CommissionList(actor(), seller().shop, COMMISSIONS.wish())
    return lists.answer(COMMISSIONS, listed, kind, why=why, **surroundings())


@blueprint.get("/sell/commissions/<commission_id>")
@may("sell")
def commission(commission_id: str) -> Response:
    """One commission, retold to the minor unit."""
    found = get_commission(actor(), parse_id(commission_id))
    return show("sell/commission.html", commission=found, explanation=explain(found))
