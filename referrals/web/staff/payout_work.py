"""What administrators do with payouts: the file for PayPal, its result, and one by one by hand (`SPEC §4`)."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.leads.fields import TRUE_WORDS
from referrals.money import CURRENCIES
from referrals.payouts.models import Payout
from referrals.payouts.operations import fail_payout, pay_payout
from referrals.payouts.queries import get_payout
from referrals.transfer.payouts import import_payout_results, paypal_file
from referrals.values import parse_id
from referrals.web import hx
from referrals.web.forms import Form
from referrals.web.forms.payouts import FailedForm, PaidForm, PayoutResultsForm
from referrals.web.house import partner_payouts
from referrals.web.payouts import all_payouts, reader, statement_page
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("payout_work", __name__)


@blueprint.post("/payouts/paypal/<due_on>/<currency>.csv")
@may("finance")
def paypal(due_on: str, currency: str) -> Response:
    """The pending payouts of a day and currency that were in no file yet, or all, as PayPal takes them."""
    reader()
    try:
        day = date.fromisoformat(due_on)
    except ValueError:
        raise NotFound from None
    if currency not in CURRENCIES:
        raise NotFound
    again = request.form.get("again", "").lower() in TRUE_WORDS
    content = paypal_file(day, currency, partner_payouts(), again=again, by=actor(), at=now())
    session.commit()
    response = Response(content, mimetype="text/csv")
    name = f"paypal-{day.isoformat()}-{currency}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.post("/payouts/results")
@may("finance")
def take_results() -> AnyResponse:
    """Record what became of many payouts at once, and tell which rows were refused."""
    reader()
    form, file = PayoutResultsForm(), request.files.get("file")
    if file is None or not file.filename:
        form.file.errors = [gettext("Choose a file.")]
        return all_payouts(form, 422)
    try:
        outcome = import_payout_results(file.read(), file.filename, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "file")
        return all_payouts(form, 422)
    return all_payouts(PayoutResultsForm(formdata=None), outcome=outcome)


@blueprint.post("/payouts/<payout_id>/payment")
@may("finance")
def pay(payout_id: str) -> AnyResponse:
    """The transfer was made."""
    form = PaidForm()
    return decide(
        payout_id,
        "paid_form",
        form,
        lambda one: pay_payout(one, reference=form.reference.data, by=actor(), at=now()),
        N_("The payout is recorded as paid."),
    )


@blueprint.post("/payouts/<payout_id>/failure")
@may("finance")
def fail(payout_id: str) -> AnyResponse:
    """The transfer failed, or came back."""
    form = FailedForm()
    return decide(
        payout_id,
        "failed_form",
        form,
        lambda one: fail_payout(one, form.reason.data, by=actor(), at=now()),
        N_("The payout is recorded as failed. The money is part of the next one."),
    )


def decide(payout_id: str, name: str, form: Form, verb: Callable[[Payout], Any], told: str) -> AnyResponse:
    payout = get_payout(reader(), parse_id(payout_id))
    if not form.validate():
        return statement_page(payout, 422, **{name: form})
    try:
        verb(payout)
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return statement_page(get_payout(actor(), parse_id(payout_id)), 422, **{name: form})
    return hx.go_to(url_for("payouts.show", payout_id=payout_id), told)
