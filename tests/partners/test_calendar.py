"""Months of referrals and of revenue are those of the programme's time zone."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from referrals.db import session
from referrals.earnings.operations import report_revenue
from referrals.leads.catalogue import change_programme, programme
from referrals.partners.calendar import day_of
from referrals.partners.merchants import find_referral_of
from referrals.partners.models import Referral, RevenueMonth
from referrals.partners.referrals import close_referral, record_referral
from referrals.people.rules import SYSTEM
from tests.making import Making

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
# In Shanghai it is July already, in Los Angeles still June.
TURN = datetime.fromisoformat("2026-06-30T20:00:00+00:00")
EAST, WEST = "Asia/Shanghai", "America/Los_Angeles"


def in_zone(make: Making, name: str) -> None:
    change_programme(replace(programme(), time_zone=name), by=make.admin(), at=make.at)
    session.commit()


def brought(make: Making, category: str = "affiliate_link", **facts: object) -> Referral:
    known = {"merchant": "Acme", "domain": "acme.example.org", "plan": "basic", "referred_at": TURN} | facts
    made = record_referral(make.partner(), category, **known, currency="USD", by=SYSTEM, at=make.at)  # type: ignore[arg-type]
    session.commit()
    return made


def reasons(referral: Referral, make: Making) -> list[str]:
    for month in (JUNE, JULY):
        told = {"external_id": f"{month}", "month": month, "kind": "platform_fee", "amount_minor": 1000}
        report_revenue(referral, **told, currency="USD", by=SYSTEM, at=make.at)  # type: ignore[arg-type]
    session.commit()
    return [session.get_one(RevenueMonth, (referral.id, month)).reason for month in (JUNE, JULY)]


def test_the_programmes_day_is_that_of_its_zone(make_on_both: Making) -> None:
    assert day_of(TURN) == date(2026, 6, 30)
    in_zone(make_on_both, EAST)
    assert day_of(TURN) == JULY


@pytest.mark.parametrize(("zone", "expected"), [(EAST, ["before_referral", ""]), (WEST, ["", ""])])
def test_a_referral_earns_from_its_month_on(make: Making, zone: str, expected: list[str]) -> None:
    in_zone(make, zone)
    assert reasons(brought(make), make) == expected


@pytest.mark.parametrize(("zone", "expected"), [(EAST, ["", ""]), (WEST, ["", "closed"])])
def test_a_referral_earns_until_the_month_of_its_closing(make: Making, zone: str, expected: list[str]) -> None:
    in_zone(make, zone)
    referral = brought(make, referred_at=datetime.fromisoformat("2026-05-10T00:00:00+00:00"))
    close_referral(referral, by=SYSTEM, at=TURN)
    assert reasons(referral, make) == expected


@pytest.mark.parametrize(("zone", "later"), [(EAST, False), (WEST, True)])
def test_revenue_belongs_to_who_brought_the_merchant_by_the_end_of_the_month(
    make: Making, zone: str, later: bool
) -> None:
    in_zone(make, zone)
    first = brought(make, referred_at=datetime.fromisoformat("2026-05-10T00:00:00+00:00"))
    second = brought(make, "store_transfer")
    assert find_referral_of("acme.example.org", JUNE) is (second if later else first)
