"""What an import needs to know of a kind of table: how its columns are recognised, and what takes its lines in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from referrals.people.rules import Actor
from referrals.transfer.report import Outcome
from referrals.transfer.tables import Line, Table


@dataclass(frozen=True)
class ImportJob:
    """A table on its way in. `mapping` names the table's column for each of our fields; `dialect` is whose table it is.

    `partner_id`: whose rows these are, where the kind asks for a partner and the rows name none.
    """

    table: Table
    dialect: str
    mapping: Mapping[str, str]
    options: Mapping[str, Any]
    partner_id: int | None
    at: datetime

    def column_of(self, name: str) -> str:
        """The table's own name for one of our fields; ours where it has no such column."""
        return self.mapping.get(name, name)


class Importer(Protocol):
    """Takes lines in, or says what would become of them."""

    def run(self, lines: Sequence[Line], *, by: Actor) -> Outcome:
        """Take these lines in; one that breaks a rule is refused alone. Repeating them changes nothing."""
        ...

    def dry_run(self, table: Table) -> Outcome:
        """What a run would do. Nothing is written; it ends the transaction that it is called in."""
        ...


class ImportKind(Protocol):
    """A kind of table, such as leads; every kind there is stands in `every_kind.KINDS`.

    `label` is what it is called; `changes`: whether a row can change what is there; `partner`: whether it is asked for
    (`required`, `optional`, or empty for never); `shown_at`: the path of the list that its rows come into.
    """

    @property
    def code(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def changes(self) -> bool: ...

    @property
    def partner(self) -> str: ...

    @property
    def shown_at(self) -> str: ...

    def targets(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """The fields that a column can be read as, with their labels."""
        ...

    def recognise(self, table: Table, options: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
        """Whose table it seems to be, and which of its columns seems to be which field."""
        ...

    def require_columns(self, mapping: Mapping[str, str]) -> None:
        """Raises the sentence that names a column without which no row can be read."""
        ...

    def importer(self, job: ImportJob) -> Importer:
        """What takes this table in."""
        ...
