"""The timeline of a lead: what happened, when, by whom."""

from datetime import datetime
from typing import Any

from referrals.db import session
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.news import CHANGES, tell_change
from referrals.people.rules import Actor


def side_of(by: Actor) -> str:
    """On whose behalf somebody acts: `partner`, `staff`, `owner` (of the store that is invited) or `system`."""
    if by.role in {"system", "owner"}:
        return by.role
    return "staff" if by.is_staff else "partner"


def note(lead: Lead, kind: str, *, by: Actor, at: datetime, staff_only: bool = False, **details: Any) -> LeadEvent:
    """Write an entry. The lead counts as changed by it, unless staff alone see it.

    Of a `status` or `payout` that changed (from `before` to `after`), programs outside hear, too.
    """
    event = LeadEvent(
        lead_id=lead.id,
        at=at,
        person_id=by.person_id,
        side=side_of(by),
        kind=kind,
        details=details,
        staff_only=staff_only,
    )
    session.add(event)
    if kind in CHANGES:
        tell_change(lead, kind, details["before"], details["after"], at=at)
    if not staff_only:
        lead.changed_at = max(lead.changed_at, at)
    return event
