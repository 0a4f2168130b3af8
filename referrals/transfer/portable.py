"""The way from one instance to another, whatever their databases: every table as lines of JSON (`SPEC §15`).

What the database derives by itself (counts of leads, the search) does not come along but is made anew.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, Table, func, insert, select, text

from referrals.config import Config
from referrals.db import Base, begin_snapshot, reading, session
from referrals.leads.models import Lead
from referrals.leads.search import index_leads
from referrals.transfer.archive import (
    NotAnArchive,
    add_secret,
    describe,
    new_archive,
    opened,
    refuse_a_database_in_use,
    take_secret,
)

DERIVED = {"lead_counts"}
# Every instance is born with the same first rows of these, which nobody may delete.
BORN_WITH = {"earning_terms", "upgrade_terms", "upgrade_terms_texts"}
ROWS_AT_ONCE = 1000


def export_everything(config: Config, file: Path, *, at: datetime) -> dict[str, Any]:
    """Write all tables as they are at one moment; answers the manifest with the number of rows of each."""
    with new_archive(file) as archive:
        with reading():
            begin_snapshot()
            counts = {table.name: write_table(archive, table) for table in tables()}
        add_secret(archive, config)
        return describe(archive, {"kind": "export", "made_at": at.isoformat(), "rows": counts})


def load_everything(config: Config, file: Path) -> dict[str, Any]:
    """Fill the empty database; answers the manifest. Raises NotAnArchive, NewerArchive, DatabaseInUse."""
    with opened(file, "export") as (archive, manifest):
        refuse_a_database_in_use()
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in BORN_WITH:
                session.execute(table.delete())
        for table in tables():
            if read_table(archive, table) != manifest["rows"].get(table.name, 0):
                raise NotAnArchive
        go_on_counting()
        index_all_leads()
        take_secret(archive, config)
    return manifest


def tables() -> list[Table]:
    """What comes along, each after those that it refers to."""
    return [table for table in Base.metadata.sorted_tables if table.name not in DERIVED]


def write_table(archive: zipfile.ZipFile, table: Table) -> int:
    written = 0
    query = select(*stored_columns(table)).order_by(*table.primary_key)
    rows = session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).mappings()
    with archive.open(place(table), "w", force_zip64=True) as lines:
        for row in rows:
            line = {name: as_json(value) for name, value in row.items()}
            lines.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            written += 1
    return written


def read_table(archive: zipfile.ZipFile, table: Table) -> int:
    if place(table) not in archive.namelist():
        return 0
    read, known = 0, known_keys(table)
    with archive.open(place(table)) as stream:
        lines = (json.loads(line) for line in io.TextIOWrapper(stream, "utf-8", newline="\n"))
        while some := list(islice(lines, ROWS_AT_ONCE)):
            rows = [row_of(table, line) for line in some]
            news = [row for row in rows if key_of(table, row) not in known] if known else rows
            if news:
                session.execute(insert(table), news)
            read += len(some)
    return read


def known_keys(table: Table) -> set[tuple[Any, ...]]:
    """The keys of the rows that were not deleted."""
    if table.name not in BORN_WITH:
        return set()
    return {tuple(row) for row in session.execute(select(*table.primary_key))}


def key_of(table: Table, row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def place(table: Table) -> str:
    return f"tables/{table.name}.jsonl"


def stored_columns(table: Table) -> list[Column[Any]]:
    """All but those that the database computes from the others."""
    return [column for column in table.columns if column.computed is None]


def as_json(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def row_of(table: Table, line: dict[str, Any]) -> dict[str, Any]:
    """A line as the table holds it; columns that are newer than the archive keep their defaults."""
    return {column.name: as_held(column, line[column.name]) for column in stored_columns(table) if column.name in line}


def as_held(column: Column[Any], value: Any) -> Any:
    kind = column.type.python_type
    if value is None:
        return None
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return base64.b64decode(value) if kind is bytes else value


def go_on_counting() -> None:
    """PostgreSQL's counters of ids know nothing of rows that came with their ids."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in tables():
        if "id" not in table.columns or not isinstance(table.c.id.type, Integer):
            continue
        newest = session.scalar(select(func.max(table.c.id)))
        if newest is not None:
            counter = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :newest)")
            session.execute(counter, {"name": table.name, "newest": newest})


def index_all_leads() -> None:
    for some in portions():
        index_leads(some)


def portions() -> Iterator[list[tuple[int, int, str]]]:
    """All leads as the search wants them, some at a time."""
    last = 0
    while True:
        rows = select(Lead.id, Lead.partner_id, Lead.search_text).where(Lead.id > last).order_by(Lead.id)
        found = [(row.id, row.partner_id, row.search_text) for row in session.execute(rows.limit(ROWS_AT_ONCE))]
        if not found:
            return
        yield found
        last = found[-1][0]
