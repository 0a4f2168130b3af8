"""What other settings would have done to the orders of a time that is past (`SPEC §5`). Nothing is changed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import reading, session
from referrals.explanations.replaying import Outcome, Replay, known_of
from referrals.orders.models import Order
from referrals.orders.standing import PORTION
from referrals.shops.models import Shop
from referrals.shops.queries import rate_book
from referrals.shops.rules import Settings, SettingsHistory
from referrals.shops.settings import checked_changes

# Settings that say whose an order is; the others say only what it earns.
DECIDING = {"programme", "validity", "binding", "protect_days", "own_purchases_earn"}


@dataclass(frozen=True)
class Difference:
    """What would have been otherwise: how many orders of how many, and per salesperson in minor units.

    `orders_changed` counts orders that would be another salesperson's, or earn another amount.
    """

    orders: int
    orders_changed: int
    per_salesperson: Mapping[int, int]

    @property
    def total(self) -> int:
        """All salespeople together; positive where they would have earned more."""
        return sum(self.per_salesperson.values())


class TriedSettings(SettingsHistory):
    """The settings of a shop, as if some had been other ones since a moment."""

    def __init__(self, real: SettingsHistory, changes: Mapping[str, Any], since: datetime) -> None:
        self.real = real
        self.changes = changes
        self.since = since

    def at(self, t: datetime) -> Settings:
        """The settings in force at `t`, the tried ones from their moment on."""
        held = self.real.at(t)
        return replace(held, **self.changes) if t >= self.since else held


def dry_run(shop: Shop, changes: Mapping[str, Any], since: datetime, until: datetime) -> Difference:
    """Replay the orders placed in `[since, until)` as if these settings had held from `since` on.

    Each order is judged twice by what is known now, under the settings as they were and as they are tried, so that
    the difference is that of the settings alone. Reads in a transaction of its own that holds nobody up, so nothing
    unwritten may stand in the session. Raises what is wrong with a value.
    """
    values = {name: value for name, value in checked_changes(changes).items() if value is not None}
    with reading():
        return compared(shop, values, since, until)


def compared(shop: Shop, values: Mapping[str, Any], since: datetime, until: datetime) -> Difference:
    rates = rate_book(shop.id)
    tried = replace(rates, settings=TriedSettings(rates.settings, values, since))
    deciding = bool(DECIDING & values.keys())
    real, other = Replay(shop, rates, since=None), Replay(shop, tried, since=since)
    orders = changed = 0
    sums: dict[int, int] = defaultdict(int)
    for portion in portions(shop.id, since, until):
        known = known_of(shop.id, portion, with_clicks=deciding)
        for one in known:
            orders += 1
            before = real.booked(one)
            after = other.judged(one, before, real) if deciding else other.priced(one, before.salesperson_id)
            if before != after:
                changed += 1
                add(sums, before, -1)
                add(sums, after, +1)
    return Difference(orders, changed, {key: minor for key, minor in sums.items() if minor})


def add(sums: dict[int, int], outcome: Outcome, sign: int) -> None:
    if outcome.salesperson_id is not None:
        sums[outcome.salesperson_id] += sign * outcome.minor


def portions(shop_id: int, since: datetime, until: datetime) -> Iterator[Sequence[Order]]:
    """The orders of a time, some hundred at once, the earliest first."""
    query = select(Order).where(Order.shop_id == shop_id, Order.placed_at >= since, Order.placed_at < until)
    after: tuple[datetime, int] | None = None
    while True:
        behind = query
        if after is not None:
            placed_at, order_id = after
            behind = query.where(
                (Order.placed_at > placed_at) | ((Order.placed_at == placed_at) & (Order.id > order_id))
            )
        found = session.scalars(behind.order_by(Order.placed_at, Order.id).limit(PORTION)).all()
        if not found:
            return
        yield found
        after = (found[-1].placed_at, found[-1].id)
