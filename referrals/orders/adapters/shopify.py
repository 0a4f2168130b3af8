"""Shopify's webhooks: orders whole at each change, and refunds (REST Admin API resources without the outer key)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from referrals.links.joins import readable_keys
from referrals.money import tax_is_within
from referrals.orders.adapters.reading import Ignored, Part, first_filled, ref_in_address, whole_of
from referrals.orders.incoming import (
    TOLD_BY_PLATFORMS,
    Arrival,
    IncomingCustomer,
    IncomingEvent,
    IncomingLine,
    IncomingOrder,
)

ORDER_TOPICS = {
    "orders/create",
    "orders/updated",
    "orders/edited",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/cancelled",
}
PAID = {"paid", "partially_refunded", "refunded"}


def read(topic: str, told: Any, currency: str) -> Arrival | Ignored:
    """What a delivery tells; `currency` is the shop's. Raises Unreadable."""
    body = whole_of(told)
    if topic == "refunds/create":
        events = refund_events(body, currency)
        return Arrival(body.id("order_id"), None, tuple(events)) if events else Ignored("nothing_refunded")
    if topic not in ORDER_TOPICS:
        return Ignored("other_topic")
    if "order_edit" in body.found:
        return Ignored("order_follows")
    return read_order(topic, body, currency)


def read_order(topic: str, body: Part, currency: str) -> Arrival:
    updated_at = body.optional_moment("updated_at") or body.moment("created_at")
    lines = body.parts("line_items")
    if body.found.get("line_items") is None:
        raise body.unreadable("line_items")
    written_in = body.id("currency")
    order = IncomingOrder(
        external_id=body.id("id"),
        placed_at=body.moment("created_at"),
        currency=written_in,
        payment_method=payment_method(body),
        customer=customer_of(body),
        ref=ref_of(body),
        visitor=attribute_of(body, "visitor"),
        coupon_codes=tuple(code.text("code") for code in body.parts("discount_codes") if code.text("code").strip()),
        test=body.flag("test"),
        requires_shipping=any(line.flag("requires_shipping") for line in lines),
        shipping_minor=sum(line.amount_or_nothing("price", currency) for line in body.parts("shipping_lines")),
        tax_minor=body.amount_or_nothing("total_tax", currency),
        lines=tuple(read_line(line, body.flag("taxes_included"), currency) for line in lines),
        tells=TOLD_BY_PLATFORMS,
        lines_as_of=updated_at,
    )
    return Arrival(order.external_id, order, tuple(events_of(topic, body, updated_at, currency)))


def events_of(topic: str, body: Part, updated_at: datetime, currency: str) -> list[IncomingEvent]:
    """What the state of the order tells of its past; of payment only that it was made by now."""
    created = topic == "orders/create"
    found = []
    if body.text("financial_status") in PAID:
        paid_at = body.optional_moment("processed_at") if created else None
        found.append(seen("paid", paid_at or (body.moment("created_at") if created else updated_at)))
    if body.text("fulfillment_status") == "fulfilled":
        found.append(seen("shipped", shipped_at(body) or updated_at))
    cancelled_at = body.optional_moment("cancelled_at")
    if cancelled_at is not None:
        found.append(seen("cancelled", cancelled_at))
    for refund in body.parts("refunds"):
        found.extend(refund_events(refund, currency))
    return found


def seen(type_: str, moment: datetime) -> IncomingEvent:
    """An event known from the order's state; each moment has an id of its own, and the earliest counts."""
    return IncomingEvent(f"{type_}@{moment.isoformat()}", type_, moment, observed=True)


def shipped_at(body: Part) -> datetime | None:
    """When the last parcel left."""
    moments = [one.optional_moment("created_at") for one in body.parts("fulfillments") if is_sent(one)]
    return max((moment for moment in moments if moment is not None), default=None)


def is_sent(fulfillment: Part) -> bool:
    return fulfillment.text("status") not in {"cancelled", "error", "failure"}


def read_line(line: Part, taxes_included: bool, currency: str) -> IncomingLine:
    """A line with what was paid for it: price by quantity, less discounts, less tax where prices hold it."""
    quantity = line.number("quantity")
    amount = line.amount("price", currency) * quantity - discounts_of(line, currency)
    if taxes_included:
        amount -= taxes_of(line, currency)
    title = first_filled(line.text("title"), line.text("name")) or ""
    return IncomingLine(line.id("id"), line.text("sku")[:255], title[:500], max(1, quantity), max(0, amount))


