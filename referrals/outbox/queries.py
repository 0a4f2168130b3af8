"""What is read of the outbox and of the bell; always from what the reader may see."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, false, func, select, true

from referrals.db import KeyText, session
from referrals.errors import NotFound
from referrals.listing import Listing, Shape, Wish
from referrals.outbox.models import Notification, NotificationChoice, OutboxMessage
from referrals.people.rules import Actor

STATES = {
    "waiting": OutboxMessage.sent_at.is_(None) & OutboxMessage.parked_at.is_(None),
    "sent": OutboxMessage.sent_at.is_not(None),
    "parked": OutboxMessage.parked_at.is_not(None),
}


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Staff see the outbox; mails that act for their recipient (a new password) only administrators."""
    if viewer.may("configure"):
        return true()
    return OutboxMessage.secret.is_(False) if viewer.may("work_leads") else false()


def get_mail(viewer: Actor, message_id: int) -> OutboxMessage:
    """A mail the viewer may see; raises NotFound."""
    message = session.scalar(select(OutboxMessage).where(OutboxMessage.id == message_id, visible_to(viewer)))
    if message is None:
        raise NotFound
    return message


def due_mails(*, at: datetime, limit: int = 50) -> Sequence[OutboxMessage]:
    """Mails whose time to be sent, or tried again, has come; the oldest first."""
    return session.scalars(due(at).where(OutboxMessage.to_phone == "").limit(limit)).all()


def due_texts(*, at: datetime, limit: int = 50) -> Sequence[OutboxMessage]:
    """Short messages whose time to be sent, or tried again, has come; the oldest first."""
    return session.scalars(due(at).where(OutboxMessage.to_phone != "").limit(limit)).all()


def due(at: datetime) -> Select[OutboxMessage]:
    return (
        select(OutboxMessage)
        .where(STATES["waiting"], OutboxMessage.next_try_at <= at)
        .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
    )


def find_unsent(message_id: int) -> OutboxMessage | None:
    """The mail, unless it left meanwhile, was parked, or was erased."""
    return session.scalar(select(OutboxMessage).where(OutboxMessage.id == message_id, STATES["waiting"]))


# A message goes to one or the other.
RECIPIENT = func.lower(OutboxMessage.to_email + OutboxMessage.to_phone, type_=KeyText)


class MailList(Listing):
    """The outbox, newest first."""

    shape = Shape(
        keys={"created": OutboxMessage.created_at, "to": RECIPIENT},
        default="-created",
        ident=OutboxMessage.id,
        searched=RECIPIENT,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        statement = select(
            OutboxMessage.id,
            OutboxMessage.created_at,
            OutboxMessage.to_email,
            OutboxMessage.to_phone,
            OutboxMessage.template,
            OutboxMessage.params,
            OutboxMessage.language,
            OutboxMessage.sent_at,
            OutboxMessage.parked_at,
            OutboxMessage.attempts,
            OutboxMessage.error,
        ).where(visible_to(viewer))
        if wish.get("state") in STATES:
            statement = statement.where(STATES[wish.get("state")])
        super().__init__(wish, statement)


class NotificationList(Listing):
    """What is under a person's bell, newest first."""

    shape = Shape(
        keys={"created": Notification.created_at},
        default="-created",
        ident=Notification.id,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        statement = select(
            Notification.id,
            Notification.kind,
            Notification.template,
            Notification.params,
            Notification.subject,
            Notification.created_at,
            Notification.read_at,
        ).where(Notification.person_id == viewer.person_id)
        if wish.get("unread"):
            statement = statement.where(Notification.read_at.is_(None))
        super().__init__(wish, statement)


def was_told(subject: str) -> bool:
    """Whether anybody was notified of this."""
    return bool(session.scalar(select(exists().where(Notification.subject == subject))))


def unread_count(person_id: int) -> int:
    """How many notifications a person has not read."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Notification)
            .where(Notification.person_id == person_id, Notification.read_at.is_(None))
        )
        or 0
    )


def get_notification(viewer: Actor, notification_id: int) -> Notification:
    """One of the viewer's notifications; raises NotFound."""
    found = session.scalar(
        select(Notification).where(Notification.id == notification_id, Notification.person_id == viewer.person_id)
    )
    if found is None:
        raise NotFound
    return found


def notification_choices(person_id: int) -> Mapping[str, tuple[bool, bool]]:
    """Per kind that a person switched: by mail, by bell."""
    rows = session.scalars(select(NotificationChoice).where(NotificationChoice.person_id == person_id))
    return {row.kind: (row.by_mail, row.by_bell) for row in rows}


def mails_about(subject: str) -> Sequence[OutboxMessage]:
    """The mails that were written about one lead."""
    return session.scalars(
        select(OutboxMessage).where(OutboxMessage.subject == subject).order_by(OutboxMessage.id)
    ).all()
