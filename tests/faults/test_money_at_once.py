"""Eight at one balance get what is there; and the check sees who looks before it is their turn (P9 P10)."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from referrals.api import balance
from referrals.db import begin_on_sqlite, db, session
from referrals.people.rules import SYSTEM
from referrals.settlement import withdrawals
from referrals.settlement.models import SettlementRun
from referrals.settlement.withdrawals import request_withdrawal
from referrals.settling import settle_shop
from referrals.shops.models import Salesperson
from tests.faults.money_wholeness import money_faults_of
from tests.leads.at_once import at_once
from tests.making import Making
from tests.settlement.selling import Selling

WRITERS, THERE, WANTED = 8, 1_000, 400


def withdraw_at_once(app: Flask, sales: Selling) -> tuple[list[str], int]:
    """Eight programs ask for 4.00 of the 10.00 that are there; answers what became of each, and what is left."""
    sales.done("1", THERE * 10)
    sales.top_up(THERE)
    sales.run()
    anna, owner = sales.anna.id, sales.owner

    def ask() -> None:
        request_withdrawal(session.get_one(Salesperson, anna), WANTED, by=SYSTEM, at=sales.at)

    became = at_once(app, [forgiving(ask)] * WRITERS)
    session.remove()
    return became, withdrawals.balance(owner, withdrawals.salesperson(anna))


def forgiving(work: Callable[[], None]) -> Callable[[], None]:
    """Who meets another writer has done nothing."""

    def tried() -> None:
        try:
            work()
        except SQLAlchemyError:
            session.rollback()

    return tried


def wrong(app: Flask, became: list[str], left: int) -> list[str]:
    """What the check finds."""
    session.remove()
    found = money_faults_of(app.extensions["referrals"].config.database_url)
    if Counter(became) != {"stored": 2, "MoreThanBalance": WRITERS - 2} or left != THERE - 2 * WANTED:
        found.append(f"{became} leave {left}")
    return found


def test_eight_at_one_balance_get_what_is_there(app_on_both: Flask, sales_on_both: Selling) -> None:
    assert wrong(app_on_both, *withdraw_at_once(app_on_both, sales_on_both)) == []


def test_the_check_sees_a_balance_read_before_the_lock(
    app_on_both: Flask, sales_on_both: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: on SQLite reads and writes that commit by themselves, on PostgreSQL a lock not asked for."""
    if db.engine.dialect.name == "sqlite":
        event.remove(db.engine, "begin", begin_on_sqlite)
    monkeypatch.setattr(withdrawals, "lock_names", lambda _names: None)
    looks = withdrawals.refuse_amount

    def slowly(*args: object, **kwargs: object) -> None:
        looks(*args, **kwargs)  # type: ignore[arg-type]
        time.sleep(0.2)

    monkeypatch.setattr(withdrawals, "refuse_amount", slowly)
    assert wrong(app_on_both, *withdraw_at_once(app_on_both, sales_on_both)) != []


def test_a_run_called_for_twice_at_once_with_one_key_is_answered_alike(
    app_on_both: Flask, make_on_both: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run commits portion by portion, and so lets go of the name that holds off the same call."""
    sales = Selling(make_on_both)
    headers = {"Authorization": f"Bearer {sales.key(sales.store)}", "Idempotency-Key": "June"}
    both_ran = threading.Barrier(2)

    def run(*args: Any, **kwargs: Any) -> SettlementRun:
        made = settle_shop(*args, **kwargs)
        both_ran.wait(30)
        return made

    monkeypatch.setattr(balance, "settle_shop", run)
    session.remove()
    answers: list[tuple[int, Any]] = []

    def call() -> None:
        answer = app_on_both.test_client().post("/api/v1/settlements", json={}, headers=headers)
        answers.append((answer.status_code, answer.get_json().get("id")))

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [status for status, _ in answers] == [201, 201]
    assert answers[0] == answers[1]
