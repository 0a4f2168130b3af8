"""What the rows of our own orders table say: a row is a line of an order, a refund of one, or both (`API`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from referrals import money
from referrals.errors import RuleBroken
from referrals.orders.checking import checked_amount
from referrals.orders.incoming import (
    TIMES,
    Arrival,
    IncomingCustomer,
    IncomingEvent,
    IncomingLine,
    IncomingOrder,
)
from referrals.transfer.lead_rows import NotAMoment
from referrals.transfer.tables import Line, printable
from referrals.wording import N_

COLUMNS = (
    "order_id",
    "line_id",
    "placed_at",
    "currency",
    "collected_by",
    "customer_id",
    "sku",
    "title",
    "quantity",
    "amount",
    "paid_at",
    "shipped_at",
    "completed_at",
    "cancelled_at",
    "refund_id",
    "refunded_at",
    "refund_amount",
    "customer_email",
    "customer_phone",
    "payment_method",
    "group_buy",
    "test",
    "visitor",
    "ref",
    "coupon_code",
)
# Columns that say the same on every row of an order, or nothing.
OF_ORDER = frozenset(COLUMNS) - {
    "line_id",
    "sku",
    "title",
    "quantity",
    "amount",
    "refund_id",
    "refunded_at",
    "refund_amount",
}
YES = frozenset({"true", "1", "yes", "y"})
NO = frozenset({"false", "0", "no", "n", ""})
# By which columns a repeated order is compared; it tells neither shipping nor tax, nor whether goods are shipped.
TOLD_BY_COLUMN = {
    "placed_at": "placed_at",
    "currency": "currency",
    "collected_by": "collected_by",
    "payment_method": "payment_method",
    "group_buy": "group_buy",
    "test": "test",
    "visitor": "visitor",
    "ref": "ref",
    "coupon_code": "coupon_codes",
    "amount": "lines",
}


class OrderUnnamed(RuleBroken):
    """A row of no order."""

    sentence = N_("This row names no order.")


class SaidTwice(RuleBroken):
    """Two rows of one order say different things of it."""

    sentence = N_("Line %(line)s says something else of the same order.")


class OtherRowBroken(RuleBroken):
    """Another row of the same order cannot be read, and half an order is none."""

    sentence = N_("Line %(line)s of the same order cannot be taken.")


class NotAQuantityCell(RuleBroken):
    """No whole number of pieces."""

    sentence = N_("Write a whole number, like 2.")


class NotYesOrNo(RuleBroken):
    """Neither yes nor no."""

    sentence = N_("Write y or n.")


class CellMissing(RuleBroken):
    """A cell that cannot be empty here."""

    sentence = N_("This cell is empty.")


@dataclass
class OrderGroup:
    """The rows of one order, in the order of the file."""

    external_id: str
    rows: list[Line] = field(default_factory=list)


class BrokenRow(Exception):
    """A row that cannot be taken, and why; `column` is our name of it, or the file's."""

    def __init__(self, line: Line, column: str, broken: RuleBroken) -> None:
        self.line, self.column, self.broken = line, column, broken
        super().__init__(column)


