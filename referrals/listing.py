"""Lists: what a person asks of one, and keyset paging that costs the same on the last page as on the first."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Row, Select, desc, func, literal, select, tuple_

from referrals.db import session, text_position
from referrals.normal_form import normal_form

SIZE = 25
LARGEST_NUMBERED_PAGE = 400
Statement = Select[*tuple[Any, ...]]
AnyRow = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Wish:
    """What a list is asked for: search text, filters, sort (`-` in front for descending), page."""

    q: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: str = ""

    def get(self, name: str) -> str:
        """The value of a filter, or nothing."""
        return self.filters.get(name, "")


@dataclass(frozen=True)
class Order:
    """By which column and in which direction; `name` is the column's key in URLs."""

    name: str
    key: ColumnElement[Any]
    descending: bool

    @property
    def spelled(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def chosen_order(wished: str, keys: Mapping[str, Any], default: str) -> Order:
    """The wished order where the list offers it, else the default one."""
    name = wished.removeprefix("-")
    if name not in keys:
        wished, name = default, default.removeprefix("-")
    return Order(name, keys[name], wished.startswith("-"))


@dataclass(frozen=True)
class Slice:
    """One page of a list. `first` is the position of its first row, counted from 1; 0 when there is none."""

    rows: Sequence[AnyRow]
    total: int
    first: int
    previous: str | None
    next: str | None

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0

    @property
    def number(self) -> int:
        """The number of this page, counted from 1."""
        return max(0, self.first - 1) // SIZE + 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // SIZE))


@dataclass(frozen=True)
class Cursor:
    """A place in a list: after or before the row with this key and id, whose page begins at `first`."""

    before: bool
    key: Any
    ident: int
    first: int

    def __str__(self) -> str:
        key = self.key.isoformat() if isinstance(self.key, date) else self.key
        body = json.dumps([int(self.before), key, self.ident, self.first], ensure_ascii=False)
        return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def read_cursor(written: str, key: ColumnElement[Any]) -> Cursor | None:
    """The cursor in a URL, or None where it is none or belongs to another column."""
    try:
        body = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
        before, value, ident, first = json.loads(body)
    except (ValueError, binascii.Error, TypeError, RecursionError):
        return None
    wanted = key.type.python_type
    if wanted is datetime and isinstance(value, str):
        value = read_moment(value)
    elif wanted is date and isinstance(value, str):
        value = read_day(value)
    fits = isinstance(value, wanted) and isinstance(ident, int) and isinstance(first, int)
    if not fits or not all(abs(number) < 2**62 for number in (ident, first)):
        return None
    if (isinstance(value, str) and re.search("[\0\ud800-\udfff]", value)) or (
        isinstance(value, int) and abs(value) >= 2**62
    ):
        return None
    return Cursor(bool(before), value, ident, first)


def read_moment(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def read_day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


class Pager:
    """Cuts pages out of a statement that is sorted by `order` and, where equal, by `ident`."""

    def __init__(self, statement: Statement, order: Order, ident: Any) -> None:
        self.order = order
        self.ident = ident
        self.statement = statement.add_columns(order.key.label("_key"), ident.label("_id"))

    def slice(self, page: str, count: Callable[[], int]) -> Slice:
        """The page that the URL names: nothing, a number, `last`, or a cursor; anything else is the first."""
        total = count()
        if page == "last":
            return self.last(total)
        if page.isascii() and page.isdecimal():
            return self.numbered(int(page[:6]), total)
        cursor = read_cursor(page, self.order.key) if page else None
        if cursor is None:
            return self.numbered(1, total)
        return self.before(cursor, total) if cursor.before else self.after(cursor, total)

    def numbered(self, number: int, total: int) -> Slice:
        pages = max(1, -(-total // SIZE))
        number = min(max(1, number), pages, LARGEST_NUMBERED_PAGE)
        skipped = (number - 1) * SIZE
        rows = self.fetch(SIZE + 1, skip=skipped)
        return self.cut(rows[:SIZE], skipped + 1, len(rows) > SIZE, total)

    def last(self, total: int) -> Slice:
        rows = self.fetch(total % SIZE or SIZE, backwards=True)
        return self.cut(rows, max(1, total - len(rows) + 1), False, total)

    def after(self, cursor: Cursor, total: int) -> Slice:
        rows = self.fetch(SIZE + 1, beyond=self.beyond(cursor))
        if not rows:
            return self.last(total)
        return self.cut(rows[:SIZE], max(2, cursor.first), len(rows) > SIZE, total)

    def before(self, cursor: Cursor, total: int) -> Slice:
        rows = self.fetch(SIZE + 1, beyond=self.beyond(cursor), backwards=True)
        if len(rows) <= SIZE:
            return self.numbered(1, total)
        return self.cut(rows[1:], max(2, cursor.first - SIZE), True, total)

    def beyond(self, cursor: Cursor) -> ColumnElement[bool]:
        here = tuple_(self.order.key, self.ident)
        there = tuple_(literal(cursor.key, self.order.key.type), literal(cursor.ident, self.ident.type))
        return here > there if cursor.before == self.order.descending else here < there

    def fetch(
        self, size: int, *, beyond: ColumnElement[bool] | None = None, skip: int = 0, backwards: bool = False
    ) -> list[AnyRow]:
        """The first `size` rows beyond a place, in order; `backwards` those that end the list, or end before it."""
        statement = self.cut_down(self.statement, size, beyond, skip, backwards)
        rows = list(session.execute(statement))
        return rows[::-1] if backwards else rows

    def cut_down(
        self, statement: Statement, size: int, beyond: ColumnElement[bool] | None, skip: int, backwards: bool
    ) -> Statement:
        down = self.order.descending != backwards
        columns = (self.order.key, self.ident)
        ordered = statement.order_by(*(column.desc() if down else column.asc() for column in columns)).limit(size)
        if beyond is not None:
            ordered = ordered.where(beyond)
        return ordered.offset(skip) if skip else ordered

    def cut(self, rows: list[AnyRow], first: int, more: bool, total: int) -> Slice:
        if not rows:
            return Slice([], total, 0, None, None)
        previous = str(Cursor(True, rows[0]._key, rows[0]._id, first)) if first > 1 else None
        following = str(Cursor(False, rows[-1]._key, rows[-1]._id, first + len(rows))) if more else None
        return Slice(rows, total, first, previous, following)


@dataclass(frozen=True)
class Shape:
    """By what a list sorts (`keys`, columns by name), what tells its rows apart, what it searches (a normal form)."""

    keys: Mapping[str, Any]
    default: str
    ident: Any
    searched: Any = None


class Listing:
    """A list of modest size: it sorts, searches, pages, and can be had whole.

    A subclass has a shape and builds, in its own __init__, the statement of what the viewer may see.
    """

    shape: ClassVar[Shape]

    def __init__(self, wish: Wish, statement: Statement) -> None:
        self.wish = wish
        self.order = chosen_order(wish.sort, self.shape.keys, self.shape.default)
        term = normal_form(wish.q.strip())
        if term and self.shape.searched is not None:
            statement = statement.where(text_position(self.shape.searched, term) > 0)
        self.statement = statement

    def slice(self) -> Slice:
        """The page that is asked for."""
        return Pager(self.statement, self.order, self.shape.ident).slice(self.wish.page, self.count)

    def count(self) -> int:
        """How many rows there are over all pages."""
        return session.scalar(select(func.count()).select_from(self.statement.order_by(None).subquery())) or 0

    def everything(self) -> Iterator[AnyRow]:
        """All rows in order, for an export; read in portions."""
        columns = (self.order.key, self.shape.ident)
        ordered = self.statement.order_by(*(desc(column) if self.order.descending else column for column in columns))
        yield from session.execute(ordered.execution_options(yield_per=500))
