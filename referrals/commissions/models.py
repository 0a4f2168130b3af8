"""The table of commissions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from referrals.commissions.lifecycle import COMMISSION, PENDING_REASONS, VOID_REASONS
from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of
from referrals.shops.models import COLLECTORS, REFUND_RULES, or_null

KINDS = ("sale",)
UNSETTLED = text("status = 'pending'")
SET_ASIDE = text("status IN ('void', 'by_hand')")
CAMPAIGN = text("group_buy_id IS NOT NULL")
BY_HAND = text("by_hand_due_minor <> 0 OR status = 'by_hand'")


class Commission(Base):
    """What one salesperson earns by one order.

    `amount_minor` is the formula on today's facts while pending, and what was settled afterwards; `base_minor` is B of
    `SPEC §8` behind it, `rate_bp` the rate where all lines have one and the same. `due_at` is when
    the order counts as completed. `suggested_minor` is what the formula says of the facts known now,
    `by_hand_due_minor` the difference to `by_hand_base_minor` (what was dealt with already) that merchant and
    salesperson still have to settle by hand; negative: the salesperson owes. `order_key` is the order's external id.
    `cashback_minor` is the cashback that settlement used, `lines_event_id` the amendment whose lines it used.
    Settlement counted the refunds whose event has an id below `facts_before_id` and, where the run was one as of a
    past moment, that had occurred at `facts_until`.
    """

    __tablename__ = "commissions"
    __table_args__ = (
        UniqueConstraint("order_id", "salesperson_id", "kind"),
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint(one_of("status", COMMISSION.states), name="status"),
        CheckConstraint(or_null("reason", PENDING_REASONS + VOID_REASONS), name="reason"),
        CheckConstraint(one_of("collected_by", COLLECTORS), name="collected_by"),
        CheckConstraint(one_of("refund_rule", REFUND_RULES), name="refund_rule"),
        CheckConstraint("clawed_back_minor BETWEEN 0 AND amount_minor OR status <> 'settled'", name="clawed_back"),
        Index(
            "ix_commissions_due",
            "shop_id",
            "due_at",
            "order_key",
            "id",
            sqlite_where=UNSETTLED,
            postgresql_where=UNSETTLED,
        ),
        Index(
            "ix_commissions_reconsidered",
            "shop_id",
            "due_at",
            "order_key",
            "id",
            sqlite_where=SET_ASIDE,
            postgresql_where=SET_ASIDE,
        ),
        Index("ix_commissions_by_hand", "shop_id", "id", sqlite_where=BY_HAND, postgresql_where=BY_HAND),
        Index("ix_commissions_status", "shop_id", "status", "created_at", "id"),
        Index("ix_commissions_settled_at", "shop_id", "status", "settled_at", "id"),
        Index("ix_commissions_salesperson_id", "salesperson_id", "status", "created_at", "id"),
        Index("ix_commissions_run_id", "run_id"),
        Index(
            "ix_commissions_group_buy_id",
            "group_buy_id",
            "status",
            sqlite_where=CAMPAIGN,
            postgresql_where=CAMPAIGN,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order_key: Mapped[str] = mapped_column(KeyText)
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    kind: Mapped[str] = mapped_column(default="sale")
    status: Mapped[str] = mapped_column(default="pending")
    reason: Mapped[str | None]
    currency: Mapped[str]
    amount_minor: Mapped[int]
    clawed_back_minor: Mapped[int] = mapped_column(default=0)
    base_minor: Mapped[int]
    rate_bp: Mapped[int | None]
    suggested_minor: Mapped[int]
    by_hand_due_minor: Mapped[int] = mapped_column(default=0)
    by_hand_base_minor: Mapped[int] = mapped_column(default=0)
    collected_by: Mapped[str]
    refund_rule: Mapped[str]
    group_buy_id: Mapped[int | None] = mapped_column(ForeignKey("group_buys.id"))
    cashback_minor: Mapped[int | None]
    counted_orders: Mapped[int | None]
    lines_event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    facts_before_id: Mapped[int | None]
    facts_until: Mapped[datetime | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("settlement_runs.id"))
    held_at: Mapped[datetime | None]
    held_reason: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
