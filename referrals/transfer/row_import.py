"""Importing tables each row of which stands for itself: read, taken, refused row by row, tried and rolled back.

A kind of its own is a subclass of `RowImport` that reads a row and takes it, and a `RowKind` that names its columns.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from referrals.db import session, writing
from referrals.errors import RuleBroken
from referrals.people.rules import SYSTEM, Actor
from referrals.transfer.kinds import Importer, ImportJob
from referrals.transfer.lead_columns import plain_header
from referrals.transfer.lead_import import PAUSE_SECONDS, PORTION
from referrals.transfer.order_rows import CellMissing
from referrals.transfer.report import Outcome, Remark
from referrals.transfer.tables import Line, Table
from referrals.values import clean_text
from referrals.wording import N_

V = TypeVar("V")
T = TypeVar("T")
LONGEST = 200


class ColumnMissing(RuleBroken):
    """No column says what every row must say."""

    sentence = N_("Say which column is %(column)s.")


class CellTooLong(RuleBroken):
    """More characters than the field takes."""

    sentence = N_("Please shorten this to %(most)s characters. It has %(length)s.")


class Cells:
    """The cells of one row by the names of our fields. What cannot be read is kept in `errors`, by field."""

    def __init__(self, line: Line, mapping: Mapping[str, str]) -> None:
        self.line = line
        self.mapping = mapping
        self.errors: dict[str, RuleBroken] = {}

    def tells(self, name: str) -> bool:
        """Whether the row says anything of this field."""
        return bool(self.raw(name).strip())

    def raw(self, name: str) -> str:
        """What stands there, as it stands."""
        return self.line.cells.get(self.mapping.get(name, ""), "")

    def text(self, name: str, *, longest: int = LONGEST, required: bool = False) -> str:
        """A text of one line."""
        return self.read(name, lambda text: fitting(text, longest), "", required=required)

    def read(self, name: str, parse: Callable[[str], T], empty: T, *, required: bool = False) -> T:
        """The value that a cell means; `empty` where nothing stands there, or nothing that can be read."""
        if not self.tells(name):
            if required:
                self.errors[name] = CellMissing(field=name)
            return empty
        try:
            return parse(self.raw(name).strip())
        except RuleBroken as broken:
            self.errors[name] = broken
            return empty


def fitting(text: str, longest: int) -> str:
    """The text without what surrounds it; raises CellTooLong and UnreadableCharacters."""
    if len(text) > longest:
        raise CellTooLong(most=longest, length=len(text))
    return clean_text(text)


@dataclass(frozen=True)
class Taken:
    """What became of a row: `created`, `changed` or `unchanged`; `remarks` are pairs of our field and a remark of it.

    A remark is its outcome (`remark`, `different`, `conflict`), its sentence and its values.
    """

    becomes: str
    remarks: Sequence[tuple[str, str, str, Mapping[str, Any]]] = ()


class RowImport(ABC, Generic[V]):
    """Takes the rows of a table in one by one. A subclass says what a row is; rules that it breaks refuse it alone."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self.at = job.at

    @abstractmethod
    def read(self, cells: Cells) -> V:
        """What a row says; what cannot be read stands in `cells.errors` afterwards. Writes nothing."""

    @abstractmethod
    def key(self, values: V) -> str:
        """By which a row is known again in the file, such as a domain."""

    def keys(self, values: V) -> Iterable[str]:
        """All that a later row of the file may collide with, its key among them; a dry run tries both together."""
        return (self.key(values),)

    @abstractmethod
    def take(self, values: V, *, by: Actor) -> Taken:
        """Take a row in. Raises RuleBroken with our field's name."""

    def hold(self, rows: Sequence[V]) -> None:
        """Take the locks that these rows need, in one order, before any is taken in."""

    def missing(self, keys: Iterable[str]) -> Iterable[Remark]:  # noqa: ARG002
        """What is known here and not in the file, which has these keys; said by a dry run alone."""
        return ()

    def run(self, lines: Sequence[Line], *, by: Actor) -> Outcome:
        """Take these lines in; one that breaks a rule is refused alone, and nothing of it stays."""
        by.require("import")
        outcome = Outcome()
        rows = [(line, *self.reading_of(line)) for line in lines]
        self.hold([values for _, values, errors in rows if not errors])
        for line, values, errors in rows:
            self.count(outcome, line, values, errors, by=by)
        session.flush()
        return outcome

    def dry_run(self, table: Table) -> Outcome:
        """What a run would do: each portion is taken in and given up, so that the rules are the real ones.

        A row that speaks of the same as an earlier one is tried on top of that one.
        """
        outcome, seen = Outcome(), Seen()
        for start in range(0, len(table.lines), PORTION):
            if start:
                time.sleep(PAUSE_SECONDS)
            with writing():
                self.try_portion(table.lines[start : start + PORTION], outcome, seen)
        outcome.remarks.extend(self.missing(seen.lines))
        return outcome

    def try_portion(self, lines: Sequence[Line], outcome: Outcome, seen: "Seen") -> None:
        rows = [(line, *self.reading_of(line)) for line in lines]
        keys = {key for _, values, errors in rows if not errors for key in self.keys(values)}
        again = {seen.lines[key].number: seen.lines[key] for key in keys if key in seen.lines}
        earlier = [(line, *self.reading_of(line)) for _, line in sorted(again.items())]
        self.hold([values for _, values, errors in (*earlier, *rows) if not errors])
        for line, values, errors in earlier:
            self.count(Outcome(), line, values, errors, by=SYSTEM)
        for line, values, errors in rows:
            refused = outcome.refused
            self.count(outcome, line, values, errors, by=SYSTEM)
            if not errors and outcome.refused == refused:
                seen.lines.update((key, line) for key in self.keys(values))

    def reading_of(self, line: Line) -> tuple[V, Mapping[str, RuleBroken]]:
        cells = Cells(line, self.job.mapping)
        return self.read(cells), cells.errors

    def count(self, outcome: Outcome, line: Line, values: V, errors: Mapping[str, RuleBroken], *, by: Actor) -> None:
        outcome.read += 1
        if not errors:
            try:
                with session.begin_nested():
                    taken = self.take(values, by=by)
            except RuleBroken as broken:
                errors = {broken.field: broken}
        if errors:
            outcome.refused += 1
            outcome.remarks.extend(self.refusals(line, errors))
            return
        setattr(outcome, taken.becomes, getattr(outcome, taken.becomes) + 1)
        for name, kind, sentence, params in taken.remarks:
            outcome.remarks.append(Remark(line.number, kind, self.job.column_of(name), sentence, params))

    def refusals(self, line: Line, errors: Mapping[str, RuleBroken]) -> Iterable[Remark]:
        for name, broken in errors.items():
            yield Remark(line.number, "refused", self.job.column_of(name), broken.sentence, broken.values)


