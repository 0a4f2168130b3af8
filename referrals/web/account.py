"""One's own account: profile, e-mail, password, sessions, notifications (`SPEC §13`)."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.outbox.operations import choose_notifications, post_mail
from referrals.outbox.queries import notification_choices
from referrals.outbox.rules import KINDS
from referrals.people import audit
from referrals.people.operations import EmailTaken, LinkSpent, change_email, make_link, set_password, use_link
from referrals.people.queries import find_open_link, find_person_by_email, get_person, open_sign_ins
from referrals.people.sign_in import WrongPassword, close_sign_in
from referrals.values import parse_id
from referrals.web import hx, limits
from referrals.web.errors import page
from referrals.web.forms.people import ChangePasswordForm, EmailForm, ProfileForm
from referrals.web.house import config, passwords
from referrals.web.language import COOKIE, LANGUAGES
from referrals.web.safe_urls import came_from
from referrals.web.tokens import params_of, read_token
from referrals.web.visitor import actor, signed_in, visitor, visitor_or_none
from referrals.wording import N_

blueprint = Blueprint("account", __name__)
YEAR = 365 * 24 * 3600


@blueprint.get("/account")
@signed_in
def profile() -> Response:
    """Name, language, time zone, appearance, e-mail."""
    return profile_page(ProfileForm(obj=visitor().person).offer(), EmailForm())


def profile_page(form: ProfileForm, email_form: EmailForm, status: int = 200, sent: bool = False) -> Response:
    template = "account/profile.html"
    return hx.render(template, template, status, form=form, email_form=email_form, sent=sent)


@blueprint.post("/account")
@signed_in
def save_profile() -> AnyResponse:
    """Store the profile."""
    form = ProfileForm().offer()
    if not form.validate():
        return profile_page(form, EmailForm(formdata=None), 422)
    person = visitor().person
    person.name = form.name.data
    person.language, person.time_zone = form.language.data or None, form.time_zone.data or None
    person.appearance = form.appearance.data or None
    session.commit()
    return hx.go_to(url_for("account.profile"), N_("Saved."))


@blueprint.post("/account/email")
@limits.codes
@signed_in
def ask_for_email() -> AnyResponse:
    """Send a link to the new address; the old one stays until it is used. Whether it is taken is not told."""
    form = EmailForm()
    here = visitor()
    if form.validate() and not passwords().fits(form.password.data, here.person.password_hash):
        form.put(WrongPassword(field="password"))
    if form.has_errors:
        return profile_page(ProfileForm(formdata=None, obj=here.person).offer(), form, 422)
    if find_person_by_email(form.email.data) is None:
        link = make_link("email", person_id=here.person.id, email=form.email.data, at=now())
        post_mail(
            "email_change",
            params_of(link),
            to=form.email.data,
            name=here.person.name,
            language=here.person.reads,
            secret=True,
            at=now(),
        )
    session.commit()
    return profile_page(ProfileForm(formdata=None, obj=here.person).offer(), EmailForm(formdata=None), sent=True)


@blueprint.get("/account/email/<token>")
@limits.unknown_links
def confirm_email(token: str) -> Response:
    """Asks whether the address is to be changed; looking changes nothing."""
    if find_open_link(read_token(token, "email"), "email", at=now()) is None:
        return page(410)
    return hx.render("account/email.html", "account/email.html", path=request.path)


@blueprint.post("/account/email/<token>")
@limits.unknown_links
def take_email(token: str) -> AnyResponse:
    """Change the e-mail by the link that was sent to it."""
    try:
        link = use_link(read_token(token, "email"), "email", at=now())
        change_email(get_person(link.person_id or 0), link.email, at=now())
        session.commit()
    except (LinkSpent, EmailTaken):
        return page(410)
    return hx.go_to(url_for("sign_in.login"))


@blueprint.get("/account/password")
@signed_in
def password() -> Response:
    """The form for a new password."""
    return hx.render("account/password.html", "account/password.html", form=ChangePasswordForm(), done=False)


@blueprint.post("/account/password")
@limits.codes
@signed_in
def change_password() -> AnyResponse:
    """Set a new password; all other browsers are signed out."""
    form, here = ChangePasswordForm(), visitor()
    if form.validate() and not passwords().fits(form.password.data, here.person.password_hash):
        form.put(WrongPassword(field="password"))
    try:
        if not form.has_errors:
            digest = passwords().hash(form.new_password.data, field="new_password")
            set_password(here.person, digest, at=now(), keep_sign_in=here.sign_in.id)
            audit.record("password_changed", by=actor(), at=now(), about=here.person)
            session.commit()
            return hx.go_to(url_for("account.sessions"), N_("Your password is changed."))
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
    return hx.render("account/password.html", "account/password.html", 422, form=form, done=False)


@blueprint.get("/account/sessions")
@signed_in
def sessions() -> Response:
    """Where one is signed in."""
    here = visitor()
    context: dict[str, Any] = {"sign_ins": open_sign_ins(here.person.id, at=now()), "here": here.sign_in.id}
    return hx.render("account/sessions.html", "account/sessions.html", **context)


@blueprint.post("/account/sessions/<sign_in_id>/revocation")
@signed_in
def revoke(sign_in_id: str) -> AnyResponse:
    """Sign one browser out."""
    close_sign_in(parse_id(sign_in_id) or 0, visitor().person.id, at=now())
    session.commit()
    return hx.go_to(url_for("account.sessions"), N_("That browser is signed out."))


@blueprint.get("/account/notifications")
@signed_in
def notifications() -> Response:
    """Which notifications one wants, and how."""
    choices = notification_choices(visitor().person.id)
    rows = [(kind, *choices.get(kind, (True, True))) for kind in KINDS]
    return hx.render("account/notifications.html", "account/notifications.html", rows=rows)


@blueprint.post("/account/notifications")
@signed_in
def save_notifications() -> AnyResponse:
    """Store the switches."""
    form = request.form
    choose_notifications(
        visitor().person.id,
        {kind: (form.get(f"{kind}_mail") == "y", form.get(f"{kind}_bell") == "y") for kind in KINDS},
    )
    session.commit()
    return hx.go_to(url_for("account.notifications"), N_("Saved."))


@blueprint.post("/language")
def choose_language() -> AnyResponse:
    """Read the pages in another language: kept in a cookie, and in the profile of whoever chose one there."""
    chosen = request.form.get("language", "")
    response = hx.go_to(came_from("/"))
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, chosen, max_age=YEAR, samesite="Lax", secure=config().secure, httponly=True)
        here = visitor_or_none()
        if here is not None:
            here.person.seen_language = chosen
            if here.person.language is not None:
                here.person.language = chosen
            session.commit()
    return response
