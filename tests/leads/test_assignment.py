"""Who gets a lead: whoever's turn it is of those who are here, also when many are submitted at once."""

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead
from referrals.leads.operations import Submission, submit_lead
from referrals.outbox.models import OutboxMessage
from referrals.partners.models import Partner
from referrals.people.models import Membership, Person
from referrals.people.operations import change_membership, make_representative
from referrals.people.rules import SYSTEM, Actor
from tests.leads.at_once import at_once
from tests.making import Making

PARTNERS, LEADS_EACH, REPS = 6, 10, 4


def leave(make: Making, rep: Actor, status: str) -> None:
    """The rep leaves or is suspended, and somebody ticks that new leads come to them all the same."""
    change_membership(session.get_one(Membership, rep.membership_id), status, by=SYSTEM, at=make.at)
    make_representative(session.get_one(Person, rep.person_id), available=True)
    session.commit()


def submitting(make: Making, member: Actor) -> Callable[[], object]:
    def submit() -> None:
        for _ in range(LEADS_EACH):
            partner = session.get_one(Partner, member.partner_id)
            submit_lead(Submission(partner, get_product("plus"), make.values()), by=member, at=make.at)
            session.commit()

    return submit


def test_turns_are_even_when_many_submit_at_once(app_on_both: Flask, make_on_both: Making) -> None:
    for _ in range(REPS):
        make_on_both.rep()
    members = [make_on_both.member() for _ in range(PARTNERS)]
    results = at_once(app_on_both, [submitting(make_on_both, member) for member in members])
    assert results == ["stored"] * PARTNERS
    shares = Counter(session.scalars(select(Lead.rep_id)))
    assert sorted(shares.values()) == [PARTNERS * LEADS_EACH // REPS] * REPS


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_nobody_who_is_gone_gets_new_leads(make: Making, status: str) -> None:
    gone, here, member = make.rep(), make.rep(), make.member()
    leave(make, gone, status)
    assert {make.lead(member).rep_id for _ in range(3)} == {here.rep_id}


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_mail_of_a_rep_who_is_gone_comes_to_the_administrators(make: Making, status: str) -> None:
    admin, rep, member = make.admin(), make.rep(), make.member()
    lead = make.lead(member)
    leave(make, rep, status)
    conversation.send_message(lead, "They would pay in May.", by=member, at=make.at)
    session.commit()
    mails = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "lead_message"))
    assert [mail.person_id for mail in mails] == [admin.person_id]


def test_a_rep_who_came_back_gets_the_mail_again(make: Making) -> None:
    make.admin()
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    leave(make, rep, "left")
    change_membership(session.get_one(Membership, rep.membership_id), "active", by=SYSTEM, at=make.at)
    conversation.send_message(lead, "They would pay in May.", by=member, at=make.at)
    mails = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "lead_message"))
    assert [mail.person_id for mail in mails] == [rep.person_id]
