"""What belongs together in a database of leads, looked at from outside the application."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, Select, create_engine, func, select, text

from referrals.db import Base
from referrals.leads.models import (
    Lead,
    LeadConflict,
    LeadCount,
    LeadEvent,
    ProspectKey,
)
from referrals.leads.rules import SHARED_HOSTS, prospect_keys
from referrals.outbox.models import Notification, OutboxMessage
from referrals.people.models import ApiAnswer, Representative
from referrals.transfer.models import ImportRun


class Census(dict[str, int]):
    """How many there are of everything; the difference of two says what was added, without what was not."""

    def __sub__(self, earlier: "Census") -> "Census":
        gained = {name: self.get(name, 0) - earlier.get(name, 0) for name in self.keys() | earlier.keys()}
        return Census({name: number for name, number in gained.items() if number})


@cache
def engine_for(url: str) -> Engine:
    """A way in beside the application's own, that keeps nothing open."""
    return create_engine(url, poolclass=NullPool)


def census(url: str) -> Census:
    """The rows of every table, and the sums that stand for rows elsewhere."""
    with engine_for(url).connect() as connection:
        # How many kinds of lead are counted says nothing; how many leads were counted does.
        rows = rows_of_tables(connection, without={LeadCount.__tablename__})
        kinds = select(Lead.status, Lead.payout, Lead.claim, func.count()).group_by(
            Lead.status, Lead.payout, Lead.claim
        )
        return Census(
            rows | {" ".join(kind): number for *kind, number in connection.execute(kinds)},
            found_by_search=len(searchable(connection)),
            counted=one(connection, select(func.sum(LeadCount.leads))),
            turns=one(connection, select(func.max(Representative.turn))),
            mails_sent=one(connection, select(func.count(OutboxMessage.sent_at))),
            lines_taken_in=one(connection, select(func.sum(ImportRun.created))),
        )


def rows_of_tables(connection: Connection, *, without: set[str]) -> dict[str, int]:
    """How many rows each table has."""
    names = [name for name in Base.metadata.tables if name not in without]
    counts = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {name}" for name in names)
    return dict(connection.exec_driver_sql(counts).all())  # type: ignore[arg-type]


def one(connection: Connection, statement: Select[Any]) -> int:
    return int(connection.scalar(statement) or 0)


def searchable(connection: Connection) -> set[int]:
    """The leads that the search knows."""
    if connection.dialect.name == "postgresql":
        return set(connection.scalars(text("SELECT lead_id FROM lead_search")))
    partners = connection.scalars(text("SELECT id FROM partners")).all()
    found = text("SELECT rowid FROM lead_search WHERE lead_search MATCH :partner")
    return {row for partner in partners for row in connection.scalars(found, {"partner": f'"partner{partner}"'})}


def faults_of(url: str) -> list[str]:
    """Everything that is torn, half there or there without what it belongs to; empty: the database is whole."""
    with engine_for(url).connect() as connection:
        return [*torn(connection), *half_leads(connection), *wrong_counts(connection), *words_about_nothing(connection)]


def torn(connection: Connection) -> Iterator[str]:
    """What SQLite itself finds wrong with the file."""
    if connection.dialect.name != "sqlite":
        return
    for line in connection.scalars(text("PRAGMA integrity_check")):
        if line != "ok":
            yield f"integrity: {line}"
    for row in connection.execute(text("PRAGMA foreign_key_check")):
        yield f"foreign key: {tuple(row)}"


def half_leads(connection: Connection) -> Iterator[str]:
    """Leads without a part that was to come with them."""
    events, mails, bells = (
        parts(connection, statement)
        for statement in (
            select(LeadEvent.lead_id, LeadEvent.kind),
            select(OutboxMessage.subject, OutboxMessage.template, OutboxMessage.person_id),
            select(Notification.subject, Notification.template, Notification.person_id),
        )
    )
    keys = parts(connection, select(ProspectKey.lead_id, ProspectKey.kind, ProspectKey.value))
    undecided = select(LeadConflict.lead_id, LeadConflict.against_id).where(LeadConflict.decided_at.is_(None))
    rivals = parts(connection, undecided)
    found = searchable(connection)
    for lead in connection.execute(select(Lead.__table__)):
        imported = lead.source == "import"
        kinds = [kind for (kind,) in events.get(lead.id, [])]
        templates = [template for template, _ in mails.get(lead.ref, [])]
        signs = prospect_keys(
            website_url=lead.website_url,
            contact_email=lead.contact_email,
            contact_phone=lead.contact_phone,
            shared_hosts=SHARED_HOSTS,
        )
        wanted = {
            "its beginning on the timeline": kinds.count("imported" if imported else "submitted") == 1,
            "its assignment on the timeline": lead.rep_id is None or "assigned" in kinds,
            "its signs": sorted(keys.get(lead.id, [])) == sorted(signs.items()),
            "its place in the search": lead.id in found,
            "its confirmation": imported or "lead_submitted" in templates,
            "its mail to the rep": imported or lead.rep_id is None or "lead_assigned" in templates,
            "a bell for each mail": sorted(mails.get(lead.ref, [])) == sorted(bells.get(lead.ref, [])),
            "its conflict": (lead.claim == "in_conflict") == bool(rivals.get(lead.id)),
            "its conflict on the timeline": lead.claim != "in_conflict" or "conflict" in kinds,
        }
        yield from (
            f"lead {lead.ref} ({lead.business_name}) lacks {part}" for part, there in wanted.items() if not there
        )


def parts(connection: Connection, statement: Select[Any]) -> dict[Any, list[tuple[Any, ...]]]:
    """Rows by their first column."""
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for whose, *rest in connection.execute(statement):
        found.setdefault(whose, []).append(tuple(rest))
    return found


def wrong_counts(connection: Connection) -> Iterator[str]:
    """Kinds of lead whose count is not how many there are."""
    kind = (Lead.partner_id, Lead.product_id, Lead.status, Lead.payout, func.coalesce(Lead.rep_id, 0))
    real = Counter(
        {tuple(row[:-1]): row[-1] for row in connection.execute(select(*kind, func.count()).group_by(*kind))}
    )
    columns = LeadCount.__table__.c
    kept = {tuple(row[:-1]): row[-1] for row in connection.execute(select(columns))}
    for each in real.keys() | kept.keys():
        if real[each] != kept.get(each, 0):
            yield f"{each} is counted as {kept.get(each, 0)} leads and has {real[each]}"


def words_about_nothing(connection: Connection) -> Iterator[str]:
    """Mails, bells and kept answers that tell of a lead that does not exist (P16)."""
    refs = set(connection.scalars(select(Lead.ref)))
    told = [*connection.scalars(select(OutboxMessage.subject)), *connection.scalars(select(Notification.subject))]
    for subject in told:
        if subject.startswith("L-") and subject not in refs:
            yield f"somebody is told of {subject}, which does not exist"
    for answer in connection.execute(select(ApiAnswer.status, ApiAnswer.body)):
        if answer.status == 201 and json.loads(answer.body)["ref"] not in refs:
            yield f"an answer is kept that tells of no lead: {answer.body[:80]}"
