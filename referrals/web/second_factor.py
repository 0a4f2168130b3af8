"""The second factor: set up with an authenticator app, confirmed by a code, taken off with password and code."""

import pyotp
import segno
from flask import Blueprint, Response, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.people.sign_in import (
    WrongPassword,
    check_code,
    confirm_second_factor,
    confirm_sign_in,
    remove_second_factor,
    start_second_factor,
)
from referrals.web import hx, limits
from referrals.web.forms.people import CodeForm, ConfirmForm
from referrals.web.house import passwords, second_factors
from referrals.web.visitor import actor, lacks_second_factor, signed_in, visitor

blueprint = Blueprint("second_factor", __name__)


@blueprint.get("/account/second-factor")
@signed_in
def setup() -> Response:
    """How things stand: off, begun, or on."""
    return setup_page(CodeForm())


@blueprint.post("/account/second-factor")
@limits.codes
@signed_in
def start() -> AnyResponse:
    """Begin: after the password was given again, an app gets a new secret."""
    form, here = ConfirmForm(), visitor()
    if here.person.second_factor_since is not None:
        return hx.go_to(url_for("second_factor.setup"))
    if not here.is_confirmed:
        if not form.validate() or not passwords().fits(form.password.data, here.person.password_hash):
            form.put(WrongPassword(field="password"))
            return setup_page(CodeForm(formdata=None), 422, confirm=form)
        confirm_sign_in(here.sign_in.id, at=now())
    start_second_factor(here.person, second_factors())
    session.commit()
    return hx.go_to(url_for("second_factor.setup"))


@blueprint.post("/account/second-factor/confirmation")
@limits.codes
@signed_in
def confirm() -> AnyResponse:
    """Put it in force with a first code; the recovery codes are shown this once."""
    form, here = CodeForm(), visitor()
    if here.person.second_factor_since is not None:
        return hx.go_to(url_for("second_factor.setup"))
    if not form.validate():
        return setup_page(form, 422)
    try:
        codes = confirm_second_factor(here.person, form.code.data, second_factors(), by=actor(), at=now())
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "code")
        return setup_page(form, 422)
    session.commit()
    return Response(render_template("account/recovery_codes.html", codes=codes))


@blueprint.post("/account/second-factor/removal")
@limits.codes
@signed_in
def remove() -> AnyResponse:
    """Take it off, with the password and a code."""
    form, confirm, here = CodeForm(), ConfirmForm(), visitor()
    valid = [form.validate(), confirm.validate()]
    if all(valid) and not passwords().fits(confirm.password.data, here.person.password_hash):
        confirm.put(WrongPassword(field="password"))
    if form.has_errors or confirm.has_errors:
        return setup_page(form, 422, confirm)
    try:
        check_code(here.person, form.code.data, second_factors(), at=now())
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "code")
        return setup_page(form, 422, confirm)
    remove_second_factor(here.person, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("second_factor.setup"))


def setup_page(form: CodeForm, status: int = 200, confirm: ConfirmForm | None = None) -> Response:
    here = visitor()
    secret = None
    if here.person.second_factor and here.person.second_factor_since is None:
        secret = second_factors().open(here.person.second_factor)
    context = {
        "form": form,
        "confirm": confirm or ConfirmForm(formdata=None),
        "must_confirm": not here.is_confirmed,
        "on_since": here.person.second_factor_since,
        "secret": secret,
        "picture": picture(secret, here.person.email or here.person.name) if secret else "",
        "required": lacks_second_factor(),
    }
    return hx.render("account/second_factor.html", "account/second_factor.html", status, **context)


def picture(secret: str, name: str) -> Markup:
    """The secret as a QR code, for the app's camera."""
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Referrals")
    return Markup(segno.make(address, error="m").svg_inline(scale=5, border=2, svgclass="qr", omitsize=True))  # noqa: S704
