"""Importing orders: our own table, or Shopify's export; each order whole or not at all, safe to repeat."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.orders.incoming import Arrival
from referrals.orders.models import Order
from referrals.orders.operations import receive
from referrals.people.rules import Actor
from referrals.shops.models import Shop
from referrals.transfer import order_rows, shopify_export
from referrals.transfer.lead_columns import plain_header, rename
from referrals.transfer.order_rows import COLUMNS, BrokenRow, OrderGroup, OrderUnnamed, OtherRowBroken, cells_of
from referrals.transfer.report import Outcome, Remark
from referrals.transfer.tables import Line, Table, read_table
from referrals.wording import N_

PORTION = 100
MOST_MISSING = 1000
MISSING = N_("Order %(order)s of this time is known here and is not in the file.")


class NotOrders(RuleBroken):
    """The table has no column that names orders."""

    sentence = N_("This table has no column order_id. Name it with --map, or use Shopify's export of orders.")


@dataclass(frozen=True)
class OrderSource:
    """How a file is understood: its table, whose it is (`own`, `shopify`), which of its columns is which of ours."""

    table: Table
    dialect: str
    mapping: Mapping[str, str]


def understand_orders(content: bytes, file_name: str, pairs: Sequence[str] = ()) -> OrderSource:
    """Read a file and recognise its columns; `pairs` are `theirs=ours`. Raises NotOrders, and ValueError for a pair."""
    table = read_table(content, file_name)
    plain = {plain_header(name): name for name in COLUMNS}
    mapping: dict[str, str] = {}
    for header in table.header:
        ours = plain.get(plain_header(header))
        if ours is not None:
            mapping.setdefault(ours, header)
    mapping = rename(mapping, table.header, pairs)
    if "order_id" in mapping:
        return OrderSource(table, "own", mapping)
    if shopify_export.is_export(table.header):
        return OrderSource(table, "shopify", mapping)
    raise NotOrders(field="file")


class OrderImport:
    """Takes the rows of a table in as orders of one shop. Rows of one order may stand anywhere in the file."""

    def __init__(self, shop: Shop, source: OrderSource, *, at: datetime) -> None:
        self.shop, self.source, self.at = shop, source, at
        self.unnamed: list[Line] = []
        self.groups = list(self.group(source.table.lines).values())

    def group(self, lines: Sequence[Line]) -> dict[str, OrderGroup]:
        """The rows of each order, in the order in which the orders begin."""
        found: dict[str, OrderGroup] = {}
        for line in lines:
            name = self.name_of(line)
            if name:
                found.setdefault(name, OrderGroup(name)).rows.append(line)
            elif any(cell.strip() for cell in line.cells.values()):
                self.unnamed.append(line)
        return found

    def name_of(self, line: Line) -> str:
        if self.source.dialect == "shopify":
            return shopify_export.name_of(line)
        return cells_of(line, {"order_id": self.source.mapping["order_id"]})["order_id"]

    def portions(self) -> list[Sequence[OrderGroup]]:
        """The orders in portions, each of which is the caller's to commit or to give up."""
        return [self.groups[start : start + PORTION] for start in range(0, len(self.groups), PORTION)]

    def refuse_unnamed(self) -> Outcome:
        """What there is to say of rows that name no order."""
        outcome = Outcome()
        for line in self.unnamed:
            outcome.read += 1
            outcome.refused += 1
            outcome.remarks.append(self.refusal(line, "order_id", OrderUnnamed()))
        return outcome

    def take(self, groups: Sequence[OrderGroup], *, by: Actor) -> Outcome:
        """Take orders in; one that is refused leaves nothing of itself."""
        by.require("import")
        outcome = Outcome()
        for group in groups:
            outcome.read += len(group.rows)
            try:
                with session.begin_nested():
                    news = receive(self.shop, self.read(group), source="csv", by=by, at=self.at)
            except (BrokenRow, RuleBroken) as refused:
                broken = refused if isinstance(refused, BrokenRow) else in_first_row(group, refused)
                outcome.refused += len(group.rows)
                outcome.remarks.extend(self.refusals(group, broken))
                continue
            if news:
                outcome.created += len(group.rows)
            else:
                outcome.unchanged += len(group.rows)
        return outcome

    def read(self, group: OrderGroup) -> Arrival:
        if self.source.dialect == "shopify":
            return shopify_export.read_group(group, self.shop.currency, at=self.at)
        return order_rows.read_group(group, self.source.mapping, self.shop.currency)

    def refusals(self, group: OrderGroup, broken: BrokenRow) -> Iterator[Remark]:
        """One remark for each row of an order that cannot be taken: the broken one, and those that hang on it."""
        for line in group.rows:
            if line is broken.line:
                yield self.refusal(line, broken.column, broken.broken)
            else:
                yield self.refusal(line, "", OtherRowBroken(line=broken.line.number))

    def refusal(self, line: Line, column: str, broken: RuleBroken) -> Remark:
        name = self.source.mapping.get(column, column)
        return Remark(line.number, "refused", name, broken.sentence, broken.values)

    def missing(self) -> list[Remark]:
        """The orders of the file's time that are known here and not in the file, so that a dry run reconciles."""
        name = shopify_export.id_of if self.source.dialect == "shopify" else attrgetter("external_id")
        named = {name(group) for group in self.groups}
        moments = [moment for moment in map(self.placed_at, self.groups) if moment is not None]
        if not moments:
            return []
        known = session.scalars(
            select(Order.external_id)
            .where(Order.shop_id == self.shop.id)
            .where(Order.placed_at >= min(moments), Order.placed_at < max(moments) + timedelta(microseconds=1))
            .order_by(Order.placed_at, Order.id)
        )
        left_out = [external_id for external_id in known if external_id not in named]
        return [Remark(0, "missing", "", MISSING, {"order": external_id}) for external_id in left_out[:MOST_MISSING]]

    def placed_at(self, group: OrderGroup) -> datetime | None:
        try:
            told = self.read(group)
        except (BrokenRow, RuleBroken):
            return None
        return told.order.placed_at if told.order is not None else None


COLUMN_OF_FIELD = {"customer.email": "customer_email", "customer.phone": "customer_phone", "customer.id": "customer_id"}


def in_first_row(group: OrderGroup, broken: RuleBroken) -> BrokenRow:
    """What is wrong with an order as a whole is said of its first row."""
    return BrokenRow(group.rows[0], COLUMN_OF_FIELD.get(broken.field, broken.field), broken)
