"""Erasing the contact of a lead, on request (`SPEC §1`): the lead stays, with its business, status and timeline."""

from datetime import datetime

from sqlalchemy import delete

from referrals.db import session
from referrals.leads.models import Lead, ProspectKey
from referrals.leads.operations import make_findable
from referrals.leads.search import forget_lead
from referrals.people import audit
from referrals.people.models import ApiAnswer
from referrals.people.rules import Actor

NOBODY = "—"


def erase_contact(lead: Lead, *, by: Actor, at: datetime) -> None:
    """Forget who the contact was, and what was noted about them; the lead is not found by them any more."""
    forget_lead(lead)
    lead.contact_name, lead.contact_email, lead.contact_phone, lead.notes = NOBODY, "", "", ""
    if "@" in (lead.import_key or ""):
        lead.import_key = None
    make_findable(lead)
    session.execute(delete(ProspectKey).where(ProspectKey.lead_id == lead.id, ProspectKey.kind.in_(("email", "phone"))))
    session.execute(delete(ApiAnswer).where(ApiAnswer.body.contains(lead.ref)))
    audit.record("contact_erased", by=by, at=at, subject=lead.ref)
