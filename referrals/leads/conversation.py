"""What partner and staff say to each other about a lead: messages, later requests for support, appeals."""

from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.errors import Conflict, RuleBroken
from referrals.leads import notices
from referrals.leads.fields import Missing, TooLong
from referrals.leads.lifecycle import PAYOUT, STATUS
from referrals.leads.models import Appeal, Lead, LeadMessage
from referrals.leads.queries import standing_of
from referrals.leads.reclaiming import reclaim
from referrals.leads.rules import NoAppeal, is_open
from referrals.leads.timeline import note, side_of
from referrals.people.rules import Actor
from referrals.values import clean_text
from referrals.wording import N_

LONGEST_TEXT = 5000


class SupportAlready(Conflict):
    """Sales support was requested before."""

    sentence = N_("Sales support is already requested for this lead.")


class TooLateForSupport(RuleBroken):
    """The lead is decided."""

    sentence = N_("This lead is already decided. Sales support cannot be requested any more.")


class NothingToAppeal(RuleBroken):
    """The lead is not refused."""

    sentence = N_("There is nothing to appeal against: this lead is not refused.")


class AppealedAlready(Conflict):
    """A partner can appeal once."""

    sentence = N_("You have appealed already. A lead can be appealed once.")


def readable(text: str) -> str:
    """A text that somebody wrote to somebody; raises Missing, TooLong, UnreadableCharacters."""
    if len(text) > LONGEST_TEXT:
        raise TooLong(field="text", most=LONGEST_TEXT, length=len(text))
    try:
        text = clean_text(text, lines=True)
    except RuleBroken as broken:
        broken.field = "text"
        raise
    if not text:
        raise Missing(field="text")
    return text


def send_message(lead: Lead, text: str, *, by: Actor, at: datetime) -> LeadMessage:
    """Write to the other side of a lead; the message also goes out by mail."""
    text = readable(text)
    message = LeadMessage(lead_id=lead.id, at=at, person_id=by.person_id, side=side_of(by), text=text)
    session.add(message)
    note(lead, "message", by=by, at=at)
    tell = notices.tell_partner if message.side == "staff" else notices.tell_rep
    tell(lead, "lead_message", "message", by=by, at=at, text=text, sender=by.name)
    return message


def request_support(lead: Lead, *, by: Actor, at: datetime) -> None:
    """The partner asks for sales support after all; the lead is worked like a supported one from now on."""
    if lead.sales_support:
        raise SupportAlready
    if not is_open(lead.status, lead.payout) or lead.payout != "none":
        raise TooLateForSupport
    lead.sales_support = True
    note(lead, "support_requested", by=by, at=at)
    notices.tell_rep(lead, "support_requested", "message", by=by, at=at)


def appeal(lead: Lead, text: str, *, by: Actor, at: datetime) -> Appeal:
    """The partner objects to a refusal, once, with a text."""
    if not standing_of(lead).refused:
        raise NothingToAppeal
    if find_appeal(lead) is not None:
        raise AppealedAlready
    made = Appeal(lead_id=lead.id, at=at, person_id=by.person_id, text=readable(text))
    session.add(made)
    session.flush()
    note(lead, "appealed", by=by, at=at, text=made.text)
    notices.tell_rep(lead, "appeal_made", "appeal", by=by, at=at, text=made.text)
    return made


def reopen(lead: Lead, text: str, *, by: Actor, at: datetime) -> None:
    """Staff grant the open appeal: the lead is worked again, its payout open. Raises NoAppeal, Missing.

    Where the prospect had gone to another partner, the conflict is to be decided anew.
    """
    text = readable(text)
    answer_appeal(lead, text, granted=True, by=by, at=at)
    if lead.payout == "not_eligible":
        paid_before = PAYOUT.move(lead, "none")
        note(lead, "payout", by=by, at=at, before=paid_before, after="none")
    if lead.status == "ineligible":
        before = STATUS.move(lead, "in_progress")
        note(lead, "status", by=by, at=at, before=before, after="in_progress", sentence=text)
    lead.reason_code, lead.reason_sentence = None, ""
    reclaim(lead, at=at)


def lift_refusal(lead: Lead, text: str, *, by: Actor, at: datetime) -> None:
    """Staff record another payout than the refused one: that grants an open appeal, and the reason is gone."""
    found = find_appeal(lead)
    if found is not None and found.answered_at is None:
        answer_appeal(lead, text, granted=True, by=by, at=at)
    lead.reason_code, lead.reason_sentence = None, ""


def reject_appeal(lead: Lead, text: str, *, by: Actor, at: datetime) -> None:
    """Staff stay with the refusal and say why. Raises NoAppeal, Missing."""
    by.require("work_leads")
    answer_appeal(lead, readable(text), granted=False, by=by, at=at)


def answer_appeal(lead: Lead, text: str, *, granted: bool, by: Actor, at: datetime) -> None:
    by.require("work_leads")
    found = find_appeal(lead)
    if found is None or found.answered_at is not None:
        raise NoAppeal
    found.answered_at, found.answered_by_id, found.granted, found.answer = at, by.person_id, granted, text
    session.flush()
    note(lead, "appeal_answered", by=by, at=at, granted=granted, text=text)
    notices.tell_partner(lead, "appeal_answered", "appeal", by=by, at=at, granted=granted, text=text)


def find_appeal(lead: Lead) -> Appeal | None:
    """The appeal of a lead, if there is one."""
    return session.scalar(select(Appeal).where(Appeal.lead_id == lead.id))
