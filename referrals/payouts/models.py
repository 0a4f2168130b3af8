"""Tables of payouts. What is paid of a period stands in lines by category group; earnings point at their payout."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.partners.models import Partner
from referrals.payouts.lifecycle import PAYOUT
from referrals.people.models import one_of


class Payout(Base):
    """The statement of a partner for one period and currency, and the transfer that pays it.

    `period_until` is the last day of the period, `due_on` the fifth business day after it. `amount_minor` is what is
    transferred: the lines that reached their minimum. `recipient` is the locked pay-out address of the moment.
    `exported_at` is when a file for PayPal held it last.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        UniqueConstraint("partner_id", "currency", "period_from"),
        CheckConstraint(one_of("status", PAYOUT.states), name="status"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        Index("ix_payouts_due_on", "due_on", "id"),
        Index("ix_payouts_partner_id_due_on", "partner_id", "due_on", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    currency: Mapped[str]
    period_from: Mapped[date]
    period_until: Mapped[date]
    due_on: Mapped[date]
    amount_minor: Mapped[int]
    status: Mapped[str] = mapped_column(KeyText)
    created_at: Mapped[datetime]
    recipient: Mapped[str] = mapped_column(default="")
    paid_at: Mapped[datetime | None]
    reference: Mapped[str] = mapped_column(default="")
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
    exported_at: Mapped[datetime | None]
    exported_by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))

    partner: Mapped[Partner] = relationship(lazy="joined")


class PayoutLine(Base):
    """A category group of a statement: what had been carried over to it, what the period added, and what is paid."""

    __tablename__ = "payout_lines"

    payout_id: Mapped[int] = mapped_column(ForeignKey("payouts.id"), primary_key=True)
    group: Mapped[str] = mapped_column(KeyText, primary_key=True)
    carried_minor: Mapped[int]
    earned_minor: Mapped[int]
    paid_minor: Mapped[int]


class PayoutMethod(Base):
    """Where a partner is paid: the locked e-mail address of its PayPal account."""

    __tablename__ = "payout_methods"

    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    locked: Mapped[str]
    changed_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class PayoutPeriod(Base):
    """A period that was closed: its statements are made."""

    __tablename__ = "payout_periods"

    period_from: Mapped[date] = mapped_column(primary_key=True)
    closed_at: Mapped[datetime]
