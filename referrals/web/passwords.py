"""A forgotten password: a link by mail, a new password (`SPEC §1`). Whether an account exists is never told."""

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.outbox.operations import post_mail
from referrals.people.operations import LinkSpent, make_link, set_password, use_link
from referrals.people.queries import find_open_link, find_person_by_email, get_person
from referrals.web import hx, limits
from referrals.web.errors import page
from referrals.web.forms.people import ForgottenForm, NewPasswordForm
from referrals.web.house import passwords
from referrals.web.tokens import params_of, read_token
from referrals.wording import N_

blueprint = Blueprint("passwords", __name__)


@blueprint.get("/password/forgotten")
def forgotten() -> Response:
    """Ask for the e-mail of the account."""
    return hx.render("sign_in/forgotten.html", "sign_in/forgotten.html", form=ForgottenForm(), sent=False)


@blueprint.post("/password/forgotten")
@limits.resets_by_address
@limits.resets
def send_link() -> Response:
    """Send a link, if there is such an account; the answer is the same if there is none."""
    form = ForgottenForm()
    if not form.validate():
        return hx.render("sign_in/forgotten.html", "sign_in/forgotten.html", 422, form=form, sent=False)
    person = find_person_by_email(form.email.data)
    if person is not None:
        link = make_link("reset", person_id=person.id, email=form.email.data, at=now())
        post_mail(
            "password_reset",
            params_of(link),
            to=form.email.data,
            name=person.name,
            language=person.reads,
            person_id=person.id,
            secret=True,
            at=now(),
        )
    session.commit()
    return hx.render("sign_in/forgotten.html", "sign_in/forgotten.html", form=form, sent=True)


@blueprint.get("/password/reset/<token>")
@limits.unknown_links
def choose(token: str) -> Response:
    """The form for a new password, while the link is good."""
    if find_open_link(read_token(token, "reset"), "reset", at=now()) is None:
        return page(410)
    return hx.render("sign_in/reset.html", "sign_in/reset.html", form=NewPasswordForm())


@blueprint.post("/password/reset/<token>")
@limits.unknown_links
def replace(token: str) -> AnyResponse:
    """Set the new password; every browser is signed out by it."""
    form = NewPasswordForm()
    if not form.validate():
        return hx.render("sign_in/reset.html", "sign_in/reset.html", 422, form=form)
    try:
        link = use_link(read_token(token, "reset"), "reset", at=now())
        set_password(get_person(link.person_id or 0), passwords().hash(form.password.data), at=now())
        session.commit()
    except LinkSpent:
        return page(410)
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return hx.render("sign_in/reset.html", "sign_in/reset.html", 422, form=form)
    return hx.go_to(url_for("sign_in.login"), N_("Your password is changed. Please log in with it."))
