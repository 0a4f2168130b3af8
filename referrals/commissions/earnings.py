"""What salespeople earned so far, in sums."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from referrals.commissions.models import Commission
from referrals.db import session


@dataclass(frozen=True)
class Earned:
    """In minor units: what is pending by today's facts, and what was settled, without what was clawed back."""

    pending: int = 0
    settled: int = 0


def earned_by(salesperson_ids: Sequence[int]) -> dict[int, Earned]:
    """What each of these salespeople earned; one query, whatever their number."""
    net = func.sum(Commission.amount_minor - Commission.clawed_back_minor)
    rows = session.execute(
        select(Commission.salesperson_id, Commission.status, net)
        .where(Commission.salesperson_id.in_(salesperson_ids), Commission.status.in_(("pending", "settled")))
        .group_by(Commission.salesperson_id, Commission.status)
    )
    sums = {(salesperson_id, status): int(amount) for salesperson_id, status, amount in rows}
    return {one: Earned(sums.get((one, "pending"), 0), sums.get((one, "settled"), 0)) for one in salesperson_ids}
