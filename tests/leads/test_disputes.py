"""Prospects that several partners claim: whatever staff decide in whatever order, one of them has it in the end."""

from collections.abc import Callable, Iterator
from itertools import permutations, product
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads import conversation
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.operations import change_status, record_payout
from referrals.leads.ownership import (
    AlreadyDecided,
    CannotTakeAway,
    NothingToGiveTo,
    decide,
    get_conflict,
    hold_prospects_of,
)
from referrals.leads.queries import get_lead, timeline_of
from referrals.leads.rules import ConflictOpen
from referrals.outbox.models import OutboxMessage
from referrals.people.rules import Actor
from tests.leads.at_once import at_once
from tests.making import Making

WEBSITE = "https://one.example.org"
PAIRS = ((2, 1), (3, 1), (3, 2))
# Every order in which staff can come to the three conflicts of three leads, with every decision for each.
HISTORIES = [
    tuple(zip(order, decisions, strict=True))
    for order in permutations(PAIRS)
    for decisions in product(("keep", "give", "both"), repeat=len(PAIRS))
]
AT_ONCE = 8


def conflict_of(lead: Lead, against: Lead) -> LeadConflict:
    pair = (LeadConflict.lead_id == lead.id) & (LeadConflict.against_id == against.id)
    return session.scalars(select(LeadConflict).where(pair)).one()


def open_conflicts() -> list[LeadConflict]:
    return list(session.scalars(select(LeadConflict).where(LeadConflict.decided_at.is_(None))))


def viewer_of(lead: Lead) -> Actor:
    return Actor(role="member", partner_id=lead.partner_id, permissions=frozenset({"view_referrals"}))


def appeal_granted(lead: Lead, rep: Actor, make: Making) -> None:
    """The partner appeals against the loss, and staff take the lead up again."""
    conversation.appeal(lead, "We were first.", by=viewer_of(lead), at=make.at)
    conversation.reopen(lead, "You may be right.", by=rep, at=make.at)
    session.commit()


@pytest.fixture
def claims(make: Making) -> dict[int, Lead]:
    """Three leads of three partners, all of one prospect, by number."""
    return {number: make.lead(make.member(), website_url=WEBSITE) for number in (1, 2, 3)}


def decided(claims: dict[int, Lead], history: tuple, rep: Actor, make: Making) -> Iterator[tuple[int, int]]:
    """Decide as far as there is something to decide; answers which pairs ended by themselves."""
    for (lead, against), decision in history:
        conflict = conflict_of(claims[lead], claims[against])
        if conflict.decided_at is not None:
            yield lead, against
            continue
        decide(conflict, decision, text="We asked.", by=rep, at=make.at)
        assert any(one.claim in {"owner", "shared"} for one in claims.values())


def test_whatever_the_order_of_decisions_the_prospect_has_somebody(make: Making, claims: dict[int, Lead]) -> None:
    rep = make.rep()
    session.commit()
    for history in HISTORIES:
        moot = list(decided(claims, history, rep, make))
        states = [claims[number].claim for number in (1, 2, 3)]
        keeping = {number for number in (1, 2, 3) if claims[number].claim != "lost"}
        assert states.count("owner") <= 1, history
        assert "in_conflict" not in states, history
        assert keeping, history
        assert all(claims[number].status == "submitted" for number in keeping), history
        assert all(lead not in keeping or against not in keeping for lead, against in moot), history
        assert open_conflicts() == [], history
        together = {pair for pair, decision in history if decision == "both"}
        assert len(keeping) == 1 or together >= {pair for pair in PAIRS if set(pair) <= keeping}, history
        session.rollback()
        session.expire_all()


def test_the_three_claims_that_left_nobody(make: Making, claims: dict[int, Lead]) -> None:
    rep = make.rep()
    decide(conflict_of(claims[3], claims[2]), "keep", text="Two.", by=rep, at=make.at)
    decide(conflict_of(claims[2], claims[1]), "keep", text="One.", by=rep, at=make.at)
    with pytest.raises(AlreadyDecided):
        decide(conflict_of(claims[3], claims[1]), "give", text="Three.", by=rep, at=make.at)
    assert [claims[number].claim for number in (1, 2, 3)] == ["owner", "lost", "lost"]
    assert conflict_of(claims[3], claims[1]).decision == "moot"


def test_who_has_the_prospect_by_a_conflict_of_others_is_told(make: Making, claims: dict[int, Lead]) -> None:
    rep = make.rep()
    decide(conflict_of(claims[3], claims[1]), "give", text="Signed.", by=rep, at=make.at)
    assert [claims[number].claim for number in (1, 2, 3)] == ["lost", "owner", "in_conflict"]
    kinds = [event.kind for event in timeline_of(viewer_of(claims[2]), claims[2])]
    assert kinds == ["conflict_decided", "conflict", "submitted"]


