"""Tables of terms and earnings. Terms and earnings are only ever added."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.partners.lifecycle import CATEGORIES
from referrals.people.models import one_of

TERMS_KINDS = ("recurring", "bounty", "nothing")
EARNING_KINDS = ("recurring", "bounty", "reversal", "restored", "paid_outside")
A_BOUNTY = text("kind = 'bounty'")


class EarningTerms(Base):
    """What a category earns from a moment on; the row in force is the last one that has started.

    Recurring: `rate_bp` of the monthly platform fee, for `months` months where set. Bounty: `amount_minor` once.
    `plans` (only these) and `excluded_plans` are lists of plan codes, `min_locations` a number of locations; `texts`
    is what the operator adds in words, by language.
    """

    __tablename__ = "earning_terms"
    __table_args__ = (
        CheckConstraint(one_of("category", CATEGORIES), name="category"),
        CheckConstraint(one_of("kind", TERMS_KINDS), name="kind"),
        CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 10000", name="rate_bp"),
        CheckConstraint("amount_minor IS NULL OR amount_minor >= 0", name="amount"),
        Index("ix_earning_terms_category", "category", "starts_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    category: Mapped[str] = mapped_column(KeyText)
    kind: Mapped[str]
    starts_at: Mapped[datetime]
    rate_bp: Mapped[int | None]
    months: Mapped[int | None]
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    plans: Mapped[list[Any]]
    excluded_plans: Mapped[list[Any]]
    min_locations: Mapped[int | None]
    texts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Earning(Base):
    """One amount that a partner earned, or that was taken back. The ledger entry's reference is `earning:<id>`.

    Recurring: of one revenue row; `basis_minor` is what its month had brought with it, `before_minor` what the month
    had earned before. `payout_id`: the payout that holds it; a payout that fails lets it go again. Reversal: of a
    bounty, which it names, or of all that was unpaid; the latter is given again by a restored one. Paid outside: what
    staff paid by hand, taken off what the next statement holds.
    """

    __tablename__ = "earnings"
    __table_args__ = (
        CheckConstraint(one_of("kind", EARNING_KINDS), name="kind"),
        CheckConstraint(one_of("category", CATEGORIES), name="category"),
        Index("ix_earnings_partner_id", "partner_id", "earned_at", "id"),
        Index("ix_earnings_referral_id", "referral_id", "id"),
        Index("ix_earnings_payout_id", "payout_id", "id"),
        Index(
            "ix_earnings_unpaid",
            "partner_id",
            "id",
            sqlite_where=text("payout_id IS NULL"),
            postgresql_where=text("payout_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    referral_id: Mapped[int | None] = mapped_column(ForeignKey("referrals.id"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id"), index=True)
    revenue_row_id: Mapped[int | None] = mapped_column(ForeignKey("revenue_rows.id"), unique=True)
    terms_id: Mapped[int] = mapped_column(ForeignKey("earning_terms.id"))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("earnings.id"), unique=True)
    category: Mapped[str] = mapped_column(KeyText)
    kind: Mapped[str]
    month: Mapped[date | None]
    basis_minor: Mapped[int | None]
    before_minor: Mapped[int | None]
    rate_bp: Mapped[int | None]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    earned_at: Mapped[datetime]
    payout_id: Mapped[int | None] = mapped_column(ForeignKey("payouts.id"))

    terms: Mapped[EarningTerms] = relationship(lazy="joined")