@dataclass
class Seen:
    """The last line that could be taken of each key, as far as a dry run got."""

    lines: dict[str, Line] = field(default_factory=dict)


@dataclass(frozen=True)
class RowKind:
    """A kind of table whose rows a `RowImport` takes in, known by our own headers. `fields` are our names and labels;
    `required`: the fields without a column for which no row can be read.
    """

    code: str
    label: str
    fields: Mapping[str, str]
    required: Sequence[str]
    make: Callable[[ImportJob], Importer]
    shown_at: str
    changes: bool = False
    partner: str = ""

    def targets(self, options: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002
        """The fields that a column can be read as, with their labels."""
        return self.fields

    def recognise(self, table: Table, options: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:  # noqa: ARG002
        """Columns are known by our names, whatever their case, spaces and signs."""
        plain = {plain_header(name): name for name in self.fields}
        mapping: dict[str, str] = {}
        for header in table.header:
            ours = plain.get(plain_header(header))
            if ours is not None:
                mapping.setdefault(ours, header)
        return "own", mapping

    def require_columns(self, mapping: Mapping[str, str]) -> None:
        """Raises ColumnMissing."""
        for name in self.required:
            if name not in mapping:
                raise ColumnMissing(field=name, column=name)

    def importer(self, job: ImportJob) -> Importer:
        """What takes this table in."""
        return self.make(job)