def test_a_partner_hears_of_the_last_decision_only(make: Making, claims: dict[int, Lead]) -> None:
    rep = make.rep()
    decide(conflict_of(claims[3], claims[2]), "keep", text="Two.", by=rep, at=make.at)
    assert "conflict_decided" not in [event.kind for event in timeline_of(viewer_of(claims[2]), claims[2])]
    assert "conflict_decided" in [event.kind for event in timeline_of(rep, claims[2])]
    decide(conflict_of(claims[2], claims[1]), "keep", text="One.", by=rep, at=make.at)
    mails = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "conflict_decided"))
    told = [(mail.params["ref"], mail.params["outcome"]) for mail in mails]
    assert told == [(claims[3].ref, "not_yours"), (claims[2].ref, "not_yours"), (claims[1].ref, "yours")]


@pytest.fixture
def dispute(make: Making) -> tuple[Making, Lead, Lead, Actor]:
    """An earlier and a later lead of one prospect, and who decides."""
    earlier = make.lead(make.member(), website_url=WEBSITE)
    return make, earlier, make.lead(make.member(), website_url=WEBSITE), make.rep()


def test_a_refused_newcomer_is_not_given_the_prospect(dispute: tuple[Making, Lead, Lead, Actor]) -> None:
    make, earlier, later, rep = dispute
    change_status(later, "ineligible", reason="not_interested", by=rep, at=make.at)
    with pytest.raises(NothingToGiveTo):
        decide(conflict_of(later, earlier), "give", text="No.", by=rep, at=make.at)
    decide(conflict_of(later, earlier), "keep", text="Yes.", by=rep, at=make.at)
    assert (earlier.claim, later.claim) == ("owner", "lost")


@pytest.mark.parametrize(("decision", "out"), [("keep", "earlier"), ("give", "later")])
def test_nothing_goes_to_a_lead_that_lost(dispute: tuple[Making, Lead, Lead, Actor], decision: str, out: str) -> None:
    make, earlier, later, rep = dispute
    {"earlier": earlier, "later": later}[out].claim = "lost"
    with pytest.raises(NothingToGiveTo):
        decide(conflict_of(later, earlier), decision, text="No.", by=rep, at=make.at)


def test_a_conflict_is_decided_once_when_many_decide_at_once(app_on_both: Flask, make_on_both: Making) -> None:
    make, rep = make_on_both, make_on_both.rep()
    leads = [make.lead(make.member(), website_url=WEBSITE) for _ in range(2)]
    ids, conflict_id = [lead.id for lead in leads], conflict_of(leads[1], leads[0]).id
    everybody_looked = Barrier(AT_ONCE)

    def deciding(decision: str) -> Callable[[], object]:
        def work() -> None:
            conflict = get_conflict(rep, conflict_id)
            session.commit()
            everybody_looked.wait(60)
            decide(conflict, decision, text=decision, by=rep, at=make.at)

        return work

    results = at_once(app_on_both, [deciding(("keep", "give")[number % 2]) for number in range(AT_ONCE)])
    assert sorted(results) == ["AlreadyDecided"] * (AT_ONCE - 1) + ["stored"]
    session.expire_all()
    assert sorted(session.get_one(Lead, lead_id).claim for lead_id in ids) == ["lost", "owner"]


def test_all_conflicts_of_a_prospect_at_once_leave_one_owner(app_on_both: Flask, make_on_both: Making) -> None:
    make, rep = make_on_both, make_on_both.rep()
    leads = [make.lead(make.member(), website_url=WEBSITE) for _ in range(5)]
    ids = [lead.id for lead in leads]
    conflicts = [conflict.id for conflict in open_conflicts()]

    def deciding(conflict_id: int, decision: str) -> Callable[[], object]:
        return lambda: decide(get_conflict(rep, conflict_id), decision, text="One.", by=rep, at=make.at)

    results = at_once(app_on_both, [deciding(one, ("keep", "give")[one % 2]) for one in conflicts])
    assert len(results) == len(conflicts)
    assert set(results) <= {"stored", "AlreadyDecided"}
    session.expire_all()
    assert sorted(session.get_one(Lead, lead_id).claim for lead_id in ids) == ["lost"] * 4 + ["owner"]
    assert open_conflicts() == []


def test_submissions_decisions_and_appeals_at_once_leave_one_owner(app_on_both: Flask, make_on_both: Making) -> None:
    make, rep = make_on_both, make_on_both.rep()
    leads = [make.lead(make.member(), website_url=WEBSITE) for _ in range(4)]
    decide(conflict_of(leads[1], leads[0]), "keep", text="First.", by=rep, at=make.at)
    conversation.appeal(leads[1], "We were first.", by=viewer_of(leads[1]), at=make.at)
    session.commit()
    ref, conflicts = leads[1].ref, [conflict.id for conflict in open_conflicts()]

    def reopening() -> None:
        hold_prospects_of(get_lead(rep, ref).id)
        conversation.reopen(get_lead(rep, ref, for_update=True), "Yes.", by=rep, at=make.at)

    def deciding(conflict_id: int) -> Callable[[], object]:
        return lambda: decide(get_conflict(rep, conflict_id), "give", text="One.", by=rep, at=make.at)

    def submitting(member: Actor) -> Callable[[], object]:
        return lambda: make.lead(member, website_url=WEBSITE)

    works = [reopening, *(deciding(one) for one in conflicts), *(submitting(make.member()) for _ in range(4))]
    results = at_once(app_on_both, works)
    assert len(results) == len(works)
    assert set(results) <= {"stored", "AlreadyDecided"}
    session.expire_all()
    for conflict_id in list(session.scalars(select(LeadConflict.id))):
        conflict = session.get_one(LeadConflict, conflict_id)
        if conflict.decided_at is None:
            decide(conflict, "keep", text="Last.", by=rep, at=make.at)
    claims = sorted(session.scalars(select(Lead.claim)))
    assert claims == ["lost"] * (len(claims) - 1) + ["owner"]


