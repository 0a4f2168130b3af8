"""The earnings that a viewer may see: sorted, filtered, summed (`SPEC §4`)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Date, column, func, select, table

from referrals.db import KeyText, session
from referrals.earnings.models import EARNING_KINDS, Earning
from referrals.earnings.queries import visible_to
from referrals.listing import Listing, Shape, Statement, Wish
from referrals.partners.lifecycle import CATEGORIES
from referrals.partners.models import Partner, Referral
from referrals.people.rules import Actor
from referrals.values import parse_id

# Payouts stand above earnings: what a row says of its payout is read by name.
PAYOUTS: Any = table("payouts", column("id"), column("status", KeyText), column("due_on", Date()))
STATE: Any = func.coalesce(PAYOUTS.c.status, "waiting", type_=KeyText)
STATES = ("waiting", "pending", "paid")
COLUMNS = (
    Earning.id,
    Earning.referral_id,
    Earning.category,
    Earning.kind,
    Earning.month,
    Earning.basis_minor,
    Earning.rate_bp,
    Earning.amount_minor,
    Earning.currency,
    Earning.earned_at,
    Earning.payout_id,
    STATE.label("state"),
    PAYOUTS.c.due_on,
    Referral.merchant,
    Partner.name.label("partner"),
)


@dataclass(frozen=True)
class Total:
    """What listed earnings sum to in one currency, in minor units: earned at all, and not in a payout yet."""

    currency: str
    earned_minor: int
    waiting_minor: int


class EarningList(Listing):
    """Earnings, the latest first. `since` and `until` bound when they were earned: `[since, until)`."""

    shape = Shape(
        keys={
            "earned_at": Earning.earned_at,
            "merchant": Referral.merchant_key,
            "category": Earning.category,
            "kind": Earning.kind,
            "amount": Earning.amount_minor,
            "state": STATE,
            "partner": Partner.name_key,
        },
        default="-earned_at",
        ident=Earning.id,
        searched=Referral.search_text,
    )

    def __init__(
        self, viewer: Actor, wish: Wish, *, since: datetime | None = None, until: datetime | None = None
    ) -> None:
        statement: Statement = (
            select(*COLUMNS)
            .join(Referral, Referral.id == Earning.referral_id)
            .join(Partner, Partner.id == Earning.partner_id)
            .outerjoin(PAYOUTS, PAYOUTS.c.id == Earning.payout_id)
            .where(visible_to(viewer))
        )
        if since is not None:
            statement = statement.where(Earning.earned_at >= since)
        if until is not None:
            statement = statement.where(Earning.earned_at < until)
        if wish.sort.removeprefix("-") == "partner" and not viewer.is_staff:
            wish = replace(wish, sort="", page="")
        super().__init__(wish, filtered(viewer, statement, wish))

    def totals(self) -> Sequence[Total]:
        """What all earnings of the list sum to, over all its pages, by currency."""
        earned = func.sum(Earning.amount_minor).filter(Earning.kind != "paid_outside")
        waiting = func.sum(Earning.amount_minor).filter(Earning.payout_id.is_(None))
        sums = (func.coalesce(earned, 0), func.coalesce(waiting, 0))
        statement = self.statement.with_only_columns(Earning.currency, *sums, maintain_column_froms=True)
        rows = session.execute(statement.group_by(Earning.currency).order_by(Earning.currency))
        return [Total(row[0], int(row[1]), int(row[2])) for row in rows]


def filtered(viewer: Actor, statement: Statement, wish: Wish) -> Statement:
    """The earnings that the filters leave; a value that a filter does not have is no filter."""
    if wish.get("category") in CATEGORIES:
        statement = statement.where(Earning.category == wish.get("category"))
    if wish.get("kind") in EARNING_KINDS:
        statement = statement.where(Earning.kind == wish.get("kind"))
    if wish.get("state") in STATES:
        statement = statement.where(wish.get("state") == STATE)
    if wish.get("referral"):
        statement = statement.where(Earning.referral_id == (parse_id(wish.get("referral")) or -1))
    if viewer.is_staff and wish.get("partner"):
        statement = statement.where(Earning.partner_id == (parse_id(wish.get("partner")) or -1))
    return statement
