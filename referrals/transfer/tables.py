"""Reading tables that people upload: CSV in UTF-8 or UTF-16, or XLSX."""

import csv
import io
import re
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, reduce
from typing import Any

from referrals.errors import RuleBroken
from referrals.wording import N_

LONGEST_CELL = 100_000
MOST_CELLS = 5_000_000
MOST_UNPACKED = 300 * 1024 * 1024
CELL_PLACE = re.compile(rb'r=["\']([A-Z]{1,3})([0-9]{1,7})["\']')
DELIMITERS = ",;\t|"
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class WrongEncoding(RuleBroken):
    """The bytes are no UTF-8 text."""

    sentence = N_("Line %(line)s of this file is not UTF-8 text. Save it as “CSV UTF-8” and try again.")


class NotATable(RuleBroken):
    """No header line, or no file that we can read."""

    sentence = N_("We cannot read this file. It should be CSV or XLSX, with the names of the columns in the first row.")


class EmptyTable(RuleBroken):
    """A header and nothing below it."""

    sentence = N_("This file has no rows below its header.")


@dataclass(frozen=True)
class Line:
    """One row of a table: its line number as a text editor or spreadsheet shows it, and its cells by column name."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A table as it was uploaded: column names, and the rows below them."""

    header: tuple[str, ...]
    lines: tuple[Line, ...]

    def occurrences(self, columns: Iterable[str]) -> dict[int, int]:
        """For each line number, how many earlier lines have exactly the same cells in these columns."""
        wanted = tuple(columns)
        if wanted not in self.counted:
            seen: Counter[tuple[str, ...]] = Counter()
            counts = self.counted.setdefault(wanted, {})
            for line in self.lines:
                cells = tuple(line.cells.get(name, "") for name in wanted)
                counts[line.number] = seen[cells]
                seen[cells] += 1
        return self.counted[wanted]

    @cached_property
    def counted(self) -> dict[tuple[str, ...], dict[int, int]]:
        """What was counted already, since portions of one table ask again."""
        return {}


def read_table(content: bytes, file_name: str) -> Table:
    """Read an uploaded file whole; raises WrongEncoding, NotATable, EmptyTable."""
    is_workbook = content[:4] == b"PK\x03\x04" or file_name.lower().endswith((".xlsx", ".xls", ".ods"))
    rows = list(workbook_rows(content) if is_workbook else csv_rows(content))
    filled = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not filled:
        raise NotATable(field="file")
    (_, first), *rest = filled
    # As a browser sends a name back: without control characters, and with single spaces.
    header = tuple(" ".join(printable(re.sub(r"\s", " ", name)).split()) for name in first)
    if not rest:
        raise EmptyTable(field="file")
    first_places = {name: place for place, name in reversed(list(enumerate(header)))}
    names = [name if first_places[name] == place else "" for place, name in enumerate(header)]
    return Table(
        tuple(name for name in names if name),
        tuple(
            Line(number, {name: cell for name, cell in zip(names, cells, strict=False) if name})
            for number, cells in rest
        ),
    )


def printable(text: str) -> str:
    """The text in NFC, without control characters (NUL among them, which no database takes) and space around it."""
    kept = (letter for letter in unicodedata.normalize("NFC", text) if unicodedata.category(letter) not in {"Cc", "Cs"})
    return "".join(kept).strip()


def csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(content)
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(DELIMITERS, key=head.count)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise NotATable(field="file") from None
        yield begins, row
        begins = reader.line_num + 1


def decode(content: bytes) -> str:
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise WrongEncoding(field="file", line=content[: error.start].count(b"\n") + 1) from None


def workbook_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    refuse_vast_workbook(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, ValueError, OSError):
        raise NotATable(field="file") from None
    for number, row in enumerate(rows, 1):
        yield number, [cell_text(cell) for cell in row]


def refuse_vast_workbook(content: bytes) -> None:
    """Raises NotATable for what would fill the memory: a kilobyte can span a billion cells, or unpack to gigabytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                raise NotATable(field="file")
            for name in parts.namelist():
                if name.startswith("xl/worksheets/") and cells_spanned(parts.read(name)) > MOST_CELLS:
                    raise NotATable(field="file")
    except (zipfile.BadZipFile, OSError, zlib.error, NotImplementedError, RuntimeError):
        raise NotATable(field="file") from None


def cells_spanned(sheet: bytes) -> int:
    """Of the rectangle that a reader makes of a sheet."""
    columns, rows = 0, 0
    for letters, digits in CELL_PLACE.findall(sheet):
        rows = max(rows, int(digits))
        columns = max(columns, reduce(lambda number, letter: number * 26 + letter - 64, letters, 0))
    return columns * rows


def cell_text(cell: Any) -> str:
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)[:LONGEST_CELL]