# Who lost the prospect first -> what staff can decide after the appeal, and who has it then (earlier, later).
AFTER_APPEAL = {
    ("keep", "keep"): ("owner", "lost"),
    ("keep", "give"): ("lost", "owner"),
    ("keep", "both"): ("owner", "shared"),
    ("give", "keep"): ("lost", "owner"),
    ("give", "give"): ("owner", "lost"),
    ("give", "both"): ("shared", "owner"),
}


@pytest.mark.parametrize(("first", "second"), AFTER_APPEAL)
def test_an_appeal_over_a_lost_prospect_leads_back_to_deciding(
    dispute: tuple[Making, Lead, Lead, Actor], first: str, second: str
) -> None:
    make, earlier, later, rep = dispute
    decide(conflict_of(later, earlier), first, text="First.", by=rep, at=make.at)
    loser, holder = (later, earlier) if first == "keep" else (earlier, later)
    appeal_granted(loser, rep, make)
    assert (loser.claim, loser.status, loser.payout, holder.claim) == ("in_conflict", "in_progress", "none", "owner")
    [conflict] = open_conflicts()
    assert (conflict.lead_id, conflict.against_id, conflict.matched) == (loser.id, holder.id, ["host"])
    with pytest.raises(ConflictOpen):
        change_status(loser, "awarded", by=rep, at=make.at)
    decide(conflict, second, text="Second.", by=rep, at=make.at)
    session.commit()
    assert (earlier.claim, later.claim) == AFTER_APPEAL[first, second]


def test_an_awarded_holder_keeps_its_award_whatever_the_appeal(dispute: tuple[Making, Lead, Lead, Actor]) -> None:
    make, earlier, later, rep = dispute
    decide(conflict_of(later, earlier), "keep", text="First.", by=rep, at=make.at)
    appeal_granted(later, rep, make)
    change_status(earlier, "in_progress", by=rep, at=make.at)
    change_status(earlier, "awarded", by=rep, at=make.at)
    for attempt in (
        lambda: change_status(later, "awarded", by=rep, at=make.at),
        lambda: decide(conflict_of(later, earlier), "give", text="Second.", by=rep, at=make.at),
    ):
        with pytest.raises((ConflictOpen, CannotTakeAway)):
            attempt()
    assert (earlier.payout, later.payout) == ("due", "none")


def test_a_lost_pos_lead_does_not_qualify_before_the_decision(make: Making) -> None:
    rep = make.rep()
    earlier, later = (make.lead(make.member(), "pos", website_url=WEBSITE, sales_support=False) for _ in range(2))
    decide(conflict_of(later, earlier), "keep", text="First.", by=rep, at=make.at)
    conversation.appeal(later, "We were first.", by=viewer_of(later), at=make.at)
    session.commit()
    with pytest.raises(ConflictOpen):
        record_payout(later, "due", text="Yes.", by=rep, at=make.at)
    session.rollback()
    conversation.reopen(later, "Perhaps.", by=rep, at=make.at)
    assert (later.claim, later.payout) == ("in_conflict", "none")
    with pytest.raises(RuleBroken):
        record_payout(later, "due", text="Yes.", by=rep, at=make.at)


def test_the_appeal_is_against_whoever_has_the_prospect_now(make: Making, claims: dict[int, Lead]) -> None:
    rep = make.rep()
    decide(conflict_of(claims[2], claims[1]), "keep", text="One.", by=rep, at=make.at)
    decide(conflict_of(claims[3], claims[1]), "give", text="Three.", by=rep, at=make.at)
    appeal_granted(claims[2], rep, make)
    assert [(one.lead_id, one.against_id) for one in open_conflicts()] == [(claims[2].id, claims[3].id)]


def test_the_holder_learns_nothing_of_the_appeal(dispute: tuple[Making, Lead, Lead, Actor]) -> None:
    make, earlier, later, rep = dispute
    decide(conflict_of(later, earlier), "keep", text="First.", by=rep, at=make.at)
    before = [event.kind for event in timeline_of(viewer_of(earlier), earlier)]
    changed_at = earlier.changed_at
    appeal_granted(later, rep, make)
    assert [event.kind for event in timeline_of(viewer_of(earlier), earlier)] == before
    assert earlier.changed_at == changed_at
    assert timeline_of(rep, earlier)[0].kind == "claimed_by_other"