def cells_of(line: Line, mapping: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row by our names, without space around them."""
    return {ours: printable(line.cells.get(theirs, "")) for ours, theirs in mapping.items()}


def read_group(group: OrderGroup, mapping: Mapping[str, str], currency: str) -> Arrival:
    """What the rows of one order say; raises BrokenRow for the first that cannot be taken."""
    rows = [(line, cells_of(line, mapping)) for line in group.rows]
    facts = facts_of_order(rows)
    lines = lines_of(rows, currency)
    events = [*refunds_of(rows, currency)]
    if not facts.get("placed_at", (None, ""))[1]:
        events += times_of(facts)
        return Arrival(group.external_id, None, tuple(events))
    return Arrival(group.external_id, order_of(group.external_id, facts, lines, mapping, currency), tuple(events))


Facts = Mapping[str, tuple[Line, str]]
Rows = Sequence[tuple[Line, dict[str, str]]]


def facts_of_order(rows: Rows) -> dict[str, tuple[Line, str]]:
    """What is said of the order as a whole, and on which row first."""
    facts: dict[str, tuple[Line, str]] = {}
    for line, cells in rows:
        for name in OF_ORDER & cells.keys():
            said = cells[name]
            if not said:
                facts.setdefault(name, (line, ""))
                continue
            first = facts.get(name, (line, ""))
            if first[1] and first[1] != said:
                raise BrokenRow(line, name, SaidTwice(line=first[0].number))
            facts[name] = first if first[1] else (line, said)
    return facts


def order_of(
    external_id: str, facts: Facts, lines: Sequence[IncomingLine], mapping: Mapping[str, str], currency: str
) -> IncomingOrder:
    told = {TOLD_BY_COLUMN[name] for name in mapping if name in TOLD_BY_COLUMN}
    told |= {"customer"} if {"customer_id", "customer_email", "customer_phone"} & mapping.keys() else set()
    codes = said(facts, "coupon_code").replace(",", ";").split(";")
    return IncomingOrder(
        external_id=external_id,
        placed_at=moment_in(facts, "placed_at"),
        currency=said(facts, "currency").upper() or currency,
        payment_method=said(facts, "payment_method"),
        collected_by=said(facts, "collected_by") or None,
        customer=IncomingCustomer(
            said(facts, "customer_id") or None,
            said(facts, "customer_email") or None,
            said(facts, "customer_phone") or None,
        ),
        ref=said(facts, "ref") or None,
        visitor=said(facts, "visitor") or None,
        coupon_codes=tuple(code.strip() for code in codes if code.strip()),
        test=yes_or_no(facts, "test"),
        group_buy=said(facts, "group_buy") or None,
        lines=tuple(lines),
        tells=frozenset(told),
        **{column: moment_in(facts, column) for column in TIMES.values() if said(facts, column)},  # type: ignore[arg-type]
    )


def times_of(facts: Facts) -> list[IncomingEvent]:
    """What rows that only tell news of a known order say happened to it."""
    return [
        IncomingEvent(f"{type_}@order", type_, moment_in(facts, column))
        for type_, column in TIMES.items()
        if said(facts, column)
    ]


def lines_of(rows: Rows, currency: str) -> list[IncomingLine]:
    """The lines of the order; a row that repeats one, to add a refund, says the same of it."""
    found: dict[str, tuple[Line, IncomingLine]] = {}
    for line, cells in rows:
        if not cells.get("amount"):
            continue
        made = IncomingLine(
            id=cells.get("line_id") or str(len(found) + 1),
            sku=cells.get("sku", ""),
            title=cells.get("title", ""),
            quantity=quantity_in(line, cells),
            amount_minor=amount_in(line, cells, "amount", currency),
        )
        first = found.setdefault(made.id, (line, made))
        if first[1] != made:
            raise BrokenRow(line, "line_id", SaidTwice(line=first[0].number))
    return [made for _, made in found.values()]


def refunds_of(rows: Rows, currency: str) -> list[IncomingEvent]:
    """The refunds; rows with the same refund id are parts of one."""
    parts: dict[str, dict[str, int]] = {}
    moments: dict[str, tuple[Line, datetime]] = {}
    for line, cells in rows:
        refund_id = cells.get("refund_id", "")
        if not refund_id and not cells.get("refund_amount"):
            continue
        if not refund_id:
            raise BrokenRow(line, "refund_id", CellMissing())
        moment = read_moment(line, "refunded_at", cells.get("refunded_at", ""))
        first = moments.setdefault(refund_id, (line, moment))
        if first[1] != moment:
            raise BrokenRow(line, "refunded_at", SaidTwice(line=first[0].number))
        amount = amount_in(line, cells, "refund_amount", currency)
        refunded, name = parts.setdefault(refund_id, {}), cells.get("line_id", "")
        if refunded.get(name, amount) != amount:
            raise BrokenRow(line, "refund_amount", SaidTwice(line=first[0].number))
        refunded[name] = amount
    return [
        refund
        for refund_id, refunded in parts.items()
        for refund in refund_of(refund_id, moments[refund_id][1], refunded)
    ]


def refund_of(refund_id: str, moment: datetime, refunded: Mapping[str, int]) -> list[IncomingEvent]:
    named = tuple(sorted((line_id, amount) for line_id, amount in refunded.items() if line_id))
    found = [IncomingEvent(refund_id, "refunded", moment, sum(part for _, part in named), named)] if named else []
    if "" in refunded:
        name = f"{refund_id}/rest" if named else refund_id
        found.append(IncomingEvent(name, "refunded", moment, refunded[""]))
    return found


def said(facts: Facts, name: str) -> str:
    return facts[name][1] if name in facts else ""


def moment_in(facts: Facts, name: str) -> datetime:
    line, text = facts[name]
    return read_moment(line, name, text)


def read_moment(line: Line, column: str, text: str) -> datetime:
    """A date or a time; one without an offset is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BrokenRow(line, column, NotAMoment() if text else CellMissing()) from None


def yes_or_no(facts: Facts, name: str) -> bool:
    text = said(facts, name).casefold()
    if text not in YES | NO:
        raise BrokenRow(facts[name][0], name, NotYesOrNo())
    return text in YES


def quantity_in(line: Line, cells: Mapping[str, str]) -> int:
    text = cells.get("quantity", "") or "1"
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or int(text) == 0:
        raise BrokenRow(line, "quantity", NotAQuantityCell())
    return int(text)


def amount_in(line: Line, cells: Mapping[str, str], column: str, currency: str) -> int:
    try:
        return checked_amount(money.parse(cells.get(column, ""), currency).minor, column)
    except RuleBroken as broken:
        raise BrokenRow(line, column, broken) from None
