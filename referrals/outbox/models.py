"""Tables of what leaves by mail, by phone and by webhook, and of what the bell shows."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of

UNSENT = text("sent_at IS NULL AND parked_at IS NULL")
UNDELIVERED = text("delivered_at IS NULL AND parked_at IS NULL")
HOOK_OWNERS = ("operator", "partner", "shop")


class OutboxMessage(Base):
    """A mail to send, or with `to_phone` a short message. It is worded when it is sent, from `template` and `params`.

    `message_key` is its stable id, the same at every try. `secret` ones carry a link that acts for the recipient.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        Index("ix_outbox_messages_due", "next_try_at", sqlite_where=UNSENT, postgresql_where=UNSENT),
        Index("ix_outbox_messages_subject", "subject"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    message_key: Mapped[str] = mapped_column(KeyText, unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    to_email: Mapped[str] = mapped_column(default="")
    to_phone: Mapped[str] = mapped_column(default="")
    to_name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    template: Mapped[str]
    params: Mapped[dict[str, Any]]
    subject: Mapped[str] = mapped_column(KeyText, default="")
    secret: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(index=True)
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


class Notification(Base):
    """One line under a person's bell. `subject` is the reference of the lead it tells of."""

    __tablename__ = "notifications"
    __table_args__ = (Index("ix_notifications_person_id_id", "person_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str]
    template: Mapped[str]
    params: Mapped[dict[str, Any]]
    subject: Mapped[str] = mapped_column(KeyText, default="")
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NotificationChoice(Base):
    """What a person switched: kinds without a row are on, by mail and under the bell."""

    __tablename__ = "notification_choices"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    by_mail: Mapped[bool]
    by_bell: Mapped[bool]


class HookEndpoint(Base):
    """An address that programs of an operator, partner or shop listen at, and what they want to hear of.

    `owner_id` is 0 for the operator. The secret signs what is sent (Standard Webhooks); it is kept locked, and the one
    before it signs too until `old_secret_until`. Nothing is sent to one that cannot be reached before `rests_until`.
    """

    __tablename__ = "hook_endpoints"
    __table_args__ = (
        CheckConstraint(one_of("owner_kind", HOOK_OWNERS), name="owner_kind"),
        Index("ix_hook_endpoints_owner", "owner_kind", "owner_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    owner_kind: Mapped[str]
    owner_id: Mapped[int] = mapped_column(default=0)
    url: Mapped[str]
    secret_locked: Mapped[str]
    old_secret_locked: Mapped[str | None]
    old_secret_until: Mapped[datetime | None]
    events: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)
    rests_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class HookDelivery(Base):
    """One event on its way to one endpoint: `body` is sent byte for byte at every try, under the same `message_key`.

    `answer` is how the answer to the last try began.
    """

    __tablename__ = "hook_deliveries"
    __table_args__ = (
        Index(
            "ix_hook_deliveries_due",
            "endpoint_id",
            "next_try_at",
            "id",
            sqlite_where=UNDELIVERED,
            postgresql_where=UNDELIVERED,
        ),
        Index("ix_hook_deliveries_endpoint_id", "endpoint_id", "created_at", "id"),
        Index("ix_hook_deliveries_delivered_at", "delivered_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    message_key: Mapped[str] = mapped_column(KeyText, unique=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("hook_endpoints.id"))
    event: Mapped[str] = mapped_column(KeyText)
    body: Mapped[str]
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None]
    answer_status: Mapped[int | None]
    answer: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    delivered_at: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]

    endpoint: Mapped[HookEndpoint] = relationship()
