"""Errors as RFC 9457 problem documents. A stranger's thing and an unknown thing answer alike (P13)."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, current_app, make_response, request
from flask_babel import gettext
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from referrals.db import session
from referrals.errors import Conflict, NotAllowed, NotFound, RuleBroken

log = structlog.get_logger()


class Unauthorized(Exception):
    """No bearer key, or none that is good."""


class Invalid(Exception):
    """The body cannot be read; `errors` holds a sentence for each field."""

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__()


def problem(status: int, detail: str = "", **more: Any) -> Response:
    """A problem document."""
    session.rollback()
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    response = make_response(current_app.json.response({**body, **more}))
    response.status_code = status
    response.mimetype = "application/problem+json"
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def sentence_of(broken: RuleBroken) -> str:
    text = gettext(broken.sentence)
    return text % broken.values if broken.values else text


def answer(error: Exception) -> Any:
    """The problem document that tells of an error."""
    match error:
        case Unauthorized():
            return problem(401, "Send a good key as Authorization: Bearer KEY.")
        case NotFound():
            return problem(404)
        case NotAllowed():
            return problem(403, "This key does not include that.")
        case Invalid():
            return problem(422, "The fields named in errors could not be read.", errors=error.errors)
        case Conflict():
            return problem(409, sentence_of(error), **beside(error))
        case RuleBroken():
            return problem(422, sentence_of(error), **beside(error))
        case HTTPException():
            return http_problem(error)
        case OperationalError() | IntegrityError():
            log.error("database_unavailable", error=str(error.orig))
            return problem(503, "The database is busy. Nothing was changed; try again.")
    log.exception("unforeseen_error", route=str(request.url_rule), error_type=type(error).__name__)
    return problem(500, "Nothing was changed.")


def beside(broken: RuleBroken) -> dict[str, Any]:
    values = {name: value for name, value in broken.values.items() if isinstance(value, (str, int))}
    return {"errors": {broken.field: sentence_of(broken)}, **values} if broken.field else values


def http_problem(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    messages = getattr(error, "data", {}).get("messages")
    if not messages:
        return problem(status, error.description or "")
    location = next(iter(messages.values()))
    told = location if isinstance(location, dict) else {"body": location}
    errors = {name: " ".join(below) if isinstance(below, list) else below for name, below in told.items()}
    return problem(status, "The fields named in errors could not be read.", errors=errors)
