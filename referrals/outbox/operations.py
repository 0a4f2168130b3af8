"""Putting mails and notifications into the outbox, and noting what became of them."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from referrals.db import session
from referrals.outbox.models import Notification, NotificationChoice, OutboxMessage
from referrals.outbox.rules import wait_after
from referrals.people.models import Person
from referrals.people.rules import Actor


def post_mail(
    template: str,
    params: Mapping[str, Any],
    *,
    to: str,
    at: datetime,
    name: str = "",
    language: str = "en",
    person_id: int | None = None,
    subject: str = "",
    secret: bool = False,
) -> OutboxMessage:
    """Write a mail into the outbox; it leaves if, and only if, this transaction commits (P16)."""
    message = OutboxMessage(
        message_key=secrets.token_hex(16),
        person_id=person_id,
        to_email=to,
        to_name=name,
        language=language,
        template=template,
        params=dict(params),
        subject=subject,
        secret=secret,
        created_at=at,
        next_try_at=at,
    )
    session.add(message)
    return message


def notify(
    person: Person,
    kind: str,
    template: str,
    params: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    subject: str = "",
) -> None:
    """Tell a person by mail and bell, as far as they want it of this kind, of what somebody else did.

    Of what they did themselves they get the mail of their own submission alone.
    """
    if person.id == by.person_id and kind != "submitted":
        return
    choice = session.get(NotificationChoice, (person.id, kind))
    if choice is None or choice.by_bell:
        session.add(
            Notification(
                person_id=person.id, kind=kind, template=template, params=dict(params), subject=subject, created_at=at
            )
        )
    if person.email and (choice is None or choice.by_mail):
        post_mail(
            template,
            params,
            to=person.email,
            name=person.name,
            language=person.reads,
            person_id=person.id,
            subject=subject,
            at=at,
        )


def choose_notifications(person_id: int, choices: Mapping[str, tuple[bool, bool]]) -> None:
    """Store per kind whether a person wants it by mail and under the bell."""
    for kind, (by_mail, by_bell) in choices.items():
        session.merge(NotificationChoice(person_id=person_id, kind=kind, by_mail=by_mail, by_bell=by_bell))


def mark_read(person_id: int, *, at: datetime, notification_id: int | None = None, subject: str | None = None) -> None:
    """Mark a person's notifications as read: one, those about one lead, or all."""
    statement = update(Notification).where(Notification.person_id == person_id, Notification.read_at.is_(None))
    if notification_id is not None:
        statement = statement.where(Notification.id == notification_id)
    if subject is not None:
        statement = statement.where(Notification.subject == subject)
    session.execute(statement.values(read_at=at).execution_options(synchronize_session=False))


def note_sent(message_id: int, *, at: datetime) -> None:
    """The mail has left."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id)
        .values(sent_at=at, attempts=OutboxMessage.attempts + 1, error="")
    )


def note_failed(message_id: int, error: str, *, at: datetime, final: bool = False) -> None:
    """The mail did not leave: it is tried again after a growing while, and parked in the end."""
    message = session.get(OutboxMessage, message_id, populate_existing=True, with_for_update=True)
    if message is None:
        return
    message.attempts += 1
    message.error = error[:500]
    wait = None if final else wait_after(message.attempts)
    if wait is None:
        message.parked_at = at
    else:
        message.next_try_at = at + wait


def drop_unsent(template: str, subject: str) -> None:
    """Take back the mails of a kind about something that have not left; what is being sent just now may still leave."""
    session.execute(
        delete(OutboxMessage).where(
            OutboxMessage.subject == subject, OutboxMessage.template == template, OutboxMessage.sent_at.is_(None)
        )
    )


def retry_mail(message: OutboxMessage, *, at: datetime) -> None:
    """Try a parked or waiting mail again now."""
    message.parked_at, message.next_try_at, message.attempts = None, at, 0