def discounts_of(line: Part, currency: str) -> int:
    if "discount_allocations" in line.found:
        return sum(one.amount("amount", currency) for one in line.parts("discount_allocations"))
    return line.amount_or_nothing("total_discount", currency)


def taxes_of(line: Part, currency: str) -> int:
    return sum(one.amount_or_nothing("price", currency) for one in line.parts("tax_lines"))


def refund_events(refund: Part, currency: str) -> list[IncomingEvent]:
    """The goods of a refund by line, and beside them what names none; shipping is no goods."""
    refund_id, occurred_at = refund.id("id"), refund.moment("created_at")
    parts = [(line.id("line_item_id"), refunded_amount(line, currency)) for line in refund.parts("refund_line_items")]
    parts = [part for part in parts if part[1]]
    rest = discrepancy_of(refund, currency)
    if not parts and not refund.parts("refund_line_items") and not refund.parts("order_adjustments"):
        rest = paid_back(refund, currency)
    if rest < 0:
        parts, rest = less(parts, -rest), 0
    found = []
    if parts:
        goods = sum(amount for _, amount in parts)
        found.append(IncomingEvent(refund_id, "refunded", occurred_at, goods, tuple(parts)))
    if rest:
        name = f"{refund_id}/rest" if parts else refund_id
        found.append(IncomingEvent(name, "refunded", occurred_at, rest))
    return found


def refunded_amount(refunded: Part, currency: str) -> int:
    """What of a line was given back: its part of what was paid for it, without tax."""
    line, quantity = refunded.part("line_item"), refunded.number("quantity")
    if refunded.text("subtotal").strip():
        amount = refunded.amount("subtotal", currency)
        tax = refunded.amount_or_nothing("total_tax", currency)
        return max(0, amount - tax) if line.found and holds_tax(line, currency) else amount
    ordered = max(1, line.number("quantity"))
    whole = line.amount("price", currency) * ordered - discounts_of(line, currency)
    if holds_tax(line, currency):
        whole -= taxes_of(line, currency)
    return max(0, whole * quantity // ordered)


def holds_tax(line: Part, currency: str) -> bool:
    """Whether the line's price holds its tax already: a refund does not say so, but rate and tax of the line do."""
    tax = taxes_of(line, currency)
    if not tax or not all(one.text("rate") for one in line.parts("tax_lines")):
        return False
    gross = line.amount("price", currency) * line.number("quantity") - discounts_of(line, currency)
    rate = sum((Decimal(one.text("rate")) for one in line.parts("tax_lines")), Decimal())
    return tax_is_within(gross, tax, rate, slack=len(line.parts("tax_lines")))


def discrepancy_of(refund: Part, currency: str) -> int:
    """What was given back beyond the lines; negative where less was."""
    kinds = [one for one in refund.parts("order_adjustments") if one.text("kind") != "shipping_refund"]
    return -sum(one.amount_or_nothing("amount", currency) for one in kinds)


def paid_back(refund: Part, currency: str) -> int:
    """Of a refund that names no goods, what was paid back."""
    return sum(
        one.amount_or_nothing("amount", currency)
        for one in refund.parts("transactions")
        if one.text("kind") == "refund" and one.text("status") in {"success", ""}
    )


def less(parts: list[tuple[str, int]], amount: int) -> list[tuple[str, int]]:
    """The parts, less an amount that was held back; taken from the last ones first."""
    kept = []
    for line_id, part in reversed(parts):
        taken = min(part, amount)
        amount -= taken
        if part > taken:
            kept.append((line_id, part - taken))
    return kept[::-1]


def payment_method(body: Part) -> str:
    names = body.found.get("payment_gateway_names")
    if isinstance(names, list) and names:
        return str(names[-1])[:255]
    return body.text("gateway")[:255]


def customer_of(body: Part) -> IncomingCustomer:
    customer, billing = body.part("customer"), body.part("billing_address")
    email = first_filled(body.text("email"), body.text("contact_email"), customer.text("email"))
    phone = first_filled(body.text("phone"), customer.text("phone"), billing.text("phone"))
    keys = readable_keys(customer.text("id"), email, phone, billing.text("country_code")[:2].upper())
    return IncomingCustomer(keys.id, keys.email, keys.phone)


def ref_of(body: Part) -> str | None:
    return first_filled(attribute_of(body, "ref"), ref_in_address(body.text("landing_site")))


def attribute_of(body: Part, name: str) -> str | None:
    """A cart attribute, which the badge script sets."""
    for attribute in body.parts("note_attributes"):
        if attribute.text("name").strip().casefold() == name:
            value = attribute.found.get("value")
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                return str(value)[:255]
    return None
