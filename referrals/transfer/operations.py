"""Imports step by step: uploaded, columns chosen, tried, run, withdrawn. Each portion is the caller's to commit."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.models import Product
from referrals.lifecycle import IllegalMove
from referrals.partners.models import Partner
from referrals.people.rules import Actor
from referrals.transfer.every_kind import KINDS, get_kind
from referrals.transfer.kinds import Importer, ImportJob, ImportKind
from referrals.transfer.lead_columns import header_digest
from referrals.transfer.lead_import import PORTION
from referrals.transfer.lifecycle import IMPORT
from referrals.transfer.models import ImportRemark, ImportRun, RememberedMapping
from referrals.transfer.report import Outcome
from referrals.transfer.tables import Table, printable, read_table
from referrals.wording import N_

MOST_LINES = 200_000


class TooManyLines(RuleBroken):
    """More lines than one import takes."""

    sentence = N_("This file has %(lines)s rows. Split it: an import takes %(most)s.")


@dataclass(frozen=True)
class Reading:
    """How a file is understood: its table, where it comes from, which column is which of our fields."""

    table: Table
    dialect: str
    mapping: Mapping[str, str]


@lru_cache(maxsize=2)
def parsed(content: bytes, file_name: str) -> Table:
    return read_table(content, file_name)


def understand(content: bytes, file_name: str, product: Product) -> Reading:
    """Read a file of leads and recognise its columns, as they were chosen last time or by their names."""
    return understand_as(KINDS["leads"], content, file_name, {"product": product.code})


def understand_as(kind: ImportKind, content: bytes, file_name: str, options: Mapping[str, Any]) -> Reading:
    """Read a file of any kind and recognise its columns. Raises what is wrong with the file as a whole."""
    table = parsed(content, file_name)
    if len(table.lines) > MOST_LINES:
        raise TooManyLines(field="file", lines=len(table.lines), most=MOST_LINES)
    dialect, mapping = kind.recognise(table, options)
    remembered = session.get(RememberedMapping, (header_digest(table.header), kind.code))
    return Reading(table, dialect, mapping if remembered is None else remembered.mapping)


def upload(partner: Partner, product: Product, file_name: str, content: bytes, *, by: Actor, at: datetime) -> ImportRun:
    """Store a file of leads that is to be imported. Raises what is wrong with the file as a whole."""
    return upload_as(KINDS["leads"], partner, file_name, content, {"product": product.code}, by=by, at=at)


def upload_as(
    kind: ImportKind,
    partner: Partner | None,
    file_name: str,
    content: bytes,
    options: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
) -> ImportRun:
    """Store a file of any kind that is to be imported. Raises what is wrong with the file as a whole."""
    by.require("import")
    reading = understand_as(kind, content, file_name, options)
    run = ImportRun(
        kind=kind.code,
        partner_id=partner.id if partner else None,
        file_name=printable(file_name)[:200],
        content=content,
        options={**options, "dialect": reading.dialect, "mapping": dict(reading.mapping)},
        person_id=by.person_id,
        created_at=at,
        total=len(reading.table.lines),
    )
    session.add(run)
    session.flush()
    return run


def choose_columns(run: ImportRun, mapping: Mapping[str, str], *, by: Actor) -> None:
    """Set which column is which field, and remember it for files with the same header.

    Raises what the kind misses, and IllegalMove once the import has begun.
    """
    by.require("import")
    if not IMPORT.allows(run.status, "running"):
        raise IllegalMove(field="business_name")
    table = table_of(run)
    chosen = {ours: theirs for ours, theirs in mapping.items() if theirs in table.header}
    get_kind(run.kind).require_columns(chosen)
    run.options = {**run.options, "mapping": chosen}
    session.merge(RememberedMapping(header_digest=header_digest(table.header), kind=run.kind, mapping=chosen))


def table_of(run: ImportRun) -> Table:
    """The table of an import that is not done yet."""
    return parsed(run.content or b"", run.file_name)


def importer_of(run: ImportRun, *, at: datetime) -> Importer:
    options = run.options
    job = ImportJob(table_of(run), options["dialect"], options["mapping"], options, run.partner_id, at)
    return get_kind(run.kind).importer(job)


def try_import(run: ImportRun, *, at: datetime) -> Outcome:
    """What the import would do; what is written on the way is given up."""
    return importer_of(run, at=at).dry_run(table_of(run))


def start_import(run: ImportRun, *, by: Actor) -> None:
    """Let the import run; `advance_import` does the work. Raises IllegalMove when it runs already."""
    by.require("import")
    IMPORT.move(run, "running")


def advance_import(run: ImportRun, *, by: Actor, at: datetime) -> bool:
    """Take in the next portion of lines; answers whether any are left. Repeating a portion changes nothing."""
    table = table_of(run)
    outcome = importer_of(run, at=at).run(table.lines[run.read : run.read + PORTION], by=by)
    session.add_all(
        ImportRemark(
            import_id=run.id,
            line=remark.line,
            outcome=remark.outcome,
            column=remark.column,
            sentence=remark.sentence,
            params=dict(remark.params),
        )
        for remark in outcome.remarks
    )
    for count in ("read", "created", "changed", "unchanged", "refused"):
        setattr(run, count, getattr(run, count) + getattr(outcome, count))
    if run.read < len(table.lines):
        return True
    IMPORT.move(run, "done")
    run.finished_at, run.content = at, None
    return False


def fail_import(run: ImportRun, *, at: datetime) -> None:
    """End an import that an error of ours stopped, and forget its file; what it took in stays."""
    IMPORT.move(run, "failed")
    run.finished_at, run.content = at, None


def withdraw_import(run: ImportRun, *, by: Actor) -> None:
    """Give up an import that has not begun, and forget its file."""
    by.require("import")
    IMPORT.move(run, "withdrawn")
    run.content = None
    session.execute(delete(ImportRemark).where(ImportRemark.import_id == run.id))


def running_imports() -> list[int]:
    """The imports that wait for their next portion."""
    return list(session.scalars(select(ImportRun.id).where(ImportRun.status == "running").order_by(ImportRun.id)))


def forget_remarks(words: Collection[str]) -> None:
    """Drop what imports remarked with one of these words in it, such as the e-mail of somebody to be forgotten."""
    remarks = session.scalars(select(ImportRemark).execution_options(yield_per=1000))
    named = [one.id for one in remarks if any(word in str(value) for value in one.params.values() for word in words)]
    session.execute(delete(ImportRemark).where(ImportRemark.id.in_(named)))
