"""Submitting and moving leads, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.lead_list import LeadList, LeadWish
from referrals.leads.models import LeadConflict, LeadCount
from referrals.leads.operations import change_status, record_payout
from referrals.leads.ownership import AlreadySubmitted, decide
from referrals.leads.queries import timeline_of
from referrals.leads.rules import NoAppeal, StaysSubmitted
from referrals.lifecycle import IllegalMove
from referrals.outbox.models import Notification, OutboxMessage
from tests.making import Making


@pytest.fixture
def make(make_on_both: Making) -> Making:
    """Everything here runs on SQLite and on PostgreSQL."""
    return make_on_both


def kinds(viewer, lead):
    return [event.kind for event in timeline_of(viewer, lead)]


def test_a_submitted_lead_is_assigned_confirmed_and_on_the_timeline(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    assert lead.rep_id == rep.rep_id
    assert kinds(member, lead) == ["assigned", "submitted"]
    mails = {(mail.template, mail.person_id) for mail in session.scalars(select(OutboxMessage))}
    assert mails == {("lead_submitted", member.person_id), ("lead_assigned", rep.person_id)}


def test_without_any_rep_the_lead_waits_and_administrators_are_told(make: Making) -> None:
    admin, member = make.admin(), make.member()
    assert make.lead(member).rep_id is None
    told = session.scalars(select(Notification).where(Notification.person_id == admin.person_id)).all()
    assert [notification.template for notification in told] == ["lead_unassigned"]


def test_reps_take_turns(make: Making) -> None:
    first, second, member = make.rep(), make.rep(), make.member()
    turns = [make.lead(member).rep_id for _ in range(4)]
    assert turns == [first.rep_id, second.rep_id, first.rep_id, second.rep_id]


def test_the_list_shows_counts_searches_and_filters(make: Making) -> None:
    make.rep(name="Rita Romero")
    member = make.member()
    lodz = make.lead(member, business_name="Łódzkie Meble", contact_name="Żaneta")
    make.lead(member, "pos", business_name="上海有赞贸易", contact_name="李小龙")
    make.lead(make.member(), business_name="Łódzkie inne")

    def refs(**wish):
        found = LeadList(member, LeadWish(**wish)).slice()
        assert found.total == len(found.rows)
        return [row.business_name for row in found.rows]

    assert set(refs()) == {"Łódzkie Meble", "上海有赞贸易"}
    assert refs(q="lodz") == refs(q="ŁÓDZKIE me") == refs(q="zan") == ["Łódzkie Meble"]
    assert refs(q="贸") == refs(q="有赞") == refs(q="小龙") == ["上海有赞贸易"]
    assert refs(product="pos") == ["上海有赞贸易"]
    assert refs(sort="business_name") == ["Łódzkie Meble", "上海有赞贸易"]
    assert refs(q="x", status="awarded") == []
    assert lodz.search_text.startswith("lodzkie meble")


def test_an_award_makes_the_payout_due(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    change_status(lead, "in_progress", by=rep, at=make.later(hours=1))
    change_status(lead, "awarded", by=rep, at=make.later(hours=2))
    assert (lead.status, lead.payout) == ("awarded", "due")
    assert kinds(member, lead) == ["payout", "status", "status", "assigned", "submitted"]
    session.commit()
    counts = [(c.status, c.payout, c.leads) for c in session.scalars(select(LeadCount)) if c.leads]
    assert counts == [("awarded", "due", 1)]


def test_a_pos_lead_without_support_stays_submitted_also_after_the_payout(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member, "pos", sales_support=False)
    for target in ("in_progress", "awarded", "ineligible"):
        with pytest.raises(StaysSubmitted):
            change_status(lead, target, reason="other", text="no", by=rep, at=make.at)
    record_payout(lead, "due", by=rep, at=make.at)
    record_payout(lead, "paid", by=rep, at=make.at)
    assert (lead.status, lead.payout) == ("submitted", "paid")


def test_a_refused_pos_lead_without_support_can_be_appealed_once(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member, "pos", sales_support=False)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    with pytest.raises(NoAppeal):
        record_payout(lead, "due", by=rep, at=make.at)
    conversation.appeal(lead, "They have two locations.", by=member, at=make.at)
    record_payout(lead, "due", text="You are right.", by=rep, at=make.at)
    assert (lead.status, lead.payout) == ("submitted", "due")
    with pytest.raises(conversation.NothingToAppeal):
        conversation.appeal(lead, "Again.", by=member, at=make.at)


def test_a_refused_lead_is_reopened_on_appeal_only(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    assert lead.payout == "not_eligible"
    with pytest.raises(NoAppeal):
        change_status(lead, "in_progress", reason="mistake", by=rep, at=make.at)
    conversation.appeal(lead, "They are.", by=member, at=make.at)
    change_status(lead, "in_progress", text="We talked again.", by=rep, at=make.at)
    assert (lead.status, lead.payout) == ("in_progress", "none")
    with pytest.raises(conversation.NothingToAppeal):
        conversation.appeal(lead, "Once more.", by=member, at=make.at)


def test_a_lead_in_conflict_is_not_awarded_before_the_decision(make: Making) -> None:
    rep, first, second = make.rep(), make.member(), make.member()
    earlier = make.lead(first, website_url="https://www.meble.example.org/shop")
    later = make.lead(second, at=make.later(days=3), website_url="http://meble.example.org")
    assert (earlier.claim, later.claim) == ("owner", "in_conflict")
    assert kinds(second, later)[0] == "conflict"
    assert "claimed_by_other" not in kinds(first, earlier)
    change_status(later, "in_progress", by=rep, at=make.at)
    with pytest.raises(Exception, match="Decide first"):
        change_status(later, "awarded", by=rep, at=make.at)
    conflict = session.scalars(select(LeadConflict)).one()
    assert conflict.matched == ["host"]
    decide(conflict, "give", text="Has the signed letter.", by=rep, at=make.at)
    session.commit()
    assert (earlier.claim, later.claim) == ("lost", "owner")
    assert earlier.status == "ineligible"
    assert kinds(first, earlier)[0:2] == ["status", "conflict_decided"]


def test_the_claim_ends_after_ninety_days_exactly(make: Making) -> None:
    first, second, third = make.member(), make.member(), make.member()
    make.lead(first, contact_email="Ana.B+x@gmail.com")
    within = make.lead(second, at=make.later(days=90) - timedelta(microseconds=1), contact_email="anab@googlemail.com")
    after = make.lead(third, at=make.later(days=181), contact_email="anab@gmail.com")
    assert (within.claim, after.claim) == ("in_conflict", "owner")


def test_the_same_partner_cannot_submit_an_open_prospect_twice(make: Making) -> None:
    member = make.member()
    lead = make.lead(member, contact_phone="+48600700800")
    with pytest.raises(AlreadySubmitted) as refused:
        make.lead(member, contact_phone="+48600700800")
    assert refused.value.values["ref"] == lead.ref
    session.rollback()


def test_support_can_be_requested_later(make: Making) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member, "pos", sales_support=False)
    conversation.request_support(lead, by=member, at=make.at)
    change_status(lead, "in_progress", by=rep, at=make.at)
    assert lead.status == "in_progress"


def test_plus_with_support_is_not_awarded_straight_from_submitted(make: Making) -> None:
    rep, member = make.rep(), make.member()
    with pytest.raises(IllegalMove):
        change_status(make.lead(member), "awarded", by=rep, at=make.at)
    unsupported = make.lead(member, sales_support=False)
    change_status(unsupported, "awarded", by=rep, at=make.at)
    assert unsupported.status == "awarded"


def test_renaming_rep_and_partner_follows_into_the_sort_keys(make: Making) -> None:
    make.rep(name="Zed")
    lead = make.lead(make.member())
    lead.rep.person.name = "Ąda"
    lead.partner.name = "Éclair"
    session.commit()
    session.refresh(lead)
    assert (lead.rep_key, lead.partner_key) == ("ada", "eclair")
