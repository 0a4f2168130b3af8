"""What a person is told when something cannot be done. A stranger's thing and an unknown thing answer alike (P13)."""

from typing import Any

import structlog
from flask import Response, make_response, render_template, request
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from referrals.db import session
from referrals.errors import NotAllowed, NotFound, RuleBroken
from referrals.web import drafts, hx, security, words
from referrals.web.visitor import ask_to_sign_in, visitor_or_none
from referrals.wording import N_

log = structlog.get_logger()
# Whoever fills in these forms has no account: a login would lead them nowhere.
WITHOUT_ACCOUNT = ("invitations.",)

TOLD = {
    400: (N_("We could not read that"), N_("The request was not complete. Go back, reload the page and try again.")),
    403: (N_("That is not yours to do"), N_("Your role here does not include this. Ask whoever manages your team.")),
    404: (N_("There is nothing here"), N_("The address may be mistyped, or what was here is gone.")),
    405: (N_("That does not work this way"), N_("Go back and use the buttons of the page.")),
    410: (N_("This link has ended"), N_("It was used, has expired, or was withdrawn. Ask for a new one.")),
    413: (N_("That is too much at once"), N_("What you sent is larger than we take. Make it smaller and try again.")),
    422: (N_("That is not possible"), N_("Go back and try again.")),
    429: (N_("That was too often"), N_("Please wait a few minutes and try again.")),
    500: (N_("Something went wrong on our side"), N_("Nothing was changed. Please try again; we have noted it.")),
    503: (N_("We are busy for a moment"), N_("Nothing was changed. Please try again in a minute.")),
}
STALE = (N_("This page was open too long"), N_("Reload it and send the form again."))


def answer(error: Exception) -> Any:
    """The page that tells of an error."""
    match error:
        case NotFound():
            return page(404)
        case NotAllowed():
            return page(403)
        case RuleBroken():
            return broken_rule(error)
        case CSRFError():
            return stale_form()
        case RateLimitExceeded():
            return too_often()
        case HTTPException():
            return http_error(error)
        case OperationalError() | IntegrityError():
            return busy(error)
    log.exception("unforeseen_error", route=str(request.url_rule), error_type=type(error).__name__)
    return page(500)


def page(status: int, title: str = "", text: str = "", back: str = "") -> Response:
    """A page, or for a fragment a notice, that says what happened and what to do."""
    session.rollback()
    told = TOLD.get(status, TOLD[400])
    template = "errors/_notice.html" if hx.wants_fragment() else "errors/page.html"
    shown = render_template(
        template, title=title or gettext(told[0]), text=text or gettext(told[1]), status=status, back=back
    )
    return make_response(shown, status)


def broken_rule(broken: RuleBroken) -> Response:
    """A rule that a view did not put beside a field."""
    return page(422, text=words.say(broken))


def stale_form() -> Any:
    """A form without a good token: of a visit that ended it is kept for after the login, any other is refused."""
    token = request.form.get("csrf_token") or request.headers.get("X-CSRFToken") or ""
    for_strangers = (request.endpoint or "").startswith(WITHOUT_ACCOUNT)
    if visitor_or_none() is None and security.was_issued_here(token) and not for_strangers:
        try:
            return ask_to_sign_in()
        except RateLimitExceeded:
            return page(429)
    return page(403, gettext(STALE[0]), gettext(STALE[1]))


def too_often() -> Response:
    """Asked too often; what was typed waits in its form for a later try."""
    if request.method != "POST" or visitor_or_none() is None:
        return page(429)
    session.rollback()
    return page(429, back=drafts.keep())


def http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    return page(status if status in TOLD else 400 if status < 500 else 500)


def busy(error: OperationalError | IntegrityError) -> Response:
    """The database is locked or full, or somebody else was there first: nothing was changed, a second try may work."""
    log.error("database_unavailable", error=str(error.orig))
    return page(503)
