"""Saying no to a lead: always with a reason from the list and a sentence that the partner reads (`SPEC §2`)."""

from datetime import datetime
from typing import Any

from referrals.leads import notices, rewards
from referrals.leads.catalogue import find_reason
from referrals.leads.lifecycle import PAYOUT, STATUS
from referrals.leads.models import Lead
from referrals.leads.news import tell_change
from referrals.leads.rules import ReasonMissing, SentenceMissing
from referrals.leads.timeline import note
from referrals.people.rules import Actor

DUPLICATE = "duplicate"


def refuse(lead: Lead, reason_code: str, sentence: str, *, by: Actor, at: datetime) -> None:
    """Make a lead ineligible, or, where its status never changes, not eligible for a payout.

    Raises ReasonMissing, SentenceMissing. The partner reads `sentence`, or else the sentence of the reason.
    """
    keep_reason(lead, reason_code, sentence)
    reason: dict[str, Any] = {"reason": lead.reason_code, "sentence": lead.reason_sentence}
    if lead.stays_submitted:
        before = PAYOUT.move(lead, "not_eligible")
        note(lead, "payout", by=by, at=at, before=before, after="not_eligible", **reason)
        notices.tell_partner(lead, "lead_payout", "payout", by=by, at=at, after="not_eligible", **reason)
        if before == "due":
            rewards.forfeit(lead, by=by, at=at)
        return
    before = STATUS.move(lead, "ineligible")
    payout_before = PAYOUT.move(lead, "not_eligible") if lead.payout != "not_eligible" else ""
    note(lead, "status", by=by, at=at, before=before, after="ineligible", **reason)
    if payout_before:
        tell_change(lead, "payout", payout_before, "not_eligible", at=at)
    notices.tell_partner(lead, "lead_status", "status", by=by, at=at, after="ineligible", **reason)


def keep_reason(lead: Lead, reason_code: str, sentence: str) -> None:
    """Store why a lead is refused. Raises ReasonMissing, SentenceMissing."""
    reason = find_reason(reason_code) if reason_code else None
    if reason is None:
        raise ReasonMissing(field="reason")
    if not (sentence or reason.sentence):
        raise SentenceMissing(field="note")
    lead.reason_code, lead.reason_sentence = reason.code, sentence or reason.sentence


def said(reason_code: str, text: str) -> str:
    """What staff say to the partner: their own text, or else the words of the reason they chose; never its code."""
    reason = find_reason(reason_code) if reason_code and not text else None
    return text or (reason.sentence or reason.label if reason else "")


def refuse_for_duplicate(lead: Lead, sentence: str, *, by: Actor, at: datetime) -> None:
    """Refuse a lead whose prospect belongs to another partner; one that is refused already stays as it is."""
    if lead.status == "ineligible" or lead.payout == "not_eligible":
        return
    refuse(lead, DUPLICATE, sentence, by=by, at=at)
