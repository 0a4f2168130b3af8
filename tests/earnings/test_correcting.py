"""What a wrong plan withheld, or came while a referral was closed, is earned when that is put right (`SPEC §4`)."""

from datetime import date, datetime

from referrals.db import session
from referrals.earnings.correcting import correct_plan, take_up_again
from referrals.earnings.models import Earning, EarningTerms
from referrals.earnings.operations import report_revenue
from referrals.explanations.earning import explain_earning
from referrals.ledger.checking import check_books
from referrals.partners.models import Referral, RevenueMonth
from referrals.partners.referrals import close_referral
from referrals.people.rules import SYSTEM
from referrals.transfer.platform_reports import ToldReferral, take_referral
from tests.earnings.conftest import REFERRED, Refer
from tests.making import Making

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


def report(referral: Referral, month: date, minor: int, at: datetime, kind: str = "platform_fee") -> None:
    key = f"{month} {kind}"
    told = {"external_id": key, "month": month, "kind": kind, "amount_minor": minor, "currency": "USD"}
    report_revenue(referral, **told, by=SYSTEM, at=at)  # type: ignore[arg-type]
    session.commit()


def earned(referral: Referral, at: datetime) -> list[tuple[str, int]]:
    """What a referral earned; books and explanations agree with it."""
    session.commit()
    found = session.query(Earning).filter_by(referral_id=referral.id).order_by(Earning.id).all()
    assert all(explain_earning(one).agrees for one in found)
    assert check_books(at=at).first_problem is None
    return [(one.kind, one.amount_minor) for one in found]


def promise_bounty(at: datetime) -> None:
    terms = {"plans": ["basic"], "excluded_plans": [], "texts": {}, "starts_at": REFERRED, "created_at": at}
    session.add(EarningTerms(category="store_transfer", kind="bounty", amount_minor=5000, currency="USD", **terms))
    session.commit()


def test_months_that_a_wrong_plan_kept_from_earning_earn_once_it_is_put_right(
    refer_on_both: Refer, at: datetime
) -> None:
    referral = refer_on_both("affiliate_link", plan="starter")
    report(referral, JUNE, 1003, at)
    report(referral, JUNE, 1001, at, "adjustment")
    report(referral, JULY, 3000, at)
    assert earned(referral, at) == []
    for _ in range(2):
        correct_plan(referral, "basic", by=SYSTEM, at=at)
        assert earned(referral, at) == [("recurring", 401), ("recurring", 600)]
    assert {month.reason for month in session.query(RevenueMonth)} == {""}
    correct_plan(referral, "starter", by=SYSTEM, at=at)
    assert earned(referral, at) == [("recurring", 401), ("recurring", 600)]


def test_months_that_came_while_a_referral_was_closed_earn_once_it_is_taken_up_again(
    refer_on_both: Refer, at: datetime
) -> None:
    referral = refer_on_both()
    close_referral(referral, by=SYSTEM, at=datetime.fromisoformat("2026-05-10T00:00:00+00:00"))
    report(referral, JUNE, 1000, at)
    assert earned(referral, at) == []
    take_up_again(referral, by=SYSTEM, at=at)
    assert earned(referral, at) == [("recurring", 200)]


def test_a_bounty_that_a_wrong_plan_withheld_is_earned_once_when_it_is_put_right(refer: Refer, at: datetime) -> None:
    promise_bounty(at)
    referral = refer("store_transfer", plan="starter")
    for plan in ("basic", "starter", "basic"):
        correct_plan(referral, plan, by=SYSTEM, at=at)
    assert earned(referral, at) == [("bounty", 5000)]


def test_a_closed_referral_earns_its_bounty_when_it_is_taken_up_again(refer: Refer, at: datetime) -> None:
    promise_bounty(at)
    referral = refer("store_transfer", plan="starter")
    close_referral(referral, by=SYSTEM, at=at)
    correct_plan(referral, "basic", by=SYSTEM, at=at)
    assert earned(referral, at) == []
    take_up_again(referral, by=SYSTEM, at=at)
    assert earned(referral, at) == [("bounty", 5000)]


def test_a_plan_that_the_platform_puts_right_earns_the_bounty(make: Making, at: datetime) -> None:
    promise_bounty(at)
    partner = make.partner()
    for plan, bounties in (("starter", []), ("basic", [("bounty", 5000)])):
        told = ToldReferral(partner, "Acme", "acme.example.org", REFERRED, plan, "store_transfer", "")
        referral, _ = take_referral(told, currency="USD", by=SYSTEM, at=at)
        assert earned(referral, at) == bounties
