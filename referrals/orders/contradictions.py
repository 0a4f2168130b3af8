"""Where what comes in contradicts what is recorded: nothing changes, and the difference is named (P7)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from referrals.db import session
from referrals.errors import Conflict
from referrals.money import Money, plain
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import Order, OrderEvent, OrderLine
from referrals.orders.queries import contact_of, lines_of
from referrals.orders.standing import standing_of
from referrals.shops.models import GroupBuy
from referrals.wording import N_

LONGEST_SHOWN = 500
Difference = tuple[str, Any, Any]


class Contradiction(Conflict):
    """The same id with other content. `ours` is what is recorded, `theirs` what came now, both as texts."""

    sentence = N_("%(what)s is recorded as “%(ours)s” and cannot become “%(theirs)s”.")


def refuse_other_order(order: Order, incoming: IncomingOrder) -> None:
    """Raises Contradiction where a repeated order says something else than the one that is recorded."""
    for what, ours, theirs in order_differences(order, incoming):
        if ours != theirs and what in incoming.tells:
            raise contradiction(what, ours, theirs)


def refuse_other_event(event: OrderEvent, incoming: IncomingEvent, currency: str) -> None:
    """Raises Contradiction where a repeated event says something else than the one that is recorded."""
    for what, ours, theirs in event_differences(event, incoming, currency):
        if ours != theirs:
            raise contradiction(what, ours, theirs)


def contradiction(what: str, ours: Any, theirs: Any) -> Contradiction:
    return Contradiction(field=what, what=what, ours=shown(ours), theirs=shown(theirs))


def order_differences(order: Order, incoming: IncomingOrder) -> Iterator[Difference]:
    """The facts of an order as we have them and as they come; only those that are told are looked up."""
    yield "placed_at", order.placed_at, incoming.placed_at
    yield "currency", order.currency, incoming.currency
    yield "payment_method", order.payment_method, incoming.payment_method
    yield "collected_by", order.collected_by, incoming.collected_by or order.collected_by
    yield "ref", order.ref, incoming.ref
    yield "visitor", order.visitor, incoming.visitor
    yield "coupon_codes", list(order.coupon_codes), list(incoming.coupon_codes)
    yield "test", order.test, incoming.test
    yield "requires_shipping", order.requires_shipping, incoming.requires_shipping
    yield "shipping", Money(order.shipping_minor, order.currency), Money(incoming.shipping_minor, order.currency)
    yield "tax", Money(order.tax_minor, order.currency), Money(incoming.tax_minor, order.currency)
    if "group_buy" in incoming.tells:
        campaign = session.get(GroupBuy, order.group_buy_id) if order.group_buy_id is not None else None
        yield "group_buy", campaign.external_id if campaign else None, incoming.group_buy
    if "customer" in incoming.tells:
        yield from customer_differences(order, incoming.customer)
    if "lines" in incoming.tells:
        yield (
            "lines",
            priced(told_lines(lines_of(order, None)), order.currency),
            priced(asked_lines(incoming.lines), order.currency),
        )
    if "goods" in incoming.tells:
        goods = sum(line.amount_minor for line in standing_of(order).lines)
        theirs = sum(line.amount_minor for line in incoming.lines)
        yield "goods", Money(goods, order.currency), Money(theirs, order.currency)


def customer_differences(order: Order, customer: IncomingCustomer) -> Iterator[Difference]:
    contact = contact_of(order)
    ours = (contact.customer_ref, contact.email, contact.phone) if contact else (None, None, None)
    # Who bought may have been erased since: then nobody can say any more.
    if order.customer_id is not None and contact is not None and not any(ours):
        return
    yield "customer", ours, (customer.id, customer.email, customer.phone)


def event_differences(event: OrderEvent, incoming: IncomingEvent, currency: str) -> Iterator[Difference]:
    yield "type", event.type, incoming.type
    yield "occurred_at", event.occurred_at, incoming.occurred_at
    yield "amount", amount(event.amount_minor, currency), amount(incoming.amount_minor, currency)
    yield "lines", priced(event.lines, currency), priced(stored_lines(incoming), currency)


def amount(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def priced(lines: Sequence[Sequence[Any]], currency: str) -> list[tuple[Any, ...]]:
    """Stored lines, which end in a minor amount, with money instead."""
    return [(*rest, Money(minor, currency)) for *rest, minor in lines]


def stored_lines(event: IncomingEvent) -> list[list[Any]]:
    """What the column `lines` of an event holds."""
    if event.type == "amended":
        return [[line.id, line.sku, line.title, line.quantity, line.amount_minor] for line in event.new_lines]
    return [[line_id, amount] for line_id, amount in event.lines]


def told_lines(lines: Sequence[OrderLine]) -> list[tuple[Any, ...]]:
    return sorted((line.line_id, line.sku, line.title, line.quantity, line.amount_minor) for line in lines)


def asked_lines(lines: Sequence[IncomingLine]) -> list[tuple[Any, ...]]:
    return sorted((line.id, line.sku, line.title, line.quantity, line.amount_minor) for line in lines)


def bare_lines(lines: Sequence[OrderLine] | Sequence[IncomingLine]) -> list[tuple[Any, ...]]:
    """Lines as far as money depends on them; titles may be spelt anew."""
    return sorted(
        (line.line_id if isinstance(line, OrderLine) else line.id, line.sku, line.quantity, line.amount_minor)
        for line in lines
    )


def shown(value: Any) -> str:
    """A fact as the refusal shows it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Money):
        return plain(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(part) for part in value)[:LONGEST_SHOWN]
    return "" if value is None else str(value)[:LONGEST_SHOWN]
