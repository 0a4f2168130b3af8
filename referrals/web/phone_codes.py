"""Signing in with a phone and the code that is sent to it (`SPEC §5`, `API` pages)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask import session as cookie
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.outbox.codes import send_code
from referrals.people.codes import CODE_LIFE, check_code
from referrals.people.models import Person
from referrals.web import hx, limits
from referrals.web.forms.sell import PhoneCodeForm, PhoneForm
from referrals.web.language import chosen_language
from referrals.web.safe_urls import safe_path
from referrals.web.sign_in import admit
from referrals.web.visitor import visitor_or_none

blueprint = Blueprint("phone_codes", __name__)


@dataclass(frozen=True)
class Step:
    """Where somebody stands who proves to hold a phone: `phone` is where a code went, or nothing yet."""

    phone: str
    phone_form: PhoneForm
    code_form: PhoneCodeForm
    status: int = 200


def first_step() -> Step:
    """Whoever comes anew, or comes back to type the code."""
    phone = "" if request.args.get("again") else phone_with_code()
    return Step(phone, PhoneForm(), PhoneCodeForm())


def next_step(here: str, proven: Callable[[Person], Any]) -> Any:
    """Send a code to the phone, or check the code; `proven` answers for whoever holds the phone, else a Step.

    What is answered tells nobody whether the number is known.
    """
    if "code" in request.form:
        return check(proven)
    form = PhoneForm()
    if not form.validate():
        return Step("", form, PhoneCodeForm(formdata=None), 422)
    send_code(form.phone.data, at=now(), language=chosen_language())
    session.commit()
    cookie["code_went_to"] = [form.phone.data, now().isoformat()]
    return redirect(here, 303)


def check(proven: Callable[[Person], Any]) -> Any:
    typed = PhoneForm()
    phone = typed.phone.data if "phone" in request.form and typed.validate() else phone_with_code()
    form = PhoneCodeForm()
    if not form.validate():
        return Step(phone, PhoneForm(formdata=None), form, 422)
    try:
        person = check_code(phone, form.code.data, at=now(), language=chosen_language())
    except RuleBroken as broken:
        session.commit()  # a wrong try counts
        again = PhoneForm(formdata=None)
        (form if phone else again).put(broken)
        return Step(phone, again, form, 422)
    cookie.pop("code_went_to", None)
    return proven(person)


def phone_with_code() -> str:
    """The phone to which this browser had a code sent that may still be good."""
    phone, moment = cookie.get("code_went_to") or ("", "")
    return str(phone) if phone and now() - datetime.fromisoformat(moment) < CODE_LIFE else ""


@blueprint.get("/login/code")
def login() -> AnyResponse:
    """The form for the phone, then the one for the code."""
    if visitor_or_none() is not None:
        return redirect(safe_path(request.args.get("next")), 303)
    return page(first_step())


@blueprint.post("/login/code")
@limits.codes_sent_by_address
@limits.codes_sent
@limits.codes_by_address
@limits.phone_codes
def enter() -> AnyResponse:
    """Send the code; with the code, sign in."""
    target = safe_path(request.args.get("next"))
    again = url_for("phone_codes.login", next=None if target == "/" else target)
    answer = next_step(again, lambda person: admit(person, target))
    return page(answer) if isinstance(answer, Step) else answer


def page(step: Step) -> Response:
    return hx.render("sign_in/phone.html", "sign_in/phone.html", step.status, step=step)
