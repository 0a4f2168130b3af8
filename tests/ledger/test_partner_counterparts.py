"""The books of partners against earnings, revenue and payouts: the first row that disagrees is named (P17)."""

from datetime import date

import pytest
from sqlalchemy import text

from referrals.db import session
from referrals.earnings.operations import pay_outside, report_revenue
from referrals.ledger.checking import check_books, check_owner
from referrals.ledger.operations import OUTSIDE, PARTNER, AccountName, Draft, Owner, post_entry, reserved
from referrals.partners.referrals import record_referral
from referrals.payouts.models import Payout
from referrals.people.rules import SYSTEM
from tests.making import Making

PAYOUTS = (("paid", 300), ("pending", 200), ("failed", 100))


@pytest.fixture
def owner(make_on_both: Making) -> Owner:
    """A partner with a fee, its correction, something paid by hand, and payouts in each state."""
    make = make_on_both
    partner = make.partner()
    referral = record_referral(
        partner, "affiliate_link", merchant="M", referred_at=make.at, currency="USD", by=SYSTEM, at=make.at
    )
    owner = Owner("partner", partner.id, "USD")
    month = make.at.date().replace(day=1)
    for number, (status, minor) in enumerate(PAYOUTS):
        _, _ = report_revenue(
            referral,
            external_id=f"row-{number}",
            month=month,
            kind="adjustment",
            amount_minor=minor * 5,
            currency="USD",
            by=SYSTEM,
            at=make.at,
        )
        payout = Payout(
            partner_id=partner.id,
            currency="USD",
            period_from=date(2026, 1 + number, 1),
            period_until=date(2026, 1 + number, 15),
            due_on=date(2026, 1 + number, 22),
            amount_minor=minor,
            status=status,
            created_at=make.at,
        )
        session.add(payout)
        session.flush()
        held = "UPDATE earnings SET payout_id = :payout WHERE payout_id IS NULL"
        if status != "failed":
            session.execute(text(held), {"payout": payout.id})
        book(owner, payout, "payout", PARTNER, reserved(0), make)
        if status == "paid":
            book(owner, payout, "payout_paid", reserved(0), OUTSIDE, make)
        if status == "failed":
            book(owner, payout, "payout_failed", reserved(0), PARTNER, make)
    pay_outside(referral, by=SYSTEM, at=make.at)
    session.commit()
    return owner


def book(owner: Owner, payout: Payout, kind: str, source: AccountName, target: AccountName, make: Making) -> None:
    postings = ((source, -payout.amount_minor), (target, payout.amount_minor))
    post_entry(owner, Draft(kind, f"{kind}:{payout.id}", postings, make.at, f"payout:{payout.id}"))


def unlock_earnings() -> None:
    """As somebody with the database in hand would."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE earnings DISABLE TRIGGER ALL"))
    else:
        session.execute(text("DROP TRIGGER earnings_refuse_update"))


def test_what_was_lived_agrees_with_the_books(make_on_both: Making, owner: Owner) -> None:
    finding = check_books(at=make_on_both.at)
    assert (finding.first_problem, finding.entries) == (None, 9)
    assert check_owner(owner).ok


WRONGS = {
    "earning": "UPDATE earnings SET amount_minor = amount_minor + 1 WHERE kind = 'paid_outside'",
    "revenue_month": "UPDATE revenue_months SET earned_minor = earned_minor + 1",
    "revenue": "UPDATE referrals SET revenue_minor = revenue_minor + 1",
    "payout": "UPDATE payouts SET status = 'pending' WHERE status = 'failed'",
    "payout_holds": "UPDATE earnings SET payout_id = NULL",
    "on_its_way": "UPDATE payouts SET status = 'paid' WHERE status = 'pending'",
}


@pytest.mark.parametrize("kind", WRONGS)
def test_what_does_not_agree_is_named(make_on_both: Making, owner: Owner, kind: str) -> None:
    if kind == "earning":
        unlock_earnings()
    session.execute(text(WRONGS[kind]))
    session.commit()
    for finding in (check_owner(owner), check_books(at=make_on_both.at)):
        assert finding.first_problem is not None
        assert finding.first_problem.kind == kind
        assert str(finding.first_problem)


def test_money_that_nobody_earned_is_found(make_on_both: Making, owner: Owner) -> None:
    post_entry(owner, Draft("earning", "earning:1", ((OUTSIDE, -5), (PARTNER, 5)), make_on_both.at))
    session.commit()
    problem = check_owner(owner).first_problem
    assert problem is not None
    assert (problem.kind, problem.values["row"]) == ("unearned", owner.id)
