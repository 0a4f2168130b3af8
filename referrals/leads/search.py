"""Search by part of a text, from the first character, in any script (`SPEC §2` Table, S4).

Every lead has one search text: the normal forms of four fields. The table `lead_search` knows each text by its grams
(runs of one, two and three characters), so that a term of any length is found without reading the texts: exactly for
up to three characters, else by the grams it consists of, rechecked in the text. On SQLite it is a full-text table
whose tokens are the grams, on PostgreSQL an array under a GIN index.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, column, func, insert, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import ARRAY

from referrals.db import session, text_position
from referrals.leads.models import Lead
from referrals.normal_form import normal_form

# Up to so many candidates a walk asks whether a lead is among them; with more it reads the texts it comes by.
MOST_IN_A_SET = 30_000
BETWEEN_FIELDS = "\x1f"
LONGEST_TERM = 200
MOST_GRAMS = 40
# Characters that SQLite's tokenizer would split at move to the private use area, where it does not.
SHIFT = {code: 0xE000 + code for code in range(128) if not chr(code).isalnum()}

on_sqlite = table("lead_search", column("rowid"), column("grams"))
on_postgresql = table("lead_search", column("lead_id"), column("grams", ARRAY(Text)))


def search_text(contact_name: str, contact_email: str, business_name: str, website_url: str) -> str:
    """The text that searching looks into: the normal forms of the four fields, kept apart."""
    fields = (business_name, contact_name, contact_email, website_url)
    return BETWEEN_FIELDS.join(normal_form(field.replace(BETWEEN_FIELDS, "")) for field in fields)


def search_term(typed: str) -> str:
    """What to look for when this was typed."""
    return normal_form(typed.replace(BETWEEN_FIELDS, "").replace("\0", "").strip())[:LONGEST_TERM]


def grams(found_in: str) -> set[str]:
    """All runs of one, two and three characters of a search text, none across two fields."""
    return {
        part[start : start + size]
        for part in found_in.split(BETWEEN_FIELDS)
        for size in (1, 2, 3)
        for start in range(len(part) - size + 1)
    }


def grams_of_term(term: str) -> list[str]:
    """The grams that a text must have to hold the term; for a long term enough of them."""
    if len(term) <= 3:
        return [term]
    # Those side by side and the last one leave no character out; the overlapping ones would cost and hardly tell more.
    starts = {*range(0, len(term) - 2, 3), len(term) - 3}
    runs = sorted({term[start : start + 3] for start in starts})
    return runs[:: -(-len(runs) // MOST_GRAMS)]


def tokens(runs: Iterable[str]) -> list[str]:
    return [run.translate(SHIFT) for run in runs]


def dialect() -> str:
    return session.get_bind().dialect.name


def index_leads(leads: Sequence[tuple[int, int, str]]) -> None:
    """Make leads findable; each is (id, partner id, search text)."""
    if not leads:
        return
    if dialect() == "postgresql":
        rows: list[dict[str, Any]] = [
            {"lead_id": lead_id, "grams": sorted(grams(found_in))} for lead_id, _, found_in in leads
        ]
        session.execute(insert(on_postgresql), rows)
        return
    rows = [
        {"rowid": lead_id, "grams": sqlite_document(partner_id, found_in)} for lead_id, partner_id, found_in in leads
    ]
    session.execute(insert(on_sqlite), rows)


def forget_lead(lead: Lead) -> None:
    """Take a lead out of the search, before its search text changes."""
    if dialect() == "postgresql":
        session.execute(text("DELETE FROM lead_search WHERE lead_id = :id"), {"id": lead.id})
        return
    session.execute(
        text("INSERT INTO lead_search (lead_search, rowid, grams) VALUES ('delete', :id, :grams)"),
        {"id": lead.id, "grams": sqlite_document(lead.partner_id, lead.search_text)},
    )


def sqlite_document(partner_id: int, found_in: str) -> str:
    return " ".join([partner_token(partner_id), *sorted(tokens(grams(found_in)))])


def partner_token(partner_id: int) -> str:
    # Longer than any gram, so it is never taken for one.
    return f"partner{partner_id}"


def candidates(term: str, partner_id: int | None) -> Any:
    """A SELECT of the ids of leads that have all grams of the term (a superset of those that hold it)."""
    wanted = grams_of_term(term)
    if dialect() == "postgresql":
        array = bindparam("grams", wanted, type_=ARRAY(Text), unique=True)
        return select(on_postgresql.c.lead_id).where(on_postgresql.c.grams.contains(array))
    words = ([partner_token(partner_id)] if partner_id is not None else []) + tokens(wanted)
    match = " AND ".join(f'"{word}"' for word in words)
    return select(on_sqlite.c.rowid).where(literal_column("lead_search").op("MATCH")(match))


def count_candidates(term: str, partner_id: int | None) -> int:
    """How many candidates there are, told from the index alone."""
    counted = candidates(term, partner_id).with_only_columns(func.count(), maintain_column_froms=True)
    return session.scalar(counted) or 0


def holds(term: str) -> ColumnElement[bool]:
    """That a lead's search text holds the term."""
    return text_position(Lead.search_text, term) > 0


def is_exact(term: str) -> bool:
    """Whether every candidate holds the term, so that no recheck is due."""
    return len(term) <= 3


def tells_partners() -> bool:
    """Whether the candidates of a partner are leads of this partner alone."""
    return dialect() == "sqlite"


@dataclass(frozen=True)
class Looking:
    """How a walk along sorted leads tells which of them hold a term with so many candidates."""

    term: str
    partner_id: int | None
    candidates: int

    @property
    def by_set(self) -> bool:
        """Whether the candidates are gathered first: then no lead is read that is none."""
        return self.candidates <= MOST_IN_A_SET

    @property
    def longest_walk(self) -> int:
        """After how many leads sorting the hits is likely to be quicker."""
        return 100_000 if self.by_set else 20_000

    @property
    def columns(self) -> list[Any]:
        """What the walk must bring besides the id."""
        return [] if self.by_set else [Lead.search_text]

    def holding(self, walk: Any) -> list[ColumnElement[bool]]:
        """That a row of the walk holds the term."""
        if not self.by_set:
            return [text_position(walk.c.search_text, self.term) > 0]
        among = walk.c.id.in_(candidates(self.term, self.partner_id))
        if is_exact(self.term):
            return [among]
        found_in = select(Lead.search_text).where(Lead.id == walk.c.id).scalar_subquery()
        return [among, text_position(found_in, self.term) > 0]
