"""What the owner of a store sees of an upgrade invitation: the terms, accepting, declining (`SPEC §3`).

Looking changes nothing, since programs that check mails open links too (P14). Every link that is over, foreign or
made up gets one and the same answer.
"""

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.invitations.answers import NOT_NAMED, Evidence, accept, decline, open_invitation
from referrals.invitations.queries import get_good
from referrals.invitations.rules import NotAccepted, TermsChanged
from referrals.invitations.terms import number_in_force, text_in, texts_of
from referrals.leads.fields import TRUE_WORDS
from referrals.values import parse_id
from referrals.web import hx, limits
from referrals.web.errors import page
from referrals.web.language import language
from referrals.web.security import client_ip
from referrals.wording import N_

blueprint = Blueprint("invitations", __name__)
UNREADABLE = -1

OVER = (
    N_("This invitation is not good any more"),
    N_("It was answered, has expired, or was withdrawn. If you still want to upgrade, ask whoever recommended it."),
)


@blueprint.get("/invitations/<token>")
@limits.unknown_links
def show(token: str) -> AnyResponse:
    """The terms and conditions, to be accepted or declined."""
    try:
        return terms_page(token)
    except NotFound:
        return over()


@blueprint.post("/invitations/<token>/opening")
@limits.unknown_links
def opening(token: str) -> AnyResponse:
    """A browser with a person before it has opened the page."""
    try:
        open_invitation(token, at=now())
    except NotFound:
        return over()
    session.commit()
    return make_response("", 204)


@blueprint.post("/invitations/<token>/acceptance")
@limits.unknown_links
def acceptance(token: str) -> AnyResponse:
    """The owner accepts, by an explicit tick."""
    try:
        accept_typed(token)
    except NotFound:
        return over()
    except (NotAccepted, TermsChanged) as broken:
        session.rollback()
        return terms_page(token, 422, broken)
    session.commit()
    return hx.go_to(url_for("invitations.accepted"))


def accept_typed(token: str) -> None:
    """Accept as the form says. Raises NotFound, NotAccepted, TermsChanged."""
    if request.form.get("accept_terms", "").lower() not in TRUE_WORDS:
        get_good(token, at=now())
        raise NotAccepted(field="accept_terms")
    evidence = Evidence(
        terms_number=terms_named(request.form.get("terms", "").strip()),
        language=language(),
        ip=client_ip(),
        user_agent=request.headers.get("User-Agent", ""),
    )
    accept(token, evidence, at=now())


def terms_named(written: str) -> int:
    """The version that the form says was read; one that nobody can read is none in force."""
    return (parse_id(written) or UNREADABLE) if written else NOT_NAMED


@blueprint.post("/invitations/<token>/decline")
@limits.unknown_links
def declining(token: str) -> AnyResponse:
    """The owner does not want to upgrade."""
    try:
        decline(token, at=now())
    except NotFound:
        return over()
    session.commit()
    return hx.go_to(url_for("invitations.declined"))


@blueprint.get("/invitations/accepted")
def accepted() -> Response:
    """Thanks, and what comes next."""
    return hx.render("invitations/accepted.html", "invitations/accepted.html")


@blueprint.get("/invitations/declined")
def declined() -> Response:
    """Nothing changes."""
    return hx.render("invitations/declined.html", "invitations/declined.html")


def terms_page(token: str, status: int = 200, broken: RuleBroken | None = None) -> Response:
    """The terms in force, in the reader's language; raises NotFound."""
    invitation = get_good(token, at=now())
    number = number_in_force()
    body, body_language = text_in(texts_of(number), language())
    return hx.render(
        "invitations/show.html",
        "invitations/show.html",
        status,
        invitation=invitation,
        path=f"/invitations/{token}",
        number=number,
        body=body,
        body_language=body_language,
        broken=broken,
    )


def over() -> Response:
    """The one answer to every link that cannot be answered, whatever became of it."""
    return page(404, gettext(OVER[0]), gettext(OVER[1]))
