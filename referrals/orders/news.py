"""Which of the events that come in say something new, and which contradict what is recorded."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from sqlalchemy import select

from referrals.db import session
from referrals.orders.contradictions import bare_lines, contradiction, priced, refuse_other_event, stored_lines
from referrals.orders.incoming import IncomingEvent, IncomingOrder
from referrals.orders.models import Order, OrderEvent
from referrals.orders.standing import standing_of
from referrals.shops.models import Shop


def news(shop: Shop, external_id: str, events: Sequence[IncomingEvent]) -> list[IncomingEvent]:
    """Those of the events that say something new; raises Contradiction for one that is recorded otherwise."""
    if not events:
        return []
    known = known_events(shop.id, external_id)
    fresh: dict[str, IncomingEvent] = {}
    for event in events:
        recorded = known.get(event.id)
        if event.observed:
            if recorded is None and event.summary_of not in known and says_more(event, known.values(), fresh.values()):
                fresh[event.id] = event
        elif recorded is not None:
            refuse_other_event(recorded, event, shop.currency)
        elif event.id in fresh:
            refuse_twofold(fresh[event.id], event, shop.currency)
        else:
            fresh[event.id] = event
    return list(fresh.values())


def known_events(shop_id: int, external_id: str) -> dict[str, OrderEvent]:
    """What is recorded of an order, waiting events too, by the source's ids."""
    found = session.scalars(
        select(OrderEvent).where(OrderEvent.shop_id == shop_id, OrderEvent.order_external_id == external_id)
    )
    return {event.event_id: event for event in found}


def says_more(event: IncomingEvent, *known: Iterable[OrderEvent] | Iterable[IncomingEvent]) -> bool:
    """Whether what was seen of an order says an earlier moment, or a larger total, than everything known."""
    for others in known:
        for other in others:
            alike = other.type == event.type and other.summary_of == event.summary_of
            covers = event.summary_of != "" or (other.amount_minor or 0) >= (event.amount_minor or 0)
            if alike and covers and other.occurred_at <= event.occurred_at:
                return False
    return True


def refuse_twofold(one: IncomingEvent, other: IncomingEvent, currency: str) -> None:
    """Raises Contradiction where one delivery tells an event twice, in two ways."""
    if (one.type, one.occurred_at, one.amount_minor) != (other.type, other.occurred_at, other.amount_minor):
        raise contradiction("id", one.id, other.id)
    if stored_lines(one) != stored_lines(other):
        raise contradiction("lines", priced(stored_lines(one), currency), priced(stored_lines(other), currency))


def amendment(order: Order, incoming: IncomingOrder) -> list[IncomingEvent]:
    """The amendment that a platform tells by telling the order's lines otherwise, later than we know them."""
    as_of = incoming.lines_as_of
    if as_of is None or (order.lines_as_of is not None and as_of < order.lines_as_of):
        return []
    order.lines_as_of = as_of
    theirs = bare_lines(incoming.lines)
    if bare_lines(standing_of(order).lines) == theirs:
        return []
    digest = sha256(repr(theirs).encode()).hexdigest()[:12]
    return [IncomingEvent(f"amended@{as_of.isoformat()}/{digest}", "amended", as_of, new_lines=incoming.lines)]
