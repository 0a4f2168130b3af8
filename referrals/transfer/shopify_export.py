"""Shopify's orders export: several rows per order, totals on the first (`SPEC §15`)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from referrals import money
from referrals.errors import RuleBroken
from referrals.links.joins import readable_keys
from referrals.money import split
from referrals.orders.adapters.reading import first_filled
from referrals.orders.incoming import Arrival, IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.transfer.lead_rows import NotAMoment
from referrals.transfer.order_rows import BrokenRow, CellMissing, NotAQuantityCell, OrderGroup
from referrals.transfer.tables import Line, printable

SIGNS = {"Name", "Financial Status", "Lineitem name", "Lineitem price", "Lineitem quantity"}
PAID = {"paid", "partially_refunded", "refunded"}
NOTE_REF = re.compile(r"^\s*ref\s*:\s*(\S{1,255})\s*$", re.IGNORECASE | re.MULTILINE)
# The export has no ids of lines: those are compared by what they sum to.
TELLS = frozenset({"placed_at", "currency", "goods"})


def is_export(header: Sequence[str]) -> bool:
    """Whether a table has the columns of Shopify's export."""
    return set(header) >= SIGNS


def name_of(line: Line) -> str:
    """By what rows of one order belong together."""
    return printable(line.cells.get("Name", ""))


def id_of(group: OrderGroup) -> str:
    """Shopify's id of the order, as webhooks tell it; the order's name where the export has none."""
    cells = (printable(line.cells.get("Id", "")).lstrip("'") for line in group.rows)
    return first_filled(*cells) or group.external_id


def read_group(group: OrderGroup, currency: str, *, at: datetime) -> Arrival:
    """What the rows of one order say; raises BrokenRow for the first that cannot be taken."""
    first = Cells(group.rows[0], currency)
    placed_at = first.moment("Created at")
    if placed_at is None:
        raise BrokenRow(first.line, "Created at", CellMissing())
    external_id = id_of(group)
    order = IncomingOrder(
        external_id=external_id,
        placed_at=placed_at,
        currency=first.text("Currency").upper() or currency,
        payment_method=first.text("Payment Method")[:255],
        customer=customer_of(first),
        ref=ref_of(first),
        coupon_codes=tuple(code.strip() for code in first.text("Discount Code").split(",") if code.strip()),
        requires_shipping=any(Cells(line, currency).flag("Lineitem requires shipping") for line in group.rows),
        shipping_minor=first.amount("Shipping"),
        tax_minor=first.amount("Taxes"),
        lines=tuple(lines_of(group, first, currency)),
        tells=TELLS,
    )
    return Arrival(external_id, order, tuple(events_of(first, placed_at, at)))


class Cells:
    """The cells of a row, read."""

    def __init__(self, line: Line, currency: str) -> None:
        self.line, self.currency = line, currency

    def text(self, column: str) -> str:
        return printable(self.line.cells.get(column, ""))

    def flag(self, column: str) -> bool:
        return self.text(column).casefold() in {"true", "yes", "1"}

    def amount(self, column: str) -> int:
        """In minor units; 0 for an empty cell."""
        whole, _, decimals = self.text(column).partition(".")
        places = money.decimals(self.currency)
        kept = decimals[:places] + decimals[places:].rstrip("0")
        try:
            return money.parse(f"{whole}.{kept}" if kept else whole or "0", self.currency).minor
        except RuleBroken as broken:
            raise BrokenRow(self.line, column, broken) from None

    def moment(self, column: str) -> datetime | None:
        """As `2026-10-01 10:00:00 +0200`; None for an empty cell."""
        text = self.text(column)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(re.sub(r"\s+([+-]\d\d):?(\d\d)$", r"\1:\2", text))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise BrokenRow(self.line, column, NotAMoment()) from None

    def quantity(self) -> int:
        text = self.text("Lineitem quantity")
        if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) == 0:
            raise BrokenRow(self.line, "Lineitem quantity", NotAQuantityCell())
        return int(text)


def lines_of(group: OrderGroup, first: Cells, currency: str) -> list[IncomingLine]:
    """The lines; a discount of the whole order weighs on each in proportion, so that they sum to the subtotal."""
    rows = [cells for cells in (Cells(line, currency) for line in group.rows) if cells.text("Lineitem name")]
    amounts = [
        max(0, cells.amount("Lineitem price") * cells.quantity() - cells.amount("Lineitem discount")) for cells in rows
    ]
    goods = first.amount("Subtotal") if first.text("Subtotal") else sum(amounts)
    if holds_tax(first):
        goods = max(0, goods - first.amount("Taxes"))
    if sum(amounts) and goods != sum(amounts):
        amounts = split(goods, amounts)
    return [
        IncomingLine(
            str(number), cells.text("Lineitem sku")[:255], cells.text("Lineitem name")[:500], cells.quantity(), amount
        )
        for number, (cells, amount) in enumerate(zip(rows, amounts, strict=True), 1)
    ]


def holds_tax(first: Cells) -> bool:
    """Whether prices hold the tax: then subtotal and shipping alone make the total."""
    total = first.amount("Total")
    return first.amount("Taxes") > 0 and first.amount("Subtotal") + first.amount("Shipping") == total


def events_of(first: Cells, placed_at: datetime, at: datetime) -> list[IncomingEvent]:
    """What the totals of the order tell of its past; of refunds only how much they are together."""
    times = {
        "paid": first.moment("Paid at") if first.text("Financial Status").casefold() in PAID else None,
        "shipped": first.moment("Fulfilled at") if first.text("Fulfillment Status").casefold() == "fulfilled" else None,
        "cancelled": first.moment("Cancelled at"),
    }
    found = [
        IncomingEvent(f"{type_}@{moment.isoformat()}", type_, moment, observed=True)
        for type_, moment in times.items()
        if moment is not None
    ]
    refunded = first.amount("Refunded Amount")
    if refunded:
        moment = max(at, placed_at)
        name = f"refunded@{moment.isoformat()}/{refunded}"
        found.append(IncomingEvent(name, "refunded", moment, refunded, observed=True, summary_of=""))
    return found


def customer_of(first: Cells) -> IncomingCustomer:
    phone = first_filled(first.text("Phone"), first.text("Billing Phone").lstrip("'"))
    keys = readable_keys(None, first.text("Email"), phone, first.text("Billing Country")[:2].upper())
    return IncomingCustomer(None, keys.email, keys.phone)


def ref_of(first: Cells) -> str | None:
    found = NOTE_REF.search(first.line.cells.get("Note Attributes", ""))
    return found.group(1) if found else None
