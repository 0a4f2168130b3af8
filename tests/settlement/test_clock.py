"""The clock of the scheduler: zones that turn their clocks take no run away and add none (P9)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from apscheduler.triggers.cron import CronTrigger
from flask import Flask

from referrals.clock import now
from referrals.db import session
from referrals.ledger.operations import salesperson
from referrals.ledger.queries import balance
from referrals.orders.rules import State, completion_of
from referrals.serving import jobs_of
from referrals.settlement.balance import RUN_MINUTES, next_run_at
from referrals.settling import settle_due
from tests.settlement.selling import DAY, Selling

# The moment at which clocks are turned there, by an hour forward or back, Lord Howe's by half an hour.
TURNS = {
    "Europe/Warsaw": "2026-03-29T01:00Z",
    "Europe/London": "2026-10-25T01:00Z",
    "America/New_York": "2026-03-08T07:00Z",
    "America/St_Johns": "2026-11-01T04:30Z",
    "America/Los_Angeles": "2026-11-01T09:00Z",
    "America/Santiago": "2026-04-05T03:00Z",
    "Australia/Sydney": "2026-10-03T16:00Z",
    "Australia/Lord_Howe": "2026-04-04T15:00Z",
    "Pacific/Auckland": "2026-09-26T14:00Z",
    "Africa/Cairo": "2026-04-23T22:00Z",
}
RHYTHM = timedelta(minutes=RUN_MINUTES)
HOURS = 3


def turn_of(zone: str) -> datetime:
    return datetime.fromisoformat(TURNS[zone])


def settlement_job(app: Flask) -> Any:
    return next(job for job in jobs_of(app).scheduler().get_jobs() if job.func.__name__ == "settlement")


@pytest.mark.parametrize("zone", TURNS)
def test_clocks_are_turned_then(zone: str) -> None:
    """What the tests below rest on."""
    before, after = (turn_of(zone) + timedelta(minutes=one) for one in (-1, 1))
    assert before.astimezone(ZoneInfo(zone)).utcoffset() != after.astimezone(ZoneInfo(zone)).utcoffset()


@pytest.mark.parametrize("zone", TURNS)
def test_runs_keep_their_rhythm_while_clocks_are_turned(app: Flask, zone: str) -> None:
    began = turn_of(zone) - timedelta(hours=HOURS)
    with time_machine.travel(began.astimezone(ZoneInfo(zone)), tick=False):
        assert now() == began
        trigger = settlement_job(app).trigger
        runs = [began]
        while runs[-1] < began + timedelta(hours=2 * HOURS):
            runs.append(trigger.get_next_fire_time(runs[-1], runs[-1] + timedelta(seconds=1)).astimezone(UTC))
    assert {later - earlier for earlier, later in pairwise(runs)} == {RHYTHM}
    assert runs[1:] == [next_run_at(one) for one in runs[:-1]], "pages foretell other runs"


@pytest.mark.parametrize("zone", TURNS)
def test_days_after_shipping_are_days_of_24_hours_everywhere(zone: str) -> None:
    local = (turn_of(zone) - timedelta(hours=12)).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    assert offset is not None
    told = datetime.fromisoformat(local.isoformat())
    done = completion_of(State(paid_at=told, shipped_at=told), requires_shipping=True, days=1)
    assert done == turn_of(zone) + timedelta(hours=12)


def test_a_server_that_was_down_settles_at_its_start_and_then_keeps_the_rhythm(app: Flask, sales: Selling) -> None:
    """Missed runs are made up by one at the start: it settles whatever fell due in a week."""
    sales.settings(sales.store, completion_days=7, effective_at=sales.make.later(days=-399))
    for number in range(7):
        sales.order(str(number), 10_000, shipped_at=sales.at - number * DAY)
    sales.top_up(100_000)
    anna = sales.anna.id
    back = sales.at + 7 * DAY + timedelta(minutes=1)
    with time_machine.travel(back, tick=False):
        job = settlement_job(app)
        assert job.next_run_time == back
        session.remove()
        job.func()
        assert job.trigger.get_next_fire_time(back, back) == next_run_at(back)
    assert balance(sales.owner, salesperson(anna)) == 7_000


def test_each_order_is_settled_by_the_first_run_after_it_fell_due(sales: Selling) -> None:
    turn = turn_of("Europe/Warsaw")
    began = sales.at - 2 * DAY + (turn - turn.replace(hour=0))
    due = [began + timedelta(minutes=7 * number, seconds=number) for number in range(8)]
    for number, moment in enumerate(due):
        sales.order(str(number), 10_000, completed_at=moment)
    sales.top_up(100_000)
    run_at = began - RHYTHM
    while run_at < due[-1] + RHYTHM:
        run_at = next_run_at(run_at)
        settle_due(at=run_at)
        assert sales.earned == 1_000 * sum(moment <= run_at for moment in due), run_at
    assert sales.earned == 8_000


def test_the_check_sees_a_clock_of_the_place() -> None:
    """The planted fault: runs by the hour of a place, one of which it has twice."""
    zone = "Europe/London"
    trigger = CronTrigger(hour="*", timezone=ZoneInfo(zone))
    runs = [(turn_of(zone) - timedelta(hours=HOURS)).astimezone(ZoneInfo(zone))]
    for _ in range(2 * HOURS):
        runs.append(trigger.get_next_fire_time(runs[-1], runs[-1] + timedelta(seconds=1)))
    gaps = {later.astimezone(UTC) - earlier.astimezone(UTC) for earlier, later in pairwise(runs)}
    assert gaps != {timedelta(hours=1)}
