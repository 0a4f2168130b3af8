"""Every list: columns, filters, search, sorting, pages and exports, from one description (`SPEC §13`)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from flask import Response, abort, request

from referrals.listing import AnyRow, Order, Slice, Wish
from referrals.transfer.exports import csv_chunks, xlsx_file
from referrals.web import hx
from referrals.web.words import own_words


class Listed(Protocol):
    """What a list of any concept offers."""

    order: Order

    def slice(self) -> Slice: ...

    def everything(self) -> Iterator[AnyRow]: ...


@dataclass(frozen=True)
class Column:
    """A column: its key in URLs, its heading, whether one can sort by it, and its value in an export.

    Columns that are not `shown` stand in exports alone, where the page has them inside another cell.
    """

    key: str
    label: str
    value: Callable[[AnyRow], Any] = lambda _row: ""
    sortable: bool = True
    style: str = ""
    shown: bool = True


@dataclass(frozen=True)
class Filter:
    """A filter with a closed set of values; `choices` are pairs of value and label, `any_label` stands for all."""

    name: str
    label: str
    any_label: str
    choices: Callable[[], Iterable[tuple[str, str]]]


@dataclass(frozen=True)
class ListPage:
    """How a list is shown: `name` makes its element id and file names, `rows` is the template of its rows.

    `above` is the template of what is said of all rows together, such as sums.
    """

    name: str
    path: str
    title: str
    columns: Sequence[Column]
    rows: str
    page: str
    filters: Sequence[Filter] = ()
    searched: str = ""
    empty: str = ""
    above: str = ""
    changed_by: str = ""
    dates: bool = False
    exports: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> list[Column]:
        """The columns of the page."""
        return [column for column in self.columns if column.shown]

    @property
    def id(self) -> str:
        return f"{self.name}-table"

    def wish(self) -> Wish:
        """What the URL asks of the list."""
        names = [one.name for one in self.filters] + (["from", "to"] if self.dates else [])
        filters = {name: request.args.get(name, "")[:200] for name in names}
        args = request.args
        return Wish(args.get("q", "")[:500], filters, args.get("sort", "")[:50], args.get("page", "")[:2000])


class ShownList:
    """A list page with what was asked and what was found; templates read it."""

    def __init__(self, page: ListPage, listed: Listed, wish: Wish, path: str = "") -> None:
        self.page = page
        self.path = path or page.path
        self.wish = wish
        self.order = listed.order
        self.found = listed.slice()
        self.kept = {name: value for name, value in [("q", wish.q), *wish.filters.items()] if value}
        self.filters = [(one, list(one.choices())) for one in page.filters]

    @property
    def is_filtered(self) -> bool:
        return bool(self.kept)

    def choices(self, name: str) -> list[tuple[str, str]]:
        """The values of a filter with their labels."""
        return next(choices for one, choices in self.filters if one.name == name)

    def url(self, **changes: str) -> str:
        """The list's address with these parts changed; everything else stays."""
        parts = {**self.kept, "sort": self.wish.sort, "page": self.wish.page, **changes}
        filled = {name: value for name, value in parts.items() if value}
        return f"{self.path}?{urlencode(filled)}" if filled else self.path

    def sort_url(self, column: Column) -> str:
        """Sorted by this column; by it already, the other way round."""
        down = self.order.name == column.key and not self.order.descending
        return self.url(sort=f"-{column.key}" if down else column.key, page="")

    def sorted_by(self, column: Column) -> str:
        """As `aria-sort` says it."""
        if self.order.name != column.key:
            return "none"
        return "descending" if self.order.descending else "ascending"

    def export_url(self, kind: str) -> str:
        """All rows that are shown over all pages, as a file."""
        return self.url(page="").replace(self.path, f"{self.path}.{kind}", 1)


def answer(page: ListPage, listed: Listed, kind: str | None, *, path: str = "", **context: Any) -> Response:
    """The list as a page, as its table alone, or as a file."""
    if kind is not None:
        return export(page, listed, kind)
    shown = ShownList(page, listed, page.wish(), path)
    return hx.render(page.page, "ui/_table.html", list=shown, **page.more, **context)


def export(page: ListPage, listed: Listed, kind: str) -> Response:
    """Every row that the list shows over all its pages, as CSV or XLSX."""
    headings = [own_words(column.label) for column in page.columns]
    rows = ([column.value(row) for column in page.columns] for row in listed.everything())
    if kind == "csv":
        response = Response(b"".join(csv_chunks(headings, rows)), mimetype="text/csv")
    elif kind == "xlsx":
        response = Response(
            xlsx_file(headings, rows),
            mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )
    else:
        abort(404)
    response.headers["Content-Disposition"] = f'attachment; filename="{page.name}.{kind}"'
    return response
