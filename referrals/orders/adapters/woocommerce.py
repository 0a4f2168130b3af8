"""WooCommerce's webhooks: orders of wc/v3 whole at each change, and refunds."""

import html
import re
from datetime import UTC, datetime
from typing import Any

from referrals.links.joins import readable_keys
from referrals.orders.adapters.reading import Ignored, Part, Unreadable, first_filled, ref_in_address, whole_of
from referrals.orders.incoming import (
    TOLD_BY_PLATFORMS,
    Arrival,
    IncomingCustomer,
    IncomingEvent,
    IncomingLine,
    IncomingOrder,
)

DRAFTS = {"auto-draft", "checkout-draft", "draft", "new"}
REF_KEYS = {"ref", "_ref", "referrals_ref", "_referrals_ref"}
LANDING_KEYS = {"_wc_order_attribution_session_entry", "_landing_site"}
OF_ORDER = re.compile(r"/orders/(\d{1,20})(?:/refunds/\d+)?/?$")


def read(topic: str, told: Any, currency: str) -> Arrival | Ignored:
    """What a delivery tells; `currency` is the shop's. Raises Unreadable."""
    body = whole_of(told)
    if is_refund(topic, body):
        return read_refund(body, currency)
    if topic not in {"order.created", "order.updated", "order.restored"}:
        return Ignored("other_topic")
    if body.text("status") in DRAFTS:
        return Ignored("draft")
    return read_order(body, currency)


def is_refund(topic: str, body: Part) -> bool:
    """Refunds come under topics that shops name themselves, and are known by their shape."""
    return "refund" in topic or ("refunded_by" in body.found and "amount" in body.found)


def read_order(body: Part, currency: str) -> Arrival:
    if body.found.get("line_items") is None:
        raise body.unreadable("line_items")
    written_in = body.id("currency")
    modified_at = moment_of(body, "date_modified") or must(moment_of(body, "date_created"), body, "date_created")
    order = IncomingOrder(
        external_id=body.id("id"),
        placed_at=must(moment_of(body, "date_created"), body, "date_created"),
        currency=written_in,
        payment_method=body.text("payment_method")[:255],
        customer=customer_of(body),
        ref=ref_of(body),
        visitor=meta_of(body, {"visitor", "_visitor"}),
        coupon_codes=tuple(one.text("code") for one in body.parts("coupon_lines") if one.text("code").strip()),
        requires_shipping=bool(body.parts("shipping_lines")),
        shipping_minor=body.amount_or_nothing("shipping_total", currency),
        tax_minor=body.amount_or_nothing("total_tax", currency),
        lines=tuple(read_line(line, currency) for line in body.parts("line_items")),
        tells=TOLD_BY_PLATFORMS,
        lines_as_of=modified_at,
    )
    return Arrival(order.external_id, order, tuple(events_of(body, modified_at, currency)))


def events_of(body: Part, modified_at: datetime, currency: str) -> list[IncomingEvent]:
    """What the state of the order tells of its past."""
    times = {
        "paid": moment_of(body, "date_paid"),
        "completed": moment_of(body, "date_completed") if body.text("status") == "completed" else None,
        "cancelled": modified_at if body.text("status") in {"cancelled", "trash"} else None,
    }
    found = [
        IncomingEvent(f"{type_}@{moment.isoformat()}", type_, moment, observed=True)
        for type_, moment in times.items()
        if moment is not None
    ]
    for refund in body.parts("refunds"):
        refund_id, amount = refund.id("id"), abs(refund.amount("total", currency))
        name = f"{refund_id}@{modified_at.isoformat()}"
        if amount:
            found.append(IncomingEvent(name, "refunded", modified_at, amount, observed=True, summary_of=refund_id))
    return found


def read_line(line: Part, currency: str) -> IncomingLine:
    title = html.unescape(line.text("name"))
    amount = max(0, line.amount("total", currency))
    return IncomingLine(line.id("id"), line.text("sku")[:255], title[:500], max(1, line.number("quantity")), amount)


def read_refund(body: Part, currency: str) -> Arrival | Ignored:
    """A refund with its lines; what it gave back beyond them, their tax and shipping names no line."""
    refund_id = body.id("id")
    occurred_at = must(moment_of(body, "date_created"), body, "date_created")
    parts, beside = [], 0
    for line in body.parts("line_items"):
        amount = abs(line.amount_or_nothing("total", currency))
        beside += amount + abs(line.amount_or_nothing("total_tax", currency))
        if amount:
            parts.append((refunded_line(line), amount))
    for name in ("shipping_lines", "fee_lines"):
        for line in body.parts(name):
            beside += abs(line.amount_or_nothing("total", currency)) + abs(
                line.amount_or_nothing("total_tax", currency)
            )
    rest = max(0, abs(body.amount("amount", currency)) - beside)
    found = []
    if parts:
        goods = sum(amount for _, amount in parts)
        found.append(IncomingEvent(refund_id, "refunded", occurred_at, goods, tuple(parts)))
    if rest:
        name = f"{refund_id}/rest" if parts else refund_id
        found.append(IncomingEvent(name, "refunded", occurred_at, rest))
    return Arrival(order_of(body), None, tuple(found)) if found else Ignored("nothing_refunded")


def refunded_line(line: Part) -> str:
    return meta_of(line, {"_refunded_item_id"}) or line.id("id")


def order_of(refund: Part) -> str:
    """To which order a refund belongs: named, or by its links."""
    named = first_filled(refund.text("order_id"), refund.text("parent_id"))
    if named and named != "0":
        return named
    links = refund.part("_links")
    for name in ("up", "self"):
        for link in links.parts(name):
            found = OF_ORDER.search(link.text("href"))
            if found:
                return found.group(1)
    raise Unreadable(place="parent_id")


def moment_of(body: Part, name: str) -> datetime | None:
    """A moment, in UTC where the platform tells it so."""
    in_utc = body.optional_moment(f"{name}_gmt", UTC)
    return in_utc if in_utc is not None else body.optional_moment(name, UTC)


def must(moment: datetime | None, body: Part, name: str) -> datetime:
    if moment is None:
        raise body.unreadable(name)
    return moment


def customer_of(body: Part) -> IncomingCustomer:
    billing = body.part("billing")
    customer_id = body.text("customer_id").strip()
    country = billing.text("country")[:2].upper()
    keys = readable_keys(
        customer_id if customer_id != "0" else "", billing.text("email"), billing.text("phone"), country
    )
    return IncomingCustomer(keys.id, keys.email, keys.phone)


def ref_of(body: Part) -> str | None:
    landing = meta_of(body, LANDING_KEYS)
    return first_filled(meta_of(body, REF_KEYS), ref_in_address(landing) if landing else None)


def meta_of(body: Part, names: set[str]) -> str | None:
    for one in body.parts("meta_data"):
        value = one.found.get("value")
        if one.text("key") in names and isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(value)[:2000]
    return None
