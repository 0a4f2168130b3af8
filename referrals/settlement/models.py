"""Tables of settlement: runs, what was settled by hand, top-ups, withdrawals."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of
from referrals.settlement.lifecycle import RUN, WITHDRAWAL

STARTED_BY = ("schedule", "top_up", "hand", "api", "command")


class SettlementRun(Base):
    """One pass over what is due in a shop as of a moment, in portions.

    `campaigns`: by group-buy id the number of orders that the run counted, and the cashback of the tier reached.
    """

    __tablename__ = "settlement_runs"
    __table_args__ = (
        CheckConstraint(one_of("status", RUN.states), name="status"),
        CheckConstraint(one_of("started_by", STARTED_BY), name="started_by"),
        Index("ix_settlement_runs_shop_id", "shop_id", "started_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    as_of: Mapped[datetime]
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    status: Mapped[str] = mapped_column(default="running")
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime]
    expected: Mapped[int] = mapped_column(default=0)
    settled: Mapped[int] = mapped_column(default=0)
    settled_minor: Mapped[int] = mapped_column(default=0)
    left: Mapped[int] = mapped_column(default=0)
    void: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    campaigns: Mapped[dict[str, Any]] = mapped_column(default=dict)

    @property
    def facts_until(self) -> datetime | None:
        """Up to when facts count, in a run as of a past moment; a run of the present takes all that is known."""
        return self.as_of if self.as_of < self.started_at else None


class TopUp(Base):
    """Money that the merchant put into the store balance (`pay_back`: took out of it)."""

    __tablename__ = "top_ups"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        CheckConstraint(one_of("kind", ("top_up", "pay_back")), name="kind"),
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_top_ups_shop_id", "shop_id", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    kind: Mapped[str] = mapped_column(default="top_up")
    external_id: Mapped[str] = mapped_column(KeyText)
    amount_minor: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class ByHandSettlement(Base):
    """What merchant and salesperson agreed on for a commission that does not settle by itself, in whole or in part.

    `amount_minor` is negative where the salesperson gave something back.
    """

    __tablename__ = "by_hand_settlements"
    __table_args__ = (
        CheckConstraint(one_of("paid_from", ("balance", "outside")), name="paid_from"),
        Index("ix_by_hand_settlements_commission_id", "commission_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    commission_id: Mapped[int] = mapped_column(ForeignKey("commissions.id"))
    at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    suggested_minor: Mapped[int]
    amount_minor: Mapped[int]
    paid_from: Mapped[str]
    note: Mapped[str] = mapped_column(default="")


class Withdrawal(Base):
    """A salesperson wants their balance paid out; the amount is reserved until it is paid or refused."""

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint(one_of("status", WITHDRAWAL.states), name="status"),
        CheckConstraint("amount_minor > 0", name="amount"),
        Index("ix_withdrawals_shop_id", "shop_id", "status", "requested_at", "id"),
        Index("ix_withdrawals_salesperson_id", "salesperson_id", "requested_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str] = mapped_column(default="requested")
    method: Mapped[str] = mapped_column(default="")
    details_locked: Mapped[str] = mapped_column(default="")
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    fee_minor: Mapped[int] = mapped_column(default=0)
    payment_reference: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
