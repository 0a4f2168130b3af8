"""Tables of upgrade invitations, of the terms they are accepted under, and of activations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.invitations.lifecycle import INVITATION
from referrals.leads.models import Lead
from referrals.people.models import one_of
from referrals.stores.models import Store

OPEN = text("status = 'sent'")
TO_DO = text("done_at IS NULL")


class UpgradeTerms(Base):
    """A version of the terms of an upgrade; the highest number is in force. Versions are only ever added."""

    __tablename__ = "upgrade_terms"

    number: Mapped[int] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class UpgradeTermsText(Base):
    """What a version says in one language."""

    __tablename__ = "upgrade_terms_texts"

    number: Mapped[int] = mapped_column(ForeignKey("upgrade_terms.number"), primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]


class Invitation(Base):
    """An invitation of a store's owner to upgrade. Of one store one is open at a time.

    The token is in the mail alone; we keep its digest (P14). Sending again gives a new token and a new month.
    `accepted_*` is the evidence of acceptance, for staff.
    """

    __tablename__ = "upgrade_invitations"
    __table_args__ = (
        CheckConstraint(one_of("status", INVITATION.states), name="status"),
        Index("ix_upgrade_invitations_open", "store_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_upgrade_invitations_expiry", "expires_at", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_upgrade_invitations_lead_id", "lead_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id"))
    status: Mapped[str] = mapped_column(KeyText, default="sent")
    token_digest: Mapped[str | None] = mapped_column(KeyText, unique=True)
    language: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    to_email: Mapped[str]
    to_name: Mapped[str] = mapped_column(default="")
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    terms_number: Mapped[int | None] = mapped_column(ForeignKey("upgrade_terms.number"))
    accepted_language: Mapped[str] = mapped_column(default="")
    accepted_ip: Mapped[str] = mapped_column(default="")
    accepted_agent: Mapped[str] = mapped_column(default="")

    lead: Mapped[Lead] = relationship(lazy="joined")
    store: Mapped[Store] = relationship(lazy="joined")


class Activation(Base):
    """The change of a store's plan that an accepted invitation asks for; done at most 24 hours after acceptance."""

    __tablename__ = "activations"
    __table_args__ = (Index("ix_activations_due", "next_try_at", sqlite_where=TO_DO, postgresql_where=TO_DO),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    invitation_id: Mapped[int] = mapped_column(ForeignKey("upgrade_invitations.id"), unique=True)
    plan: Mapped[str] = mapped_column(KeyText)
    plan_before: Mapped[str] = mapped_column(KeyText)
    accepted_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    done_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]

    invitation: Mapped[Invitation] = relationship(lazy="joined")
