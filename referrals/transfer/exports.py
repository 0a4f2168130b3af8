"""Exports: tables as CSV and XLSX in which no cell is a formula (`SPEC §15`)."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula; other values unchanged."""
    if isinstance(value, str) and value.startswith(FORMULA_SIGNS):
        return f"'{value}"
    return value


def csv_cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else harmless(value)


def csv_chunks(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The table as CSV in UTF-8; the mark at its beginning lets spreadsheets know."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield b"\xef\xbb\xbf"
    writer.writerow([csv_cell(heading) for heading in headings])
    for row in rows:
        writer.writerow([csv_cell(cell) for cell in row])
        if buffer.tell() > 65_536:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def xlsx_file(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The table as a workbook; written through a temporary file, so that memory stays flat."""
    from xlsxwriter import Workbook

    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder, suffix=".xlsx") as target:
        workbook = Workbook(
            target.name,
            {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
             "strings_to_numbers": False, "remove_timezone": True, "tmpdir": folder},
        )  # fmt: skip
        sheet = workbook.add_worksheet()
        bold = workbook.add_format({"bold": True})
        # Workbooks know no time zones, so the cell says which one it is.
        moment = workbook.add_format({"num_format": 'yyyy-mm-dd hh:mm "UTC"'})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        for place, heading in enumerate(headings):
            sheet.write_string(0, place, heading, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                write_cell(sheet, number, place, cell, moment, day)
        workbook.close()
        return target.read()


def write_cell(sheet: Any, number: int, place: int, cell: Any, moment: Any, day: Any) -> None:
    if isinstance(cell, datetime):
        sheet.write_datetime(number, place, cell.astimezone(UTC), moment)
    elif isinstance(cell, date):
        sheet.write_datetime(number, place, cell, day)
    elif isinstance(cell, bool):
        sheet.write_boolean(number, place, cell)
    elif isinstance(cell, (int, Decimal)):
        sheet.write_number(number, place, cell)
    elif cell is not None:
        sheet.write_string(number, place, str(harmless(cell)))
