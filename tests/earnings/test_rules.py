"""What terms promise and what rows earn, by rule alone (`SPEC §4`)."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.earnings.rules import REASONS, Facts, Terms, earned_by_row, in_force, why_no_bounty, why_no_share
from referrals.money import share_of_rate

MARCH = datetime(2024, 3, 15, tzinfo=UTC)
SHARE = Terms("recurring", rate_bp=2000, excluded_plans=("starter",))
BOUNTY = Terms("bounty", amount_minor=50000)
BASIC = Facts("affiliate_link", MARCH, plan="basic")
LEAD = Facts("pos_lead", MARCH, has_lead=True, locations=3)


@dataclass(frozen=True)
class Version:
    starts_at: datetime
    id: int


def at(day: int) -> datetime:
    return datetime(2024, 1, day, tzinfo=UTC)


VERSIONS = [Version(at(1), 1), Version(at(10), 2), Version(at(10), 3), Version(at(20), 4)]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (at(1) - timedelta(microseconds=1), None),
        (at(1), 1),
        (at(10) - timedelta(microseconds=1), 1),
        (at(10), 3),
        (at(19), 3),
        (at(20), 4),
        (at(31), 4),
    ],
)
def test_the_last_version_that_has_started_holds(moment: datetime, expected: int | None) -> None:
    found = in_force(reversed(VERSIONS), moment)
    assert (found.id if found else None) == expected


SHARES = [
    (None, BASIC, date(2024, 3, 1), "no_terms"),
    (Terms("nothing"), BASIC, date(2024, 3, 1), "nothing"),
    (BOUNTY, BASIC, date(2024, 3, 1), "bounty"),
    (SHARE, BASIC, date(2024, 2, 1), "before_referral"),
    (SHARE, BASIC, date(2024, 3, 1), ""),
    (SHARE, BASIC, date(2044, 3, 1), ""),
    (SHARE, replace(BASIC, plan="starter"), date(2024, 3, 1), "plan"),
    (SHARE, replace(BASIC, plan=""), date(2024, 3, 1), ""),
    (replace(SHARE, plans=("plus",)), BASIC, date(2024, 3, 1), "plan"),
    (replace(SHARE, plans=("plus", "basic")), BASIC, date(2024, 3, 1), ""),
    (replace(SHARE, plans=("plus",)), replace(BASIC, plan=""), date(2024, 3, 1), "plan"),
    (replace(SHARE, min_locations=2), BASIC, date(2024, 3, 1), "locations"),
    (replace(SHARE, min_locations=2), replace(BASIC, locations=1), date(2024, 3, 1), "locations"),
    (replace(SHARE, min_locations=2), replace(BASIC, locations=2), date(2024, 3, 1), ""),
    (replace(SHARE, months=1), BASIC, date(2024, 3, 1), ""),
    (replace(SHARE, months=1), BASIC, date(2024, 4, 1), "months_over"),
    (replace(SHARE, months=12), BASIC, date(2025, 2, 1), ""),
    (replace(SHARE, months=12), BASIC, date(2025, 3, 1), "months_over"),
    (SHARE, replace(BASIC, closed_at=datetime(2024, 5, 31, 23, 59, tzinfo=UTC)), date(2024, 5, 1), ""),
    (SHARE, replace(BASIC, closed_at=datetime(2024, 5, 1, tzinfo=UTC)), date(2024, 5, 1), ""),
    (SHARE, replace(BASIC, forfeited=True), date(2024, 5, 1), "forfeited"),
    (SHARE, replace(BASIC, closed_at=datetime(2024, 4, 30, 23, 59, tzinfo=UTC)), date(2024, 5, 1), "closed"),
]


@pytest.mark.parametrize(("terms", "facts", "month", "reason"), SHARES)
def test_a_month_earns_or_says_why_not(terms: Terms | None, facts: Facts, month: date, reason: str) -> None:
    assert why_no_share(terms, facts, month) == reason


BOUNTIES = [
    (None, LEAD, "no_terms"),
    (Terms("nothing"), LEAD, "nothing"),
    (SHARE, LEAD, "share"),
    (BOUNTY, LEAD, ""),
    (replace(BOUNTY, amount_minor=0), LEAD, "nothing"),
    (BOUNTY, replace(LEAD, has_lead=False), "no_lead"),
    (BOUNTY, replace(LEAD, category="plus_lead", has_lead=False), "no_lead"),
    (BOUNTY, replace(LEAD, category="affiliate_link", has_lead=False), ""),
    (BOUNTY, replace(LEAD, category="store_transfer", has_lead=False), ""),
    (replace(BOUNTY, min_locations=3), LEAD, ""),
    (replace(BOUNTY, min_locations=4), LEAD, "locations"),
    (replace(BOUNTY, min_locations=1), replace(LEAD, locations=None), "locations"),
    (replace(BOUNTY, plans=("plus",)), LEAD, "plan"),
    (replace(BOUNTY, excluded_plans=("pro",)), replace(LEAD, plan="pro"), "plan"),
]


@pytest.mark.parametrize(("terms", "facts", "reason"), BOUNTIES)
def test_a_bounty_is_earned_or_says_why_not(terms: Terms | None, facts: Facts, reason: str) -> None:
    assert why_no_bounty(terms, facts) == reason


def test_every_reason_has_words() -> None:
    assert {reason for *_, reason in [*SHARES, *BOUNTIES] if reason} == set(REASONS)


ROWS = st.lists(st.integers(-(10**9), 10**9), max_size=12)


def earned(rows: list[int], rate_bp: int) -> int:
    total, revenue = 0, 0
    for row in rows:
        revenue += row
        total += earned_by_row(total, revenue, rate_bp)
    return total


@given(st.data(), ROWS, st.integers(0, 10_000))
def test_the_order_of_rows_never_matters(data: st.DataObject, rows: list[int], rate_bp: int) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert earned(rows, rate_bp) == earned(shuffled, rate_bp) == share_of_rate(sum(rows), rate_bp)


@given(ROWS, st.integers(0, 10_000))
def test_what_is_taken_back_whole_leaves_nothing(rows: list[int], rate_bp: int) -> None:
    assert earned([*rows, -sum(rows)], rate_bp) == 0
    assert earned([*rows, *(-row for row in rows)], rate_bp) == 0


@given(ROWS, st.integers(0, 10_000), st.integers(0, 12))
def test_a_correction_in_parts_is_one_correction(rows: list[int], rate_bp: int, place: int) -> None:
    joined = [*rows[:place], sum(rows[place:])]
    assert earned(rows, rate_bp) == earned(joined, rate_bp)
