"""Half months, business days, zones, and the minimum of each group: truth tables and properties (`SPEC §4`)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.partners.lifecycle import CATEGORIES
from referrals.payouts.lifecycle import GROUPS
from referrals.payouts.rules import (
    Period,
    Share,
    business_days_after,
    day_begins,
    group_of,
    is_worth_telling,
    payable,
    period_at,
    period_of,
    periods_between,
    shares,
)

ZONES = ["UTC", "Europe/Warsaw", "Asia/Bangkok", "America/New_York", "America/Santiago", "Africa/Cairo",
         "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"]  # fmt: skip
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("day", "first", "last", "due"),
    [
        ("2026-11-01", "2026-11-01", "2026-11-15", "2026-11-20"),  # ends on a Sunday
        ("2026-11-15", "2026-11-01", "2026-11-15", "2026-11-20"),
        ("2026-11-16", "2026-11-16", "2026-11-30", "2026-12-07"),  # ends on a Monday
        ("2026-12-31", "2026-12-16", "2026-12-31", "2027-01-07"),  # the year's end, a Thursday
        ("2026-08-15", "2026-08-01", "2026-08-15", "2026-08-21"),  # ends on a Saturday
        ("2026-05-15", "2026-05-01", "2026-05-15", "2026-05-22"),  # ends on a Friday
        ("2027-02-28", "2027-02-16", "2027-02-28", "2027-03-05"),  # no leap year
        ("2028-02-28", "2028-02-16", "2028-02-29", "2028-03-07"),  # a leap year
        ("2028-02-29", "2028-02-16", "2028-02-29", "2028-03-07"),
        ("2028-03-01", "2028-03-01", "2028-03-15", "2028-03-22"),
        ("2100-02-20", "2100-02-16", "2100-02-28", "2100-03-05"),  # no leap year although divisible by four
        ("2026-04-30", "2026-04-16", "2026-04-30", "2026-05-07"),
        ("2026-01-31", "2026-01-16", "2026-01-31", "2026-02-06"),
    ],
)
def test_a_day_lies_in_a_half_month_that_is_paid_five_business_days_later(
    day: str, first: str, last: str, due: str
) -> None:
    found = period_of(date.fromisoformat(day))
    assert (str(found.first), str(found.last), str(found.due_on)) == (first, last, due)


@given(days)
def test_periods_follow_each_other_without_gap_or_overlap(day: date) -> None:
    found = period_of(day)
    assert found.first <= day <= found.last
    assert found.following.first == found.last + timedelta(days=1)
    assert {period_of(found.first), period_of(found.last)} == {found}


@given(days, st.integers(1, 30))
def test_business_days_are_never_on_a_weekend_and_count_exactly(day: date, number: int) -> None:
    found = business_days_after(day, number)
    between = [day + timedelta(days=one) for one in range(1, (found - day).days + 1)]
    assert found.weekday() < 5
    assert sum(one.weekday() < 5 for one in between) == number


def test_a_year_has_twenty_four_periods_and_every_day_is_in_one_of_them() -> None:
    found = list(periods_between(period_of(date(2028, 1, 1)), period_of(date(2029, 1, 1))))
    assert len(found) == 24
    assert sum((one.last - one.first).days + 1 for one in found) == 366


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("UTC", "2026-11-16", "2026-11-16T00:00"),
        ("Asia/Bangkok", "2026-11-16", "2026-11-15T17:00"),
        ("Europe/Warsaw", "2026-04-01", "2026-03-31T22:00"),  # summer
        ("Europe/Warsaw", "2026-03-16", "2026-03-15T23:00"),  # winter
        ("America/New_York", "2026-11-01", "2026-11-01T04:00"),  # clocks go back two hours later
        ("America/New_York", "2026-11-02", "2026-11-02T05:00"),
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00"),  # the hour from midnight is skipped
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),  # the hour from midnight comes twice
        ("Pacific/Kiritimati", "2026-11-16", "2026-11-15T10:00"),
    ],
)
def test_a_day_begins_when_the_zone_says(zone: str, day: str, begins: str) -> None:
    assert day_begins(date.fromisoformat(day), ZoneInfo(zone)) == datetime.fromisoformat(begins).replace(tzinfo=UTC)


@given(st.integers(0, 2**31), st.sampled_from(ZONES))
def test_every_moment_lies_in_exactly_the_period_that_runs(seconds: int, name: str) -> None:
    zone, moment = ZoneInfo(name), datetime.fromtimestamp(seconds, UTC)
    found = period_at(moment, zone)
    assert found.starts_at(zone) <= moment < found.ends_at(zone) == found.following.starts_at(zone)


@pytest.mark.parametrize(
    ("carried", "earned", "minimum", "paid"),
    [
        (0, 2500, 2500, 2500),  # exactly the minimum
        (0, 2499, 2500, 0),
        (1, 2499, 2500, 2500),  # with what was carried over
        (2499, 0, 2500, 0),
        (2500, 0, 2500, 2500),
        (5000, -2501, 2500, 0),  # a correction takes it below the minimum
        (-5000, 7500, 2500, 2500),  # a debt is paid off first
        (0, -100, 2500, 0),
        (0, -100, 0, 0),  # a debt is never paid
        (0, 1, 0, 1),
        (0, 0, 0, 0),
    ],
)
def test_a_group_is_paid_whole_from_the_minimum_on(carried: int, earned: int, minimum: int, paid: int) -> None:
    found = shares({"pos": (carried, earned)}, minimum)
    assert sum(one.paid_minor for one in found) == paid == payable(carried + earned, minimum)
    assert sum(one.left_minor for one in found) == carried + earned - paid


def test_groups_reach_the_minimum_each_for_itself() -> None:
    found = shares({"plus": (0, 2400), "pos": (0, -50_000), "other": (2400, 200)}, 2500)
    assert found == [Share("plus", 0, 2400, 0), Share("pos", 0, -50_000, 0), Share("other", 2400, 200, 2600)]


def test_every_category_has_a_group() -> None:
    assert {one: group_of(one) for one in CATEGORIES} == {
        "plus_lead": "plus", "pos_lead": "pos", "affiliate_link": "other", "store_transfer": "other",
    }  # fmt: skip
    assert {group_of(one) for one in CATEGORIES} == set(GROUPS)


@pytest.mark.parametrize(
    ("sums", "worth"),
    [
        ({}, False),
        ({"plus": (1000, 0)}, False),  # only what was told before
        ({"plus": (-1000, 0), "pos": (20, 0)}, False),
        ({"plus": (1000, 1)}, True),
        ({"plus": (0, -1)}, True),
        ({"plus": (2500, 0)}, True),  # paid now
    ],
)
def test_a_statement_is_made_when_there_is_news(sums: dict[str, tuple[int, int]], worth: bool) -> None:
    assert is_worth_telling(shares(sums, 2500)) is worth


def test_periods_are_told_apart_by_their_days() -> None:
    assert Period(date(2026, 1, 1), date(2026, 1, 15)) < Period(date(2026, 1, 16), date(2026, 1, 31))
