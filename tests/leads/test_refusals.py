"""Refusals taken back: appeals answered, reasons gone, and nothing but words reaches the partner."""

import pytest
from flask import Flask
from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.models import Appeal, Lead
from referrals.leads.operations import change_status, record_payout
from referrals.leads.queries import standing_of, timeline_of
from referrals.leads.rules import ReasonMissing
from referrals.outbox.models import OutboxMessage
from referrals.people.rules import Actor
from referrals.web import words
from tests.making import Making


@pytest.fixture
def unpaid(make: Making) -> tuple[Making, Lead, Actor, Actor]:
    """A lead that was awarded and then found to earn nothing; the partner appeals."""
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    for status in ("in_progress", "awarded"):
        change_status(lead, status, by=rep, at=make.at)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    conversation.appeal(lead, "They do meet them.", by=member, at=make.at)
    session.commit()
    return make, lead, rep, member


def only_appeal() -> Appeal:
    return session.scalars(select(Appeal)).one()


def test_a_payout_that_is_due_again_grants_the_appeal(unpaid: tuple[Making, Lead, Actor, Actor]) -> None:
    make, lead, rep, _ = unpaid
    record_payout(lead, "due", text="They do.", by=rep, at=make.at)
    session.commit()
    appeal = only_appeal()
    assert (appeal.granted, appeal.answer, appeal.answered_at) == (True, "They do.", make.at)
    assert (lead.payout, lead.reason_code, lead.reason_sentence) == ("due", None, "")


def test_a_payout_that_is_due_again_is_told_without_the_old_reason(unpaid: tuple[Making, Lead, Actor, Actor]) -> None:
    make, lead, rep, _ = unpaid
    record_payout(lead, "due", by=rep, at=make.at)
    session.commit()
    entry = timeline_of(rep, lead)[0]
    mail = session.scalars(
        select(OutboxMessage).where(OutboxMessage.template == "lead_payout").order_by(OutboxMessage.id.desc())
    ).first()
    assert mail is not None
    for told in (entry.details, mail.params):
        assert (told["after"], told["reason"], told["sentence"]) == ("due", None, "")


def test_without_an_appeal_the_reason_goes_all_the_same(make: Making) -> None:
    rep = make.rep()
    lead = make.lead(make.member())
    for status in ("in_progress", "awarded"):
        change_status(lead, status, by=rep, at=make.at)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    record_payout(lead, "due", by=rep, at=make.at)
    assert (lead.payout, lead.reason_code, lead.reason_sentence) == ("due", None, "")


# Status and payout -> whether the partner reads that there is nothing to earn.
EARNINGS = {
    ("awarded", "due"): False,
    ("awarded", "paid"): False,
    ("awarded", "not_eligible"): True,
    ("ineligible", "not_eligible"): True,
}


@pytest.mark.parametrize("code", ["plus", "pos"])
@pytest.mark.parametrize(("status", "payout"), EARNINGS)
@pytest.mark.parametrize(
    "own", [{}, {"en": {"awarded_supported": "You earn!", "ineligible_supported": "We are sorry."}}]
)
def test_what_a_lead_that_earns_nothing_means(
    app: Flask, make: Making, code: str, status: str, payout: str, own: dict[str, dict[str, str]]
) -> None:
    lead = make.lead(make.member(), code)
    lead.status, lead.payout, lead.product.texts = status, payout, own
    with app.test_request_context():
        told = " ".join(words.meaning(lead.product, standing_of(lead), "en"))
    nothing = any(text in told for text in ("do not earn", "not eligible", "We are sorry."))
    assert (nothing, "You earn" in told or "You are paid" in told) == (EARNINGS[status, payout], not nothing)


def test_a_reopening_notes_what_becomes_of_the_payout(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    conversation.appeal(lead, "They are.", by=member, at=make.at)
    conversation.reopen(lead, "We ask again.", by=rep, at=make.at)
    noted = [
        (event.kind, event.details["before"], event.details["after"])
        for event in timeline_of(member, lead)
        if event.kind in {"payout", "status"}
    ]
    assert noted == [
        ("status", "ineligible", "in_progress"),
        ("payout", "not_eligible", "none"),
        ("status", "submitted", "ineligible"),
    ]


# The reason chosen and the sentence written -> what the partner reads.
ANSWERS = {
    ("other", "We asked again."): "We asked again.",
    ("other", ""): "Other",
    ("terms_not_met", ""): "The business does not meet the referral terms.",
}


@pytest.mark.parametrize(("reason", "text"), ANSWERS)
def test_the_partner_reads_words_and_no_code(make: Making, reason: str, text: str) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    conversation.appeal(lead, "They are.", by=member, at=make.at)
    change_status(lead, "in_progress", reason=reason, text=text, by=rep, at=make.at)
    session.commit()
    assert only_appeal().answer == ANSWERS[reason, text]


def test_a_reason_that_does_not_exist_says_nothing(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    conversation.appeal(lead, "They are.", by=member, at=make.at)
    with pytest.raises(ReasonMissing):
        change_status(lead, "in_progress", reason="no_such_reason", by=rep, at=make.at)
