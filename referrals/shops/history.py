"""Until when a shop has a history: nothing in the past moves when something changes (`SPEC §5`).

Links, clicks and orders are layers above; what is read of them here is when the latest one happened.
"""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, column, func, select, table

from referrals.db import UTCDateTime, session
from referrals.errors import Conflict, RuleBroken
from referrals.wording import N_

CLOCK_SKEW = timedelta(minutes=5)


LINKS, CLICKS, ORDERS = ("links", "shared_at"), ("clicks", "occurred_at"), ("orders", "placed_at")


class HistoryExists(Conflict):
    """Something happened after the moment from which a change is to count."""

    sentence = N_(
        "There are links, clicks or orders after that moment, and nothing in the past may change. "
        "Choose a later moment."
    )


class InTheFuture(RuleBroken):
    """A moment that has not come yet."""

    sentence = N_("This moment is in the future.")


def latest_trace(shop_id: int) -> datetime | None:
    """When the latest link was shared, click made or order placed in a shop; None when there is nothing yet."""
    return latest((LINKS, CLICKS, ORDERS), "shop_id", shop_id)


def latest_order(shop_id: int) -> datetime | None:
    """When the latest order of a shop was placed."""
    return latest((ORDERS,), "shop_id", shop_id)


def latest_trace_of(salesperson_id: int) -> datetime | None:
    """When the latest click on a salesperson's links or order of theirs happened."""
    return latest((CLICKS, ORDERS), "salesperson_id", salesperson_id)


def latest(kinds: tuple[tuple[str, str], ...], owner: str, owner_id: int) -> datetime | None:
    moments = []
    for name, moment in kinds:
        source = table(name, column(owner, BigInteger()), column(moment, UTCDateTime()))
        moments.append(session.scalar(select(func.max(source.c[moment])).where(source.c[owner] == owner_id)))
    return max((moment for moment in moments if moment is not None), default=None)


def refuse_to_change_history(latest: datetime | None, effective_at: datetime, *, at: datetime) -> None:
    """Raises HistoryExists when a change is to count from a past moment, after which something happened."""
    if effective_at < at and latest is not None and latest > effective_at:
        raise HistoryExists(field="effective_at")


def refuse_future(moment: datetime, *, at: datetime, field: str) -> None:
    """Raises InTheFuture; a clock that is five minutes fast is forgiven."""
    if moment > at + CLOCK_SKEW:
        raise InTheFuture(field=field)
