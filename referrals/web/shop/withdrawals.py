"""The withdrawals of salespeople: paid, or refused with a reason (`SPEC §10`)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.people.rules import masked_phone
from referrals.settlement.models import Withdrawal
from referrals.settlement.withdrawal_list import WithdrawalList
from referrals.settlement.withdrawals import get_withdrawal, pay_withdrawal, refuse_withdrawal
from referrals.shops.models import Shop
from referrals.shops.queries import get_salesperson
from referrals.transfer.report import Outcome
from referrals.transfer.withdrawals import import_results, open_withdrawals
from referrals.web import hx, shop_words, words
from referrals.web.forms import Form
from referrals.web.forms.shop_money import PaymentForm, RefusalForm, ResultsForm
from referrals.web.house import payout_details
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_withdrawals", __name__)

SHOWN_REMARKS = 200

WITHDRAWALS = ListPage(
    name="shop-withdrawals",
    path="/withdrawals",
    title=N_("Withdrawals"),
    columns=(
        Column("salesperson", N_("Salesperson"), lambda row: row.nickname or masked_phone(row.phone or "")),
        Column("status", N_("State"), lambda row: gettext(shop_words.WITHDRAWAL[row.status])),
        Column("method", N_("Way"), lambda row: row.method, sortable=False),
        Column("reference", N_("Reference"), lambda row: row.payment_reference, sortable=False),
        Column("requested", N_("Asked for"), lambda row: row.requested_at, style="num"),
        Column("amount", N_("Amount"), lambda row: row.amount_minor, style="num"),
    ),
    rows="shop/_withdrawal_rows.html",
    page="shop/withdrawals.html",
    filters=(Filter("status", N_("State"), N_("Any state"), lambda: labels(shop_words.WITHDRAWAL)),),
    searched=N_("Salesperson or reference"),
    empty="shop/_withdrawals_empty.html",
)


@blueprint.get("/shops/<slug>/withdrawals")
@blueprint.get("/shops/<slug>/withdrawals.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """All withdrawals, the newest first."""
    return withdrawals_page(shop, ResultsForm(), kind=kind)


def withdrawals_page(
    shop: Shop, form: ResultsForm, status: int = 200, outcome: Outcome | None = None, kind: str | None = None
) -> Response:
    """The list, with the form that takes results, and what became of those that were just sent."""
    listed = WithdrawalList(actor(), shop, WITHDRAWALS.wish())
    shown = outcome.remarks[:SHOWN_REMARKS] if outcome else []
    remarks = [(one.line, one.column, words.tell(one.sentence, in_own_words(one.params))) for one in shown]
    return listing(WITHDRAWALS, listed, kind, shop, status, form=form, outcome=outcome, remarks=remarks)


def in_own_words(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a remark, with the state of a withdrawal as pages call it."""
    state = shop_words.WITHDRAWAL.get(params.get("status", ""))
    return {**params, "status": gettext(state)} if state else dict(params)


@blueprint.get("/shops/<slug>/withdrawals/open.csv")
@of_shop("finance")
def open_ones(shop: Shop) -> Response:
    """The open withdrawals with where the money goes, for whoever pays them."""
    response = Response(b"".join(open_withdrawals(shop, payout_details(), by=actor())), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="withdrawals-{shop.slug}.csv"'
    return response


@blueprint.post("/shops/<slug>/withdrawals/results")
@of_shop("finance")
def take_results(shop: Shop) -> AnyResponse:
    """Record what became of many withdrawals at once, and tell which rows were refused."""
    form, file = ResultsForm(), request.files.get("file")
    if file is None or not file.filename:
        form.file.errors = [gettext("Choose a file.")]
        return withdrawals_page(shop, form, 422)
    try:
        outcome = import_results(shop, file.read(), file.filename, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "file")
        return withdrawals_page(shop, form, 422)
    return withdrawals_page(shop, ResultsForm(formdata=None), outcome=outcome)


@blueprint.get("/shops/<slug>/withdrawals/<withdrawal_id>")
@of_shop()
def detail(shop: Shop, withdrawal_id: str) -> Response:
    """One withdrawal, with where the money goes for those who pay it."""
    return withdrawal_page(shop, withdrawal_of(shop, withdrawal_id))


def withdrawal_of(shop: Shop, withdrawal_id: str) -> Withdrawal:
    found = get_withdrawal(actor(), number_in(withdrawal_id))
    if found.shop_id != shop.id:
        raise NotFound
    return found


def withdrawal_page(shop: Shop, withdrawal: Withdrawal, status: int = 200, **forms: Form) -> Response:
    """The page of a withdrawal; `forms` are those that were just sent and could not be taken."""
    locked = withdrawal.details_locked if actor().may("finance") else ""
    context: dict[str, Any] = {
        "withdrawal": withdrawal,
        "person": get_salesperson(actor(), shop.id, withdrawal.salesperson_id),
        "details": payout_details().open(locked) if locked else None,
        "pay_form": PaymentForm(formdata=None, currency=shop.currency),
        "refuse_form": RefusalForm(formdata=None),
    }
    return show("shop/withdrawal.html", shop, status, **context | forms)


@blueprint.post("/shops/<slug>/withdrawals/<withdrawal_id>/payment")
@of_shop("finance")
def pay(shop: Shop, withdrawal_id: str) -> AnyResponse:
    """The money was sent."""
    form = PaymentForm(currency=shop.currency)

    def record(one: Withdrawal) -> None:
        pay_withdrawal(one, fee_minor=form.fee.value or 0, reference=form.reference.data, by=actor(), at=now())

    return decide(shop, withdrawal_id, "pay_form", form, record)


@blueprint.post("/shops/<slug>/withdrawals/<withdrawal_id>/refusal")
@of_shop("finance")
def refuse(shop: Shop, withdrawal_id: str) -> AnyResponse:
    """The money stays the salesperson's."""
    form = RefusalForm()
    return decide(
        shop,
        withdrawal_id,
        "refuse_form",
        form,
        lambda one: refuse_withdrawal(one, form.reason.data, by=actor(), at=now()),
    )


def decide(shop: Shop, withdrawal_id: str, name: str, form: Form, verb: Callable[[Withdrawal], Any]) -> AnyResponse:
    withdrawal = withdrawal_of(shop, withdrawal_id)
    if not form.validate():
        return withdrawal_page(shop, withdrawal, 422, **{name: form})
    try:
        verb(withdrawal)
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return withdrawal_page(shop, withdrawal_of(shop, withdrawal_id), 422, **{name: form})
    return hx.go_to(shop_url("shop_withdrawals.index", shop), N_("Saved."))
