"""What an explanation computes from stored facts is what is booked, whatever was reported (`SPEC §12`, P3)."""

import random
from datetime import date

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.operations import earn_bounty, pay_outside, report_revenue, reverse_bounty
from referrals.explanations.earning import explain_earning
from referrals.leads.rewards import refer
from referrals.ledger.checking import check_books
from referrals.money import share_of_rate
from referrals.partners.models import RevenueMonth
from referrals.partners.referrals import record_referral
from referrals.people.rules import SYSTEM
from tests.making import Making

SEED = 20261123


def test_every_earning_of_a_random_history_agrees_with_the_books(make_on_both: Making) -> None:
    make, dice = make_on_both, random.Random(SEED)
    partner = make.partner()
    referrals = [
        record_referral(
            partner,
            dice.choice(["affiliate_link", "store_transfer"]),
            merchant=f"M{number}",
            plan=dice.choice(["basic", "starter"]),
            referred_at=make.at.replace(month=dice.randint(1, 6)),
            currency="USD",
            by=SYSTEM,
            at=make.at,
        )
        for number in range(5)
    ]
    for number in range(120):
        report_revenue(
            dice.choice(referrals),
            external_id=f"row-{number}",
            month=date(2026, dice.randint(1, 10), 1),
            kind="adjustment",
            amount_minor=dice.randint(-5000, 20000),
            currency="USD",
            by=SYSTEM,
            at=make.at,
        )
    bounty = refer(make.lead(make.member(partner), "pos"), by=SYSTEM, at=make.at)
    earn_bounty(bounty, by=SYSTEM, at=make.at)
    pay_outside(bounty, by=SYSTEM, at=make.at)
    reverse_bounty(bounty, by=SYSTEM, at=make.at)
    session.commit()
    told = [explain_earning(earning) for earning in session.query(Earning)]
    assert len(told) > 50, SEED
    assert [one.earning.id for one in told if not one.agrees] == []
    for month in session.query(RevenueMonth):
        expected = 0 if month.reason else share_of_rate(month.revenue_minor, 2000)
        assert month.earned_minor == expected, (SEED, month.referral_id, month.month)
    assert {month.reason for month in session.query(RevenueMonth)} == {"", "plan", "before_referral"}
    assert check_books(at=make.at).first_problem is None
