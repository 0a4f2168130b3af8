"""What an import tells: its numbers, and a remark for each line that there is something to say of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Remark:
    """What the report says of a line; `outcome` is refused, remark, conflict, different or missing.

    `column` is the file's own name for it.
    """

    line: int
    outcome: str
    column: str
    sentence: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """The numbers of an import and what it has to say, as far as it got."""

    read: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    remarks: list[Remark] = field(default_factory=list)
    changed: int = 0

    def add(self, more: "Outcome") -> None:
        """Count what another portion made."""
        self.read += more.read
        self.created += more.created
        self.changed += more.changed
        self.unchanged += more.unchanged
        self.refused += more.refused
        self.remarks.extend(more.remarks)
