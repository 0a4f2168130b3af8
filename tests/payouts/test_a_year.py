"""A leap year of two partners in a zone whose clocks change at midnight: to the cent as in plain Python, also killed.

Leads, awards, invitations, transfers, sign-ups, revenue, corrections, closures, payouts that are paid, fail and come
back. Every failure names the seed: SEEDS of this file.
"""

import json
import os
import signal
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from flask import Flask

from referrals.db import db, session
from referrals.ledger.checking import check_books
from referrals.payouts import operations
from tests.faults import crashing
from tests.faults.crashing import attempt, keep
from tests.faults.money_wholeness import proof_of
from tests.making import Making
from tests.payouts.year_model import PlainYear
from tests.payouts.year_played import PlayedYear
from tests.payouts.year_script import PARTNERS, YEAR, Script

SEEDS = (2028,)
WHOLE = datetime(YEAR + 1, 2, 1, tzinfo=UTC)
SPRING = datetime(YEAR, 4, 1, tzinfo=UTC)
# Before which of its statements a process dies, by chance.
DEATHS = (100, 2000)
SPRING_DEATHS = (20, 300)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashing, "PATIENCE_SECONDS", 900)


def as_json(thing: Any) -> Any:
    return json.loads(json.dumps(thing))


def must_agree(found: dict[str, Any], model: PlainYear) -> None:
    assert found["statements"] == as_json(model.told())
    assert found["balances"] == {name: model.balances(name) for name in PARTNERS}
    assert {name: payout for name, (_, payout) in found["leads"].items()} == model.payouts_of_leads
    assert sorted((name, minor, at) for name, _, minor, at in found["earnings"]) == sorted(
        (one.merchant, one.minor, one.at.isoformat()) for one in model.earned
    )


def live_and_die(app: Flask, played: PlayedYear, seed: int, between: tuple[int, int] = DEATHS) -> tuple[Any, int]:
    """Live in processes that are killed before a statement by chance, each going on where one died; and how many."""
    chance, deaths = Random(seed), 0
    url = app.extensions["referrals"].config.database_url
    while True:
        ending = attempt(app, played.live, 0, crash_at=chance.randint(*between))
        assert not ending.error, ending.error
        if not ending.killed:
            return ending.answer, deaths
        deaths += 1
        assert proof_of(url) == [], (seed, deaths)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_year_of_deaths_ends_to_the_cent_as_in_plain_python(app: Flask, make: Making, seed: int) -> None:
    steps = Script(seed).until(WHOLE)
    model = PlainYear().live(steps)
    assert {one.status for one in model.statements} == {"paid", "failed", "carried", "pending"}
    assert [one.partner for one in model.statements if str(one.period[1]) == "2028-02-29"] == list(PARTNERS)
    found, deaths = live_and_die(app, PlayedYear(make, steps), seed)
    assert deaths > 2
    must_agree(found, model)
    assert check_books(at=WHOLE).first_problem is None


def test_a_spring_with_deaths_leaves_what_one_without_leaves(app: Flask, make: Making) -> None:
    steps = Script(7).until(SPRING)
    played = PlayedYear(make, steps)
    restore = keep(app.extensions["referrals"].config.database_url, servers=False)
    smooth = as_json(played.live())
    must_agree(smooth, PlainYear().live(steps))
    session.remove()
    db.engine.dispose()
    assert restore()
    found, deaths = live_and_die(app, played, 7, SPRING_DEATHS)
    assert deaths > 2
    assert found == smooth


@pytest.mark.parametrize("torn", [True, False])
def test_a_commit_between_holding_and_booking_would_be_seen(
    app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch, torn: bool
) -> None:
    """The planted fault: whoever dies between them leaves earnings that a payout holds and nobody booked."""
    played = PlayedYear(make, Script(7).until(SPRING))

    def die(*_args: Any, **_kwargs: Any) -> None:
        if torn:
            session.commit()
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(operations, "move", die)
    assert attempt(app, played.live, 0).killed
    assert bool(proof_of(app.extensions["referrals"].config.database_url)) is torn
