"""Joining by invitation: a link by mail makes an account, or adds a membership to the one there is (`SPEC §1`)."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.outbox.operations import post_mail
from referrals.partners.queries import name_of_partner
from referrals.people.invitations import accept_invitation
from referrals.people.models import OneTimeLink, Person
from referrals.people.operations import LinkSpent, make_link, use_link
from referrals.people.queries import find_open_link, find_person_by_email
from referrals.people.rules import Actor, organisation_of
from referrals.people.sign_in import check_password
from referrals.shops.queries import name_of_shop
from referrals.web import hx, limits
from referrals.web.errors import page
from referrals.web.forms.people import ConfirmForm, JoinForm
from referrals.web.house import passwords
from referrals.web.language import language
from referrals.web.sign_in import admit
from referrals.web.tokens import params_of, read_token

blueprint = Blueprint("joining", __name__)


def invite(email: str, details: dict[str, Any], *, organisation: str, by: Actor) -> None:
    """Send somebody an invitation; earlier ones to the same address end."""
    email = email.casefold()
    known = find_person_by_email(email)
    link = make_link("join", email=email, details={**details, "by": by.person_id}, at=now())
    post_mail(
        "invitation",
        {**params_of(link), "organisation": organisation, "inviter": by.name},
        to=email,
        language=known.reads if known else language(),
        secret=True,
        at=now(),
    )


@blueprint.get("/join/<token>")
@limits.unknown_links
def show(token: str) -> Response:
    """The invitation; looking at it changes nothing."""
    link = find_open_link(read_token(token, "join"), "join", at=now())
    if link is None:
        return page(410)
    return join_page(link, form_for(link))


@blueprint.post("/join/<token>")
@limits.unknown_links
def accept(token: str) -> AnyResponse:
    """Accept: with name and password for a new account, with the password of the one there is."""
    link = find_open_link(read_token(token, "join"), "join", at=now())
    if link is None:
        return page(410)
    form = form_for(link)
    if not form.validate():
        return join_page(link, form, 422)
    try:
        person = join(link, form)
    except LinkSpent:
        return page(410)
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "password")
        return join_page(link, form, 422)
    return admit(person, "/")


def join(link: OneTimeLink, form: JoinForm | ConfirmForm) -> Person:
    """Spend the link and add the membership; the caller commits."""
    known = find_person_by_email(link.email)
    if known is not None:
        known = check_password(link.email, form.password.data, passwords())
    digest = None if known else passwords().hash(form.password.data)
    spent = use_link(link.id, "join", at=now())
    name = form.name.data if isinstance(form, JoinForm) else ""
    return accept_invitation(spent, known, name=name, password_hash=digest, language=None, at=now())


def form_for(link: OneTimeLink) -> JoinForm | ConfirmForm:
    return ConfirmForm() if find_person_by_email(link.email) else JoinForm()


def join_page(link: OneTimeLink, form: JoinForm | ConfirmForm, status: int = 200) -> Response:
    context = {"form": form, "email": link.email, "organisation": name_in(link), "path": request.path}
    return hx.render("sign_in/join.html", "sign_in/join.html", status, **context)


def name_in(link: OneTimeLink) -> str:
    """What the partner or shop is called into which an invitation leads; nothing for the staff."""
    partner_id, shop_id = organisation_of(link.details)
    if partner_id is not None:
        return name_of_partner(partner_id)
    return name_of_shop(shop_id) if shop_id is not None else ""
