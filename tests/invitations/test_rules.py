"""What is true of upgrade invitations by rule alone (`SPEC §3`)."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from referrals.invitations.rules import (
    ANSWERS,
    answer_for,
    can_invite,
    invited_already,
    is_good,
    is_in_danger,
    wait_after,
)
from referrals.leads.rules import Standing
from referrals.stores.rules import Invited

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(("reason", "own", "answer"), [
    (None, False, "ready"),
    ("unknown_store", False, "new"),
    ("closed", False, "not_ready"),
    ("already_plus", False, "not_ready"),
    ("plan_not_upgradable", False, "not_ready"),
    ("no_owner_email", False, "not_ready"),
    ("declined_lately", False, "not_ready"),
    ("mailed_enough", False, "not_ready"),
    ("open_invitation", False, "not_ready"),
    ("open_invitation", True, "invited"),
])  # fmt: skip
def test_what_a_partner_is_told_of_a_store(reason: str | None, own: bool, answer: str) -> None:
    assert answer_for(reason, own_invitation=own) == answer
    assert answer in ANSWERS


@pytest.mark.parametrize(("is_open", "declined", "mailed", "invited"), [
    (False, None, 0, Invited()),
    (True, None, 0, Invited(is_open=True)),
    (False, timedelta(0), 0, Invited(declined_lately=True)),
    (False, timedelta(days=30) - TICK, 0, Invited(declined_lately=True)),
    (False, timedelta(days=30), 0, Invited()),
    (False, timedelta(days=365), 0, Invited()),
    (False, None, 2, Invited()),
    (False, None, 3, Invited(mailed_enough=True)),
    (False, None, 9, Invited(mailed_enough=True)),
    (True, timedelta(days=1), 3, Invited(is_open=True, declined_lately=True, mailed_enough=True)),
])  # fmt: skip
def test_how_long_an_owner_is_left_alone(
    is_open: bool, declined: timedelta | None, mailed: int, invited: Invited
) -> None:
    declined_at = None if declined is None else AT - declined
    assert invited_already(is_open, declined_at, mailed, at=AT) == invited


def test_an_owner_is_invited_for_open_plus_leads_alone() -> None:
    statuses = ("submitted", "in_progress", "awarded", "ineligible")
    payouts = ("none", "due", "paid", "not_eligible")
    can = {
        (code, status, payout, conflict)
        for code, status, payout, conflict in product(("plus", "pos", "other"), statuses, payouts, (False, True))
        if can_invite(code, Standing("commission", True, status, payout, in_conflict=conflict))
    }
    assert can == {("plus", "submitted", "none", False), ("plus", "in_progress", "none", False)}


@pytest.mark.parametrize(("status", "expires_in", "lead_open", "store_open", "good"), [
    ("sent", TICK, True, True, True),
    ("sent", timedelta(0), True, True, False),
    ("sent", -TICK, True, True, False),
    ("sent", TICK, False, True, False),
    ("sent", TICK, True, False, False),
    ("accepted", TICK, True, True, False),
    ("declined", TICK, True, True, False),
    ("expired", TICK, True, True, False),
    ("revoked", TICK, True, True, False),
])  # fmt: skip
def test_which_invitations_can_be_answered(
    status: str, expires_in: timedelta, lead_open: bool, store_open: bool, good: bool
) -> None:
    assert is_good(status, AT + expires_in, lead_open=lead_open, store_open=store_open, at=AT) is good


def test_an_upgrade_is_tried_ever_more_slowly_and_never_given_up() -> None:
    minutes = [wait_after(attempts) // timedelta(minutes=1) for attempts in range(1, 8)]
    assert minutes == [1, 5, 15, 60, 60, 60, 60]
    assert wait_after(10_000) == timedelta(hours=1)


@pytest.mark.parametrize(("left", "danger"), [
    (timedelta(hours=24), False), (timedelta(hours=12) + TICK, False), (timedelta(hours=12), True),
    (timedelta(0), True), (-timedelta(days=3), True),
])  # fmt: skip
def test_half_a_day_before_the_end_staff_are_told(left: timedelta, danger: bool) -> None:
    assert is_in_danger(AT + left, AT) is danger
