"""The outbox: every mail, what became of it, and, while no mail server is set, how it reads (`SPEC §16`)."""

from email.message import EmailMessage
from typing import Any

from flask import Blueprint, Response, make_response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.listing import AnyRow
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import retry_mail
from referrals.outbox.queries import STATES, MailList, get_mail
from referrals.values import parse_id
from referrals.web import hx, lists
from referrals.web.emails import render_mail, style_digest, template_words
from referrals.web.house import config
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.short_texts import render_text
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("outbox", __name__)

STATE_WORDS = {"waiting": N_("Waiting"), "sent": N_("Sent"), "parked": N_("Given up")}
assert STATE_WORDS.keys() == STATES.keys()


def state_of(row: AnyRow) -> str:
    """Where a mail is: waiting, sent, or parked."""
    if row.sent_at:
        return "sent"
    return "parked" if row.parked_at else "waiting"


MAILS = ListPage(
    name="outbox",
    path="/outbox",
    title=N_("Outbox"),
    columns=(
        Column("to", N_("Recipient"), lambda row: row.to_email or row.to_phone),
        Column("template", N_("Mail"), lambda row: template_words(row.template), sortable=False),
        Column("state", N_("State"), lambda row: gettext(STATE_WORDS[state_of(row)]), sortable=False),
        Column("created", N_("Written"), lambda row: row.created_at, style="num"),
    ),
    rows="outbox/_rows.html",
    page="outbox/list.html",
    filters=(
        Filter(
            "state",
            N_("State"),
            N_("Any state"),
            lambda: [(state, gettext(label)) for state, label in STATE_WORDS.items()],
        ),
    ),
    searched=N_("Recipient"),
)


@blueprint.get("/outbox")
@blueprint.get("/outbox.<any(csv, xlsx):kind>")
@may("work_leads")
def index(kind: str | None = None) -> Response:
    """All mails, newest first."""
    more: dict[str, Any] = {"state_of": state_of, "state_words": STATE_WORDS, "to_files": config().mails_to_files}
    return lists.answer(MAILS, MailList(actor(), MAILS.wish()), kind, **more)


@blueprint.get("/outbox/<message_id>")
@may("work_leads")
def show(message_id: str) -> Response:
    """One mail as its recipient reads it. With a mail server set, what it says stays between it and the recipient."""
    message = get_mail(actor(), parse_id(message_id) or 0)
    mail: EmailMessage | None = render_mail(message) if config().mails_to_files and not message.to_phone else None
    context: dict[str, Any] = {
        "message": message,
        "state": state_of(message),  # type: ignore[arg-type]
        "state_words": STATE_WORDS,
        "mail": mail,
        "text": text_of(message, mail),
    }
    return hx.render("outbox/show.html", "outbox/show.html", **context)


def text_of(message: OutboxMessage, mail: EmailMessage | None) -> str:
    """What a message says as plain text, where it may be shown."""
    if message.to_phone:
        return render_text(message).text if config().texts_to_files else ""
    body = mail.get_body(("plain",)) if mail else None
    return str(body.get_content()) if body else ""


@blueprint.get("/outbox/<message_id>/html")
@may("work_leads")
def show_html(message_id: str) -> Response:
    """The mail's own page, for a frame: no script runs in it and nothing is loaded."""
    message = get_mail(actor(), parse_id(message_id) or 0)
    shown = config().mails_to_files and not message.to_phone
    body = render_mail(message).get_body(("html",)) if shown else None
    if body is None:
        raise NotFound
    response = make_response(body.get_content())
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src {style_digest()}; frame-ancestors 'self'; sandbox allow-popups"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.post("/outbox/<message_id>/retry")
@may("work_leads")
def retry(message_id: str) -> AnyResponse:
    """Try a mail again now."""
    message = get_mail(actor(), parse_id(message_id) or 0)
    if message.sent_at is None:
        retry_mail(message, at=now())
    session.commit()
    return hx.go_to(url_for("outbox.show", message_id=message_id))
