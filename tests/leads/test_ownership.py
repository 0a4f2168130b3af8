"""Who owns a prospect: also when fifty submit it at once, and after staff decided."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.operations import Submission, change_status, submit_lead
from referrals.leads.ownership import (
    AlreadyDecided,
    CannotTakeAway,
    ConflictList,
    decide,
)
from referrals.leads.queries import timeline_of
from referrals.listing import Wish
from referrals.outbox.models import OutboxMessage
from referrals.partners.models import Partner
from referrals.people.rules import Actor
from tests.leads.at_once import at_once
from tests.making import Making

AT_ONCE = 50


def submission(make: Making, actor: Actor) -> Callable[[], object]:
    """The submission of one and the same prospect by this member."""

    def submit() -> None:
        values = make.values(website_url="https://contested.example.org", contact_email="the@owner.example.org")
        partner = session.get_one(Partner, actor.partner_id)
        submit_lead(Submission(partner, get_product("plus"), values), by=actor, at=make.at)

    return submit


def test_fifty_partners_at_once_yield_one_owner(app_on_both: Flask, make_on_both: Making) -> None:
    make_on_both.rep()
    members = [make_on_both.member() for _ in range(AT_ONCE)]
    results = at_once(app_on_both, [submission(make_on_both, member) for member in members])
    session.expire_all()
    claims = Counter(session.scalars(select(Lead.claim)))
    assert results == ["stored"] * AT_ONCE
    assert claims == {"owner": 1, "in_conflict": AT_ONCE - 1}


def test_fifty_members_of_one_partner_at_once_yield_one_lead(app_on_both: Flask, make_on_both: Making) -> None:
    partner = make_on_both.partner()
    members = [make_on_both.member(partner) for _ in range(AT_ONCE)]
    results = at_once(app_on_both, [submission(make_on_both, member) for member in members])
    assert Counter(results) == {"stored": 1, "AlreadySubmitted": AT_ONCE - 1}
    assert session.scalar(select(func.count()).select_from(Lead)) == 1


def test_the_refused_second_submission_leaves_nothing_behind(make: Making) -> None:
    member = make.member()
    make.lead(member, website_url="https://one.example.org")
    before = counts()
    with pytest.raises(RuleBroken):
        make.lead(member, website_url="https://one.example.org")
    session.rollback()
    assert counts() == before


def counts() -> list[int]:
    return [
        session.scalar(select(func.count()).select_from(model)) or 0 for model in (Lead, OutboxMessage, LeadConflict)
    ]


def test_products_are_claimed_apart(make: Making) -> None:
    first, second = make.member(), make.member()
    make.lead(first, "plus", website_url="https://one.example.org")
    assert make.lead(second, "pos", website_url="https://one.example.org").claim == "owner"


def test_a_closed_lead_can_be_submitted_again_by_its_partner(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member, website_url="https://one.example.org")
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    session.commit()
    assert make.lead(member, website_url="https://one.example.org").claim == "owner"


@pytest.fixture
def dispute(make: Making) -> tuple[Making, Lead, Lead, LeadConflict]:
    """An earlier lead, a later one of another partner, and the conflict between them."""
    earlier = make.lead(make.member(), website_url="https://one.example.org", contact_phone="+48600700800")
    later = make.lead(make.member(), website_url="https://one.example.org", contact_phone="+48600700800")
    return make, earlier, later, session.scalars(select(LeadConflict)).one()


OUTCOMES = {
    "keep": (("owner", "submitted"), ("lost", "ineligible")),
    "give": (("lost", "ineligible"), ("owner", "submitted")),
    "both": (("owner", "submitted"), ("shared", "submitted")),
}


@pytest.mark.parametrize("decision", OUTCOMES)
def test_what_a_decision_does(dispute: tuple[Making, Lead, Lead, LeadConflict], decision: str) -> None:
    make, earlier, later, conflict = dispute
    rep = make.rep()
    decide(conflict, decision, text="We asked the owner.", by=rep, at=make.at)
    session.commit()
    assert tuple((lead.claim, lead.status) for lead in (earlier, later)) == OUTCOMES[decision]
    for lead in (earlier, later):
        entry = next(event for event in timeline_of(rep, lead) if event.kind == "conflict_decided")
        assert (entry.details["matched"], entry.details["text"]) == (["host", "phone"], "We asked the owner.")
    with pytest.raises(AlreadyDecided):
        decide(conflict, "keep", text="Again.", by=rep, at=make.at)


def test_an_awarded_lead_cannot_be_given_away(dispute: tuple[Making, Lead, Lead, LeadConflict]) -> None:
    make, earlier, _, conflict = dispute
    rep = make.rep()
    change_status(earlier, "in_progress", by=rep, at=make.at)
    change_status(earlier, "awarded", by=rep, at=make.at)
    with pytest.raises(CannotTakeAway):
        decide(conflict, "give", text="No.", by=rep, at=make.at)


def test_the_second_partner_learns_the_date_and_nothing_else(dispute: tuple[Making, Lead, Lead, LeadConflict]) -> None:
    _, earlier, later, _ = dispute
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "lead_conflict")).one()
    told = repr(mail.params) + repr([event.details for event in timeline_of(Actor(role="member"), later)])
    assert earlier.submitted_at.isoformat() in told
    for secret in (earlier.ref, earlier.partner.name, earlier.contact_name, earlier.contact_email):
        assert secret not in told


def test_the_first_partner_sees_nothing_of_an_open_conflict(dispute: tuple[Making, Lead, Lead, LeadConflict]) -> None:
    _, earlier, _, _ = dispute
    viewer = Actor(role="member", partner_id=earlier.partner_id, permissions=frozenset({"view_referrals"}))
    assert [event.kind for event in timeline_of(viewer, earlier)] == ["submitted"]


def test_staff_see_open_conflicts_and_find_decided_ones(dispute: tuple[Making, Lead, Lead, LeadConflict]) -> None:
    make, _, _, conflict = dispute
    rep = make.rep()
    assert ConflictList(rep, Wish()).count() == 1
    decide(conflict, "both", text="Two shops.", by=rep, at=make.at)
    session.commit()
    assert ConflictList(rep, Wish()).count() == 0
    assert ConflictList(rep, Wish(filters={"state": "decided"})).count() == 1
