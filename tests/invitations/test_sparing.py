"""Owners are not written to without end: not after they said no, and three times a day at most (`SPEC §3`)."""

from datetime import timedelta

import pytest
from flask import Flask

from referrals.activating import close_invitations
from referrals.db import session
from referrals.invitations.answers import decline
from referrals.invitations.operations import invite_for, resend, revoke
from referrals.invitations.queries import eligibility
from referrals.invitations.rules import NotReady, SentEnough
from referrals.leads.catalogue import programme
from referrals.leads.ownership import hold_prospects_of
from referrals.leads.queries import get_lead
from referrals.people.rules import Actor
from tests.inviting import BOX, DOMAIN, invitation_of, invited, link_of, mails, make_store
from tests.leads.at_once import at_once
from tests.making import Making

MAIL = "upgrade_invitation"
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
REST = timedelta(days=30)


def answer(make: Making, member: Actor, after: timedelta, domain: str = DOMAIN) -> str:
    return eligibility(domain, member.partner_id or 0, programme(), at=make.at + after).answer


def test_an_owner_who_declined_is_not_invited_for_thirty_days(make_on_both: Making) -> None:
    make = make_on_both
    make_store(make)
    make_store(make, "other.example.org")
    member, rival = make.member(), make.member()
    lead = invited(make, member)
    decline(link_of(lead), at=make.at)
    session.commit()
    for after in (timedelta(0), REST - TICK):
        assert [answer(make, one, after) for one in (member, rival)] == ["not_ready"] * 2
        with pytest.raises(NotReady) as broken:
            invite_for(lead, "Again", box=BOX, by=member, at=make.at + after)
        assert broken.value.answer == "not_ready"
        with pytest.raises(NotReady):
            invited(make, rival, at=make.at + after)
        session.rollback()
    assert answer(make, rival, timedelta(0), "other.example.org") == "ready"
    assert answer(make, rival, REST) == "ready"
    invite_for(lead, "Again", box=BOX, by=member, at=make.at + REST)
    session.commit()
    assert invitation_of(lead).status == "sent"


def test_an_invitation_that_expired_is_not_sent_again_after_another_was_declined(make_on_both: Making) -> None:
    make = make_on_both
    make_store(make)
    first, second = make.member(), make.member()
    expired = invited(make, first)
    close_invitations(at=make.at + REST, stop=lambda: False)
    decline(link_of(invited(make, second, at=make.at + REST + DAY)), at=make.at + REST + 2 * DAY)
    session.commit()
    with pytest.raises(NotReady):
        resend(invitation_of(expired), box=BOX, by=first, at=make.at + REST + 3 * DAY)


@pytest.mark.parametrize("steps", [
    "invite again again", "invite revoke invite revoke invite", "invite again revoke invite",
    "invite revoke invite again",
])  # fmt: skip
def test_an_owner_gets_three_mails_a_day_however_they_are_sent(make_on_both: Making, steps: str) -> None:
    make = make_on_both
    make_store(make)
    member, rival = make.member(), make.member()
    lead = make.lead(member, store_domain=DOMAIN)
    for minute, step in enumerate(steps.split()):
        take(step, make, lead.ref, member, timedelta(minutes=minute))
    is_open = invitation_of(lead).status == "sent"
    for after in (timedelta(hours=1), DAY - TICK):
        with pytest.raises(SentEnough if is_open else NotReady):
            take("again" if is_open else "invite", make, lead.ref, member, after)
        session.rollback()
    if is_open:
        take("revoke", make, lead.ref, member, timedelta(hours=1))
    assert [answer(make, one, DAY - TICK) for one in (member, rival)] == ["not_ready"] * 2
    with pytest.raises(NotReady):
        invited(make, rival, at=make.at + DAY - TICK)
    session.rollback()
    invited(make, rival, at=make.at + DAY)


def take(step: str, make: Making, ref: str, member: Actor, after: timedelta) -> None:
    lead, at = get_lead(member, ref), make.at + after
    if step == "invite":
        invite_for(lead, "", box=BOX, by=member, at=at)
    elif step == "again":
        resend(invitation_of(lead), box=BOX, by=member, at=at)
    else:
        revoke(invitation_of(lead), by=member, at=at)
    session.commit()


def test_staff_send_no_more_than_that_either(make: Making) -> None:
    make_store(make)
    lead, rep = invited(make, make.member()), make.rep()
    for _ in range(2):
        take("again", make, lead.ref, rep, timedelta(0))
    with pytest.raises(SentEnough):
        take("again", make, lead.ref, rep, timedelta(0))


def test_of_eight_who_send_again_at_once_two_do(app_on_both: Flask, make_on_both: Making) -> None:
    make = make_on_both
    make_store(make)
    member = make.member()
    ref = invited(make, member).ref
    session.rollback()

    def again() -> None:
        hold_prospects_of(get_lead(member, ref).id)
        resend(invitation_of(get_lead(member, ref, for_update=True)), box=BOX, by=member, at=make.at)

    assert sorted(at_once(app_on_both, [again] * 8)) == ["SentEnough"] * 6 + ["stored"] * 2
    assert len(mails(MAIL, ref)) == 1, "the earlier ones that were not sent yet are dropped"
