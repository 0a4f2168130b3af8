"""A lead that had lost its prospect is taken up again: whose it is has to be decided anew (`SPEC §2`)."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import or_, select

from referrals.db import session
from referrals.leads import notices
from referrals.leads.catalogue import programme
from referrals.leads.claims import settle_claim
from referrals.leads.lifecycle import CLAIM
from referrals.leads.models import Lead, LeadConflict, ProspectKey
from referrals.leads.ownership import (
    HOLDS,
    Match,
    hold_prospects_of,
    matches,
    record_conflicts,
    rival_claims,
)
from referrals.people.rules import SYSTEM


def reclaim(lead: Lead, *, at: datetime) -> None:
    """Put a lost lead in conflict with whoever has the prospect now. With nobody there it has the prospect itself."""
    if lead.claim != "lost":
        return
    hold_prospects_of(lead.id)
    rivals = present_rivals(lead)
    CLAIM.move(lead, "in_conflict")
    record_conflicts(lead, rivals, at=at, quietly=True)
    session.flush()
    settle_claim(lead)
    if rivals:
        notices.tell_rep(lead, "conflict_for_staff", "conflict", by=SYSTEM, at=at, matched=list(rivals[0].kinds))


def present_rivals(lead: Lead) -> list[Match]:
    """The leads of other partners that have or claim the prospect, apart from those decided to be another business."""
    met = list(
        session.scalars(
            select(LeadConflict).where(or_(LeadConflict.lead_id == lead.id, LeadConflict.against_id == lead.id))
        )
    )
    keys = session.scalars(select(ProspectKey).where(ProspectKey.lead_id == lead.id))
    found = matches(lead.product_id, {key.kind: key.value for key in keys}, apart_from=lead.id)
    rivals = rival_claims(found, lead.partner_id, lead.submitted_at, programme().ownership_days)
    known = {rival.lead.id: rival for rival in [*opponents(lead, met), *rivals]}
    for conflict in met:
        if conflict.decision == "both":
            known.pop(conflict.lead_id, None)
            known.pop(conflict.against_id, None)
    return sorted(known.values(), key=lambda rival: (rival.lead.submitted_at, rival.lead.id))


def opponents(lead: Lead, met: list[LeadConflict]) -> Iterator[Match]:
    """Whom the lead was in conflict with and who is still in it, also where the signs are forgotten since."""
    for conflict in met:
        other = session.get_one(Lead, conflict.against_id if conflict.lead_id == lead.id else conflict.lead_id)
        if other.claim in HOLDS:
            yield Match(other, tuple(conflict.matched))
