"""Everything that is known of orders, read in few queries: events folded, lines by version."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from referrals.commissions.rules import Goods, Line, Refund, goods_of
from referrals.db import session
from referrals.orders.models import Order, OrderEvent, OrderLine
from referrals.orders.rules import Happened, State, state_of

PORTION = 500
Versions = Mapping[int | None, Sequence[OrderLine]]


@dataclass(frozen=True)
class Standing:
    """An order with everything known of it: events folded, lines by version."""

    order: Order
    state: State
    versions: Versions

    @property
    def lines(self) -> Sequence[OrderLine]:
        """The lines in force."""
        return self.versions.get(self.state.lines_event_id, ())

    @property
    def goods(self) -> Goods:
        """What refunds leave of them."""
        return goods_of(rated(self.lines, {}), [Refund(fact.amount, fact.lines) for fact in self.state.refunds])


def standing_of(order: Order, *, until: datetime | None = None) -> Standing:
    """Everything known of one order; with `until`, what had happened by then."""
    return standings([order], until=until)[0]


def standings(orders: Sequence[Order], *, until: datetime | None = None) -> list[Standing]:
    """Everything known of some hundred orders; two queries."""
    ids = [order.id for order in orders]
    events: dict[int, list[Happened]] = defaultdict(list)
    for event in session.scalars(select(OrderEvent).where(OrderEvent.order_id.in_(ids)).order_by(OrderEvent.id)):
        events[event.order_id or 0].append(happened(event))
    lines: dict[int, dict[int | None, list[OrderLine]]] = defaultdict(lambda: defaultdict(list))
    for line in session.scalars(select(OrderLine).where(OrderLine.order_id.in_(ids)).order_by(OrderLine.id)):
        lines[line.order_id][line.event_id].append(line)
    found = []
    for order in orders:
        state = state_of(events[order.id], until=until)
        versions: dict[int | None, Sequence[OrderLine]] = {None: (), **lines[order.id]}
        for one in events[order.id]:
            if one.type == "amended":
                versions.setdefault(one.id, ())
        found.append(Standing(order, state, versions))
    return found


def happened(event: OrderEvent) -> Happened:
    """An event as the rules see it."""
    parts = () if event.type == "amended" else tuple((str(name), int(amount)) for name, amount in event.lines)
    return Happened(
        event.id, event.event_id, event.type, event.occurred_at, event.amount_minor, parts, event.summary_of
    )


def rated(lines: Sequence[OrderLine], rates: Mapping[str, int]) -> tuple[Line, ...]:
    return tuple(Line(line.line_id, line.amount_minor, rates.get(line.sku, 0)) for line in lines)
