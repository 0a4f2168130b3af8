"""Killed before any statement of what moves money: whole or not at all, and as if nothing had been (P1 P4 P6 P7 P9)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from referrals import settling
from tests.faults.crashing import Fits, all_or_nothing, crash_everywhere
from tests.faults.money_wholeness import MONEY
from tests.faults.money_works import PORTION, MoneyWorks, top_up_first, whole_portions
from tests.making import Making

# By work: what is made ready, what a crash may leave, and every how many steps it is killed on a file and on a server.
# Portions of a run take the same steps: what is skipped in one of them is met in another.
WAYS: dict[str, tuple[Callable[[MoneyWorks], Any] | None, Fits, int, int]] = {
    "order": (None, all_or_nothing, 1, 9),
    "late_order": (MoneyWorks.prepare_early_refunds, all_or_nothing, 4, 17),
    "refund": (MoneyWorks.prepare_refunds, all_or_nothing, 1, 9),
    "settle": (MoneyWorks.prepare_due, whole_portions, 3, 17),
    "top_up": (None, all_or_nothing, 1, 9),
    "top_up_and_settle": (MoneyWorks.prepare_due, top_up_first, 7, 29),
    "withdraw": (MoneyWorks.prepare_withdrawals, all_or_nothing, 2, 11),
    "pay": (MoneyWorks.prepare_withdrawals, all_or_nothing, 2, 11),
}


@pytest.fixture
def at() -> datetime:
    """The real present: webhooks and the API read the clock."""
    return datetime.now(UTC)


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_PORTION", "SMALLEST_PORTION", "LARGEST_PORTION"):
        monkeypatch.setattr(settling, name, PORTION)
    monkeypatch.setattr(settling, "PAUSE_SECONDS", 0)


@pytest.mark.parametrize("way", WAYS)
def test_killed_anywhere_money_is_whole_and_is_moved_once(app: Flask, make: Making, way: str) -> None:
    works = MoneyWorks(make)
    prepare, fits, every, _ = WAYS[way]
    if prepare:
        prepare(works)
    assert list(crash_everywhere(app, getattr(works, way), fits=fits, every=every, look=MONEY)) == []


@pytest.mark.parametrize("app_on_both", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
def test_on_postgresql_money_is_whole_too(app_on_both: Flask, make_on_both: Making, way: str) -> None:
    works = MoneyWorks(make_on_both)
    prepare, fits, _, every = WAYS[way]
    if prepare:
        prepare(works)
    found = crash_everywhere(
        app_on_both, getattr(works, way), fits=fits, every=every, look=MONEY, put_back_servers=True
    )
    assert list(found) == []
