"""What is known of the leads that some rows are about, read at once instead of row by row."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select

from referrals.db import session
from referrals.leads.models import Lead, ProspectKey
from referrals.leads.ownership import Match


class Prospects:
    """The leads by whose signs these prospects are known; those taken in meanwhile are added.

    Each prospect is a product's id and its signs by kind.
    """

    def __init__(self, prospects: Iterable[tuple[int, Mapping[str, str]]]) -> None:
        self.leads: dict[int, Lead] = {}
        self.known_by: dict[tuple[int, str, str], list[int]] = {}
        wanted: dict[tuple[int, str], set[str]] = {}
        for product_id, keys in prospects:
            for kind, value in keys.items():
                wanted.setdefault((product_id, kind), set()).add(value)
        for (product_id, kind), values in wanted.items():
            self.read(product_id, kind, values)
        ids = {lead_id for ids in self.known_by.values() for lead_id in ids}
        self.leads = {lead.id: lead for lead in fresh_leads(Lead.id.in_(ids))} if ids else {}

    def read(self, product_id: int, kind: str, values: set[str]) -> None:
        same = (ProspectKey.product_id == product_id, ProspectKey.kind == kind, ProspectKey.value.in_(sorted(values)))
        for value, lead_id in session.execute(select(ProspectKey.value, ProspectKey.lead_id).where(*same)):
            self.known_by.setdefault((product_id, kind, value), []).append(lead_id)

    def matches(self, product_id: int, keys: Mapping[str, str]) -> list[Match]:
        """All leads of a prospect, the earliest first, each with the signs that match."""
        kinds: dict[int, list[str]] = {}
        for kind, value in keys.items():
            for lead_id in self.known_by.get((product_id, kind, value), ()):
                kinds.setdefault(lead_id, []).append(kind)
        found = sorted((self.leads[lead_id] for lead_id in kinds), key=lambda lead: (lead.submitted_at, lead.id))
        return [Match(lead, tuple(sorted(kinds[lead.id]))) for lead in found]

    def add(self, lead: Lead, keys: Mapping[str, str]) -> None:
        """From now on the lead is known by these signs."""
        self.leads[lead.id] = lead
        for kind, value in keys.items():
            self.known_by.setdefault((lead.product_id, kind, value), []).append(lead.id)


def imported_before(partner_id: int, dialect: str, keys: Sequence[str]) -> dict[str, Lead]:
    """The partner's leads that came from this source under one of these keys, by key."""
    same = (Lead.partner_id == partner_id, Lead.import_source == dialect, Lead.import_key.in_(keys))
    return {lead.import_key or "": lead for lead in fresh_leads(*same)}


def fresh_leads(*conditions: object) -> Sequence[Lead]:
    # As they stand now: what the session remembers of them may be older than the locks that we hold.
    return session.scalars(select(Lead).where(*conditions), execution_options={"populate_existing": True}).all()  # type: ignore[arg-type]
