"""Terms as versions: which hold, and what a new one leaves alone (`SPEC §4`)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.operations import earn_bounty, report_revenue
from referrals.earnings.promising import StartsInThePast, Wanted, add_terms
from referrals.earnings.terms import terms_in_force, terms_of, told_versions
from referrals.errors import NotAllowed
from referrals.partners.models import Referral
from referrals.people.models import AuditEntry
from referrals.people.rules import Actor
from tests.earnings.conftest import Refer
from tests.leads.at_once import at_once
from tests.making import Making


@pytest.fixture
def admin(make: Making) -> Actor:
    return make.admin()


def promise(by: Actor, at: datetime, **changes: Any) -> None:
    add_terms(Wanted(**({"category": "affiliate_link", "kind": "recurring", "rate_bp": 1000} | changes)), by=by, at=at)
    session.commit()


def tell(referral: Referral, month: date, at: datetime, by: Actor) -> None:
    report_revenue(
        referral,
        external_id=f"{referral.id} {month}",
        month=month,
        kind="platform_fee",
        amount_minor=10_000,
        currency="USD",
        by=by,
        at=at,
    )
    session.commit()


def amounts() -> list[int]:
    return list(session.scalars(session.query(Earning.amount_minor).order_by(Earning.id).statement))


def test_the_terms_of_the_beginning_are_those_of_the_source(app: Any, at: datetime) -> None:
    found = {category: terms_in_force(category, at) for category in ("plus_lead", "pos_lead", "store_transfer")}
    assert [(one.kind, one.rate_bp, one.amount_minor, one.excluded_plans) for one in found.values() if one] == [
        ("recurring", 2000, None, ["starter"]),
        ("bounty", None, 50000, ["starter"]),
        ("recurring", 2000, None, ["starter"]),
    ]


def test_a_referral_keeps_the_terms_of_its_day(admin: Actor, refer: Refer, at: datetime) -> None:
    before = refer("affiliate_link", referred_at=at - timedelta(seconds=1))
    promise(admin, at)
    after = refer("affiliate_link", referred_at=at)
    for referral in (before, after):
        tell(referral, at.date().replace(day=1), at, admin)
    assert amounts() == [2000, 1000]


def test_of_two_versions_with_one_start_the_later_made_holds(admin: Actor, at: datetime) -> None:
    start = at + timedelta(days=7)
    promise(admin, at, starts_at=start, rate_bp=1000)
    promise(admin, at, starts_at=start, rate_bp=1500)
    found = terms_in_force("affiliate_link", start)
    assert found is not None
    assert found.rate_bp == 1500
    assert [(told.number, told.terms.rate_bp) for told in told_versions("affiliate_link")] == [(1, 2000), (2, 1500)]


def test_terms_never_start_in_the_past(admin: Actor, at: datetime) -> None:
    with pytest.raises(StartsInThePast):
        promise(admin, at, starts_at=at - timedelta(microseconds=1))


def test_only_administrators_promise(make: Making, at: datetime) -> None:
    with pytest.raises(NotAllowed):
        promise(make.rep(), at)


def test_what_does_not_belong_to_a_kind_is_not_kept(admin: Actor, at: datetime) -> None:
    promise(admin, at, kind="nothing", amount_minor=5, currency="USD", months=3, plans=("plus",), min_locations=3)
    made = terms_in_force("affiliate_link", at)
    assert made is not None
    assert (made.rate_bp, made.months, made.amount_minor, made.plans, made.min_locations) == (
        None,
        None,
        None,
        [],
        None,
    )
    assert session.query(AuditEntry).filter_by(action="terms_added").count() == 1


def test_a_share_ends_after_its_months(admin: Actor, refer: Refer, at: datetime) -> None:
    start = datetime(2026, 8, 20, tzinfo=UTC)
    promise(admin, start, months=2)
    referral = refer("affiliate_link", referred_at=start)
    for month in (7, 8, 9, 10):
        tell(referral, date(2026, month, 1), at, admin)
    assert amounts() == [1000, 1000]


def test_a_category_can_change_to_a_fixed_amount(admin: Actor, refer: Refer, at: datetime) -> None:
    promise(admin, at, kind="bounty", amount_minor=7500, currency="USD")
    referral = refer("affiliate_link", referred_at=at)
    tell(referral, at.date().replace(day=1), at, admin)
    assert amounts() == []
    assert earn_bounty(referral, by=admin, at=at) is earn_bounty(referral, by=admin, at=at)
    assert amounts() == [7500]


def test_a_share_is_no_bounty(refer: Refer, admin: Actor, at: datetime) -> None:
    assert earn_bounty(refer("affiliate_link"), by=admin, at=at) is None


def test_a_lead_keeps_the_terms_of_the_day_it_was_submitted(make: Making, admin: Actor, refer: Refer) -> None:
    lead = make.lead(make.member())
    promise(admin, make.at + timedelta(days=1), category="plus_lead", rate_bp=500)
    referral = refer("plus_lead", lead_id=lead.id, referred_at=make.later(days=30))
    found = terms_of(referral)
    assert found is not None
    assert found.rate_bp == 2000


@pytest.mark.parametrize("statement", ["UPDATE earning_terms SET rate_bp = 1", "DELETE FROM earning_terms"])
def test_the_database_itself_refuses_to_change_terms(make_on_both: Making, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append only"):
        session.execute(text(statement))
    session.rollback()
    assert make_on_both.at


def test_terms_added_at_once_all_stand(app_on_both: Any, make_on_both: Making) -> None:
    admin, at = make_on_both.admin(), make_on_both.at
    works = [
        lambda bp=bp: add_terms(Wanted("plus_lead", "recurring", rate_bp=bp), by=admin, at=at) for bp in range(1, 9)
    ]
    assert at_once(app_on_both, works) == ["stored"] * 8
    assert len(told_versions("plus_lead")) == 2
