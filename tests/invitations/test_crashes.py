"""Killed before any statement: an answer, and the upgrade after it, stands with everything or not at all (P4 P6)."""

from collections.abc import Callable

import pytest
from flask import Flask

from referrals.activating import activate_due
from referrals.db import session
from referrals.errors import NotFound
from referrals.invitations.answers import Evidence, accept, decline
from referrals.invitations.operations import submit_with_invitation
from referrals.invitations.rules import NotReady
from referrals.leads.ownership import AlreadySubmitted
from tests.faults.crashing import REHEARSAL, Look, Work, crash_everywhere
from tests.faults.wholeness import census, faults_of
from tests.invitations.test_activating import HOOK_BOX
from tests.inviting import BOX, invited, link_of, make_store, submission
from tests.making import Making

# How it is meant here: representatives hear of the lead later, and owners have no bell.
MEANT = ("lacks its mail to the rep", "lacks a bell for each mail")


def faults(url: str) -> list[str]:
    """What is torn."""
    return [fault for fault in faults_of(url) if not fault.endswith(MEANT)]


INVITED = Look(census, faults)


@pytest.fixture
def links(make: Making) -> Callable[[int], str]:
    """The link of one invitation for the rehearsal, and of one for every other number."""
    make.rep()
    member, tokens = make.member(), {}
    for number in (REHEARSAL, 0):
        make_store(make, f"store{number}.example.org")
        tokens[number] = link_of(invited(make, member, domain=f"store{number}.example.org"))
    session.rollback()
    return lambda number: tokens[REHEARSAL if number == REHEARSAL else 0]


def answering(verb: Callable[[int], object]) -> Work:
    """An owner's answer, and one commit; done before, the link is over."""

    def answer(number: int) -> str:
        try:
            verb(number)
        except NotFound:
            session.rollback()
        else:
            session.commit()
        return "answered"

    return answer


def test_an_acceptance_is_whole(app: Flask, make: Making, links: Callable[[int], str]) -> None:
    work = answering(lambda number: accept(links(number), Evidence(), at=make.at))
    assert list(crash_everywhere(app, work, look=INVITED)) == []


def test_a_refusal_is_whole(app: Flask, make: Making, links: Callable[[int], str]) -> None:
    work = answering(lambda number: decline(links(number), at=make.at))
    assert list(crash_everywhere(app, work, look=INVITED)) == []


def test_an_upgrade_is_whole(app: Flask, make: Making, links: Callable[[int], str]) -> None:
    def upgrade(number: int) -> str:
        if number == REHEARSAL:
            accept(links(number), Evidence(), at=make.at)
            session.commit()
        activate_due(HOOK_BOX, at=make.at, stop=lambda: False)
        if number == REHEARSAL:
            accept(links(0), Evidence(), at=make.at)
            session.commit()
        return "upgraded"

    assert list(crash_everywhere(app, upgrade, look=INVITED)) == []


def test_lead_and_invitation_are_whole(app: Flask, make: Making) -> None:
    make.rep()
    member = make.member()
    for number in (REHEARSAL, 0):
        make_store(make, f"store{number}.example.org")
    wanted = {number: submission(make, member, f"store{number}.example.org").values for number in (REHEARSAL, 0)}

    def submit(number: int) -> str:
        values = wanted[REHEARSAL if number == REHEARSAL else 0]
        domain = str(values["store_domain"])
        facts = {name: value for name, value in values.items() if name != "store_domain"}
        try:
            submit_with_invitation(submission(make, member, domain, **facts), "", box=BOX, by=member, at=make.at)
        except (AlreadySubmitted, NotReady):
            session.rollback()
        else:
            session.commit()
        return "submitted"

    assert list(crash_everywhere(app, submit, look=INVITED)) == []
