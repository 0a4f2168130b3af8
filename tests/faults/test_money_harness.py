"""What would pass if the harness saw nothing of money: faults are planted, and must be found."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from flask import Flask

from referrals.api import keys
from referrals.commissions import clawback
from referrals.db import session
from referrals.orders import inbox
from referrals.orders import operations as orders
from referrals.settlement import balance, booking
from tests.faults.crashing import DOES_NOT_WORK, Fits, all_or_nothing, crash_everywhere
from tests.faults.money_wholeness import MONEY
from tests.faults.money_works import MoneyWorks, whole_portions
from tests.faults.test_harness import commit_before
from tests.faults.test_money_crashes import at as at
from tests.faults.test_money_crashes import small_portions as small_portions
from tests.making import Making

Plant = Callable[[pytest.MonkeyPatch], None]


# What is torn stays so until the end of the work: it is enough to look there. The tests look before each step.
EVERY = 3
FIRST = {"settle": 34, "top_up": 22, "order": 34, "late_order": 25, "refund": 28}


class Unnested:
    """Stands for the session where a savepoint is made: a commit within would end that too."""

    def begin_nested(self) -> Any:
        return nullcontext()

    def __getattr__(self, name: str) -> Any:
        return getattr(session, name)


def unnested(module: Any, plant: Plant) -> Plant:
    """A fault within what the module does in a savepoint."""

    def both(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "session", Unnested())
        plant(monkeypatch)

    return both


def commit_after(module: Any, name: str) -> Plant:
    """A fault: what this function did is committed by itself."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def faulty(*args: Any, **kwargs: Any) -> Any:
            made = real(*args, **kwargs)
            session.commit()
            return made

        monkeypatch.setattr(module, name, faulty)

    return plant


def booked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: the id of a top-up is not looked for."""
    real = balance.note_movement
    numbers = iter(range(10**6))

    def faulty(shop: Any, kind: str, amount: int, external_id: str, *args: Any, **kwargs: Any) -> Any:
        return real(shop, kind, amount, f"{external_id}{next(numbers)}", *args, **kwargs)

    monkeypatch.setattr(balance, "note_movement", faulty)
    # Kept answers would hide it.
    monkeypatch.setattr(keys, "find_answer", lambda *_: None)
    monkeypatch.setattr(keys, "keep_answer", lambda *_, **__: None)


def told_before_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: a delivery is noted as applied, and then applied."""
    real = inbox.receive

    def faulty(*args: Any, **kwargs: Any) -> Any:
        (delivery,) = (one for one in session if isinstance(one, inbox.Delivery))
        delivery.status = "applied"
        session.commit()
        delivery.status = "parked"
        return real(*args, **kwargs)

    monkeypatch.setattr(inbox, "receive", faulty)


Planted = tuple[str, Callable[[MoneyWorks], Any] | None, Fits, Plant]
PLANTED: dict[str, Planted] = {
    "a commit between posting and marking": (
        "settle", MoneyWorks.prepare_due, whole_portions, unnested(booking, commit_before(booking, "write")),
    ),
    "a commit between marking and counting": (
        "settle", MoneyWorks.prepare_due, whole_portions, unnested(booking, commit_after(booking, "note_settled")),
    ),
    "a commit between order and commission": (
        "order", None, all_or_nothing, unnested(inbox, commit_before(orders, "open_commission")),
    ),
    "a commit between order and attribution": (
        "order", None, all_or_nothing, unnested(inbox, commit_before(orders, "note_attribution")),
    ),
    "a commit between an order and what waited for it": (
        "late_order", MoneyWorks.prepare_early_refunds, all_or_nothing,
        unnested(inbox, commit_before(orders, "join_waiting")),
    ),
    "a delivery applied before it is": ("order", None, all_or_nothing, unnested(inbox, told_before_done)),
    "a commit between clawback entry and commission": (
        "refund", MoneyWorks.prepare_refunds, all_or_nothing, unnested(inbox, commit_after(clawback, "post_entry")),
    ),
    "a commit between a refund and what follows": (
        "refund", MoneyWorks.prepare_refunds, all_or_nothing, unnested(inbox, commit_before(orders, "follow")),
    ),
    "a commit between top-up and entry": ("top_up", None, all_or_nothing, commit_after(balance, "note_movement")),
    "a commit between top-up and kept answer": ("top_up", None, all_or_nothing, commit_before(keys, "keep_answer")),
    "a top-up booked again": ("top_up", None, all_or_nothing, booked_twice),
}  # fmt: skip


@pytest.mark.parametrize("fault", PLANTED)
def test_the_harness_notices(fault: str, app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    way, prepare, fits, plant = PLANTED[fault]
    works = MoneyWorks(make)
    if prepare:
        prepare(works)
    plant(monkeypatch)
    every = 1 if way == "top_up" else EVERY
    found = crash_everywhere(app, getattr(works, way), fits=fits, first=FIRST[way], every=every, look=MONEY)
    first = next(found, "")
    assert first
    assert DOES_NOT_WORK not in first
