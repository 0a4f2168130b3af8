"""Submitting leads and moving them (`SPEC §2`). Each verb flushes; the outermost layer commits."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation, notices, rewards
from referrals.leads.assignment import assign_by_rule
from referrals.leads.catalogue import Programme, programme
from referrals.leads.fields import COLUMNS, all_fields, storable
from referrals.leads.lifecycle import PAYOUT, STATUS
from referrals.leads.models import Lead, Product
from referrals.leads.news import tell_submitted
from referrals.leads.ownership import (
    Match,
    hold_prospect,
    keys_of,
    matches,
    record_conflicts,
    refuse_second_submission,
    remember_keys,
    rival_claims,
)
from referrals.leads.queries import standing_of
from referrals.leads.refusal import keep_reason, refuse, said
from referrals.leads.rules import ConflictOpen, ReasonMissing, Standing, check_payout_move, check_status_move
from referrals.leads.search import index_leads, search_text
from referrals.leads.timeline import note
from referrals.normal_form import normal_form
from referrals.partners.models import Partner
from referrals.people.models import Person
from referrals.people.rules import Actor

# Without 0, 1, I, L, O, U: a reference is read out on the phone.
REF_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REF_LENGTH = 7


@dataclass(frozen=True)
class Submission:
    """A lead as it comes in: its values by field name, and where it comes from (`form`, `api`, `import`)."""

    partner: Partner
    product: Product
    values: Mapping[str, Any]
    source: str = "form"
    submitted_at: datetime | None = None
    import_source: str | None = None
    import_key: str | None = None
    settings: Programme = field(default_factory=programme)


@dataclass(frozen=True)
class Claim:
    """By which signs the prospect is known, and which claims of other partners stand against it."""

    keys: Mapping[str, str]
    rivals: Sequence[Match]


class Assign(Protocol):
    """How a new lead finds its representative, and who hears of it."""

    def __call__(self, lead: Lead, *, by: Actor, at: datetime) -> None: ...


def submit_lead(submission: Submission, *, assign: Assign | None = None, by: Actor, at: datetime) -> Lead:
    """A partner submits a lead: it is owned or in conflict, assigned, on the timeline, and confirmed by mail.

    Raises AlreadySubmitted for an open prospect of the same partner. Of simultaneous submissions of one prospect by
    several partners, one becomes its owner.
    """
    by.require("submit_leads")
    claim = claim_prospect(submission, at=at)
    lead = register_lead(submission, claim, by=by, at=at)
    note(lead, "submitted", by=by, at=at, source=submission.source)
    (assign or assign_by_rule)(lead, by=by, at=at)
    confirm_submission(lead, submission, by=by, at=at)
    record_conflicts(lead, claim.rivals, at=at)
    session.flush()
    tell_submitted(lead, at=at)
    return lead


def confirm_submission(lead: Lead, submission: Submission, *, by: Actor, at: datetime) -> None:
    values = {name: storable(value) for name, value in submission.values.items()}
    currency = submission.settings.currency
    notices.tell_partner(
        lead, "lead_submitted", "submitted", by=by, at=at, values=values, member=by.name, currency=currency
    )


def claim_prospect(submission: Submission, *, at: datetime) -> Claim:
    """Settle whose prospect it is, while everybody else who submits it waits. Raises AlreadySubmitted."""
    product_id = submission.product.id
    keys = keys_of(submission.values, submission.settings.shared_hosts)
    hold_prospect(product_id, keys)
    return weigh_claim(submission, keys, matches(product_id, keys), at=at)


def weigh_claim(submission: Submission, keys: Mapping[str, str], found: Sequence[Match], *, at: datetime) -> Claim:
    """What the leads found of a prospect mean for a submission; looks only. Raises AlreadySubmitted."""
    settings, partner_id = submission.settings, submission.partner.id
    refuse_second_submission(found, partner_id)
    rivals = rival_claims(found, partner_id, submission.submitted_at or at, settings.ownership_days)
    return Claim(keys, rivals)


def register_lead(submission: Submission, claim: Claim, *, by: Actor, at: datetime, status: str = "submitted") -> Lead:
    """Store the lead itself with its claim and make it findable; what follows from it is up to the caller."""
    values, product = submission.values, submission.product
    own = {one.name for one in all_fields(product.fields)} - set(COLUMNS)
    person = session.get(Person, by.person_id) if by.person_id else None
    columns = {name: values.get(name) or "" for name in COLUMNS if name not in {"expected_value", "sales_support"}}
    expected = values.get("expected_value")
    lead = Lead(
        **columns,
        ref=new_ref(),
        partner=submission.partner,
        product=product,
        submitted_by=person,
        source=submission.source,
        status=status,
        payout="not_eligible" if status == "ineligible" else "none",
        claim="in_conflict" if claim.rivals else "owner",
        sales_support=bool(values.get("sales_support")),
        expected_minor=expected,
        expected_currency=submission.settings.currency if expected is not None else None,
        details={name: storable(values[name]) for name in sorted(own) if values.get(name) not in (None, "")},
        submitted_at=submission.submitted_at or at,
        changed_at=submission.submitted_at or at,
        import_source=submission.import_source,
        import_key=submission.import_key,
    )
    make_findable(lead)
    remember_keys(lead, claim.keys)
    return lead


def make_findable(lead: Lead) -> None:
    lead.business_key, lead.contact_key = normal_form(lead.business_name), normal_form(lead.contact_name)
    lead.partner_key = lead.partner.name_key
    lead.search_text = search_text(lead.contact_name, lead.contact_email, lead.business_name, lead.website_url)
    session.add(lead)
    session.flush()
    index_leads([(lead.id, lead.partner_id, lead.search_text)])


def new_ref() -> str:
    """A reference nobody can guess from another one, and short enough to read out: `L-7Q2KD4M`."""
    while True:
        ref = "L-" + "".join(secrets.choice(REF_LETTERS) for _ in range(REF_LENGTH))
        if session.scalar(select(Lead.id).where(Lead.ref == ref)) is None:
            return ref


def change_status(lead: Lead, target: str, *, reason: str = "", text: str = "", by: Actor, at: datetime) -> None:
    """Staff move a lead. A refusal needs a reason, a reopening too (either as `reason` or as `text`).

    Raises the rule that forbids it (`SPEC §2` Transitions).
    """
    by.require("work_leads")
    check_status_move(disputed_standing(lead), target)
    if target == "ineligible":
        refuse(lead, reason, text, by=by, at=at)
        return
    if lead.status == "ineligible":
        text = said(reason, text)
        if not text:
            raise ReasonMissing(field="reason")
        conversation.reopen(lead, text, by=by, at=at)
        return
    move_on(lead, target, text, by=by, at=at)
    if target == "awarded":
        rewards.reward(lead, by=by, at=at)


def award_invited(lead: Lead, *, by: Actor, at: datetime) -> None:
    """The owner of the store accepted an invitation to upgrade: the lead is won, also straight from `submitted`.

    The referral follows when the store is upgraded.
    Raises IllegalMove where it is decided already, and ConflictOpen (`SPEC §2` Transitions).
    """
    if disputed_standing(lead).in_conflict:
        raise ConflictOpen
    move_on(lead, "awarded", "", by=by, at=at)


def move_on(lead: Lead, target: str, text: str, *, by: Actor, at: datetime) -> None:
    before = STATUS.move(lead, target)
    note(lead, "status", by=by, at=at, before=before, after=target, sentence=text)
    notices.tell_partner(lead, "lead_status", "status", by=by, at=at, after=target, sentence=text)
    if target == "awarded":
        paid_before = PAYOUT.move(lead, "due")
        note(lead, "payout", by=by, at=at, before=paid_before, after="due")


def record_payout(lead: Lead, outcome: str, *, reason: str = "", text: str = "", by: Actor, at: datetime) -> None:
    """Staff record the payout outcome: whether a POS lead without support qualifies, or what became of an award.

    `not_eligible` needs a reason. Raises the rule that forbids it; NothingPromised where `due` would never be paid.
    """
    by.require("work_leads")
    check_payout_move(disputed_standing(lead), outcome)
    if outcome == "due":
        rewards.require_bounty(lead, at=at)
    if outcome == "not_eligible":
        if lead.stays_submitted:
            refuse(lead, reason, text, by=by, at=at)
            return
        keep_reason(lead, reason, text)
        text = lead.reason_sentence
    elif lead.payout == "not_eligible":
        text = said(reason, text)
        conversation.lift_refusal(lead, text, by=by, at=at)
    before = PAYOUT.move(lead, outcome)
    note(lead, "payout", by=by, at=at, before=before, after=outcome, reason=lead.reason_code, sentence=text)
    notices.tell_partner(
        lead, "lead_payout", "payout", by=by, at=at, after=outcome, reason=lead.reason_code, sentence=text
    )
    follow_payout(lead, before, by=by, at=at)


def follow_payout(lead: Lead, before: str, *, by: Actor, at: datetime) -> None:
    """Let the partner's money follow the payout outcome that staff recorded."""
    if lead.payout == "due":
        rewards.reward(lead, by=by, at=at)
    elif lead.payout == "paid":
        rewards.paid_by_hand(lead, by=by, at=at)
    elif before == "due":
        rewards.forfeit(lead, by=by, at=at)


def disputed_standing(lead: Lead) -> Standing:
    """How a lead stands for staff who move it. One that lost its prospect wins nothing before that is decided anew."""
    return replace(standing_of(lead), in_conflict=lead.claim in {"in_conflict", "lost"})
