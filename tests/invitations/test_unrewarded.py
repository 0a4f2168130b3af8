"""Leads that were won before there were referrals, or elsewhere, get theirs once (`SPEC §4`)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from referrals.activating import reward_won
from referrals.db import session
from referrals.earnings.models import Earning
from referrals.leads.models import Lead
from referrals.leads.operations import change_status, record_payout
from referrals.ledger.checking import check_books
from referrals.partners.models import Referral
from tests.invitations.test_activating import accepted
from tests.making import Making


def tick(make: Making) -> tuple[int, int]:
    session.commit()
    done = reward_won(at=make.later(days=9), stop=lambda: False)
    session.rollback()
    return done


def won_before(make: Making, product: str, status: str, payout: str, **facts: Any) -> Lead:
    """A lead as the version before this one left it."""
    lead = make.lead(make.member(), product, **facts)
    # Straight into the table: no operation leaves them without a referral.
    lead.status, lead.payout = status, payout
    session.commit()
    return lead


def amounts() -> list[tuple[str, int]]:
    return [(one.kind, one.amount_minor) for one in session.query(Earning)]


@pytest.mark.parametrize(
    ("product", "status", "payout", "facts", "bounties"),
    [
        ("plus", "awarded", "due", {}, []),
        ("plus", "awarded", "paid", {}, []),
        ("plus", "awarded", "none", {}, []),
        ("pos", "awarded", "due", {}, [("bounty", 50000)]),
        ("pos", "submitted", "due", {"sales_support": False}, [("bounty", 50000)]),
        ("pos", "awarded", "paid", {}, []),
        ("pos", "submitted", "paid", {"sales_support": False}, []),
        ("pos", "awarded", "none", {}, []),
    ],
)
def test_a_lead_that_was_won_gets_its_referral_once(
    make: Making, product: str, status: str, payout: str, facts: dict[str, Any], bounties: list[tuple[str, int]]
) -> None:
    lead = won_before(make, product, status, payout, **facts)
    assert tick(make) == (1, 0)
    referral = session.query(Referral).one()
    assert (referral.lead_id, referral.status, referral.referred_at) == (lead.id, "active", lead.changed_at)
    assert (amounts(), session.get_one(Lead, lead.id).payout) == (bounties, payout)
    assert tick(make) == (0, 0)
    assert check_books(at=make.at).first_problem is None


@pytest.mark.parametrize(
    ("product", "status", "payout"),
    [
        ("plus", "submitted", "none"),
        ("plus", "in_progress", "none"),
        ("plus", "ineligible", "not_eligible"),
        ("plus", "awarded", "not_eligible"),
        ("pos", "submitted", "none"),
        ("pos", "awarded", "not_eligible"),
    ],
)
def test_what_was_not_won_gets_none(make: Making, product: str, status: str, payout: str) -> None:
    won_before(make, product, status, payout)
    assert (tick(make), session.query(Referral).count()) == ((0, 0), 0)


def test_the_referral_has_the_date_of_the_award(make_on_both: Making) -> None:
    make = make_on_both
    lead, rep = make.lead(make.member()), make.rep()
    change_status(lead, "in_progress", by=rep, at=make.at)
    change_status(lead, "awarded", by=rep, at=make.later(days=1))
    record_payout(lead, "paid", by=rep, at=make.later(days=2))
    session.execute(delete(Referral))
    assert tick(make) == (1, 0)
    assert session.query(Referral).one().referred_at == make.at + timedelta(days=1)


def test_an_upgrade_that_is_under_way_makes_its_own(make: Making) -> None:
    accepted(make)
    assert (tick(make), session.query(Referral).count()) == ((0, 0), 0)


def test_one_that_cannot_be_written_holds_up_no_other(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (won_before(make, "plus", "awarded", "due") for _ in range(2))
    monkeypatch.setattr("referrals.activating.PORTION", 1)
    business = first.business_name

    def breaks(lead: Lead, **_: Any) -> None:
        if lead.business_name == business:
            raise ValueError

    with monkeypatch.context() as broken:
        broken.setattr("referrals.leads.rewards.won_at", lambda lead: breaks(lead) or lead.changed_at)
        assert tick(make) == (1, 1)
    assert session.query(Referral).one().lead_id == second.id
    assert tick(make) == (1, 0)
