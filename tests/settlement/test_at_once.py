"""Several runs at once, in threads and in processes: nothing is paid twice, nothing half (P9, P10)."""

import multiprocessing
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals import create_app, settling
from referrals.config import Config
from referrals.db import db, session
from referrals.ledger.checking import check_books
from referrals.ledger.models import LedgerEntry
from referrals.people.rules import SYSTEM
from referrals.settling import settle_shop
from referrals.shops.models import Shop
from tests.conftest import config_for
from tests.making import Making
from tests.settlement.bulk import fill_due
from tests.settlement.selling import Selling

COMMISSIONS = 300


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "FIRST_PORTION", 20)
    monkeypatch.setattr(settling, "LARGEST_PORTION", 20)


def filled(sales: Selling, *, balance: int) -> int:
    fill_due(sales, COMMISSIONS, amount=100)
    sales.top_up(balance)
    return sales.store.id


def in_threads(app: Flask, shop_id: int, sales: Selling, number: int) -> list[object]:
    session.rollback()
    together, found = threading.Barrier(number), []

    def run() -> None:
        with app.app_context():
            together.wait()
            try:
                found.append(settle_shop(shop_id, started_by="hand", by=SYSTEM, at=sales.at).settled)
            except Exception as error:
                found.append(error)
            session.remove()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return found


def test_two_runs_at_once_settle_each_commission_once(app_on_both: Flask, sales_on_both: Selling) -> None:
    shop_id = filled(sales_on_both, balance=1_000_000)
    found = in_threads(app_on_both, shop_id, sales_on_both, 2)
    assert sum(found) == COMMISSIONS, found
    books_are_whole(sales_on_both, settled=COMMISSIONS)


def test_four_runs_at_once_never_overdraw(app_on_both: Flask, sales_on_both: Selling) -> None:
    shop_id = filled(sales_on_both, balance=100 * 100 + 55)
    found = in_threads(app_on_both, shop_id, sales_on_both, 4)
    assert sum(found) == 100, found
    books_are_whole(sales_on_both, settled=100)
    assert sales_on_both.store_balance == 55


def test_whoever_writes_gets_the_lock_while_a_run_pauses(
    app: Flask, sales: Selling, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(sales, balance=1_000_000)
    file = app.extensions["referrals"].config.database_url.removeprefix("sqlite:///")
    written = []

    def write(_seconds: float) -> None:
        with closing(sqlite3.connect(file, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
        written.append(1)

    monkeypatch.setattr(settling.time, "sleep", write)
    monkeypatch.setattr(settling, "PAUSE_EVERY_SECONDS", 0)
    assert sales.run().settled == COMMISSIONS
    assert len(written) == COMMISSIONS // 20


def books_are_whole(sales: Selling, *, settled: int) -> None:
    session.rollback()
    session.expire_all()
    entries = session.scalar(select(func.count()).where(LedgerEntry.kind == "settlement"))
    assert (entries, sales.earned) == (settled, settled * 100)
    assert check_books(at=sales.at).first_problem is None


def run_in_a_process(url: str, folder: Path, shop_id: int, start: object, found: object) -> None:
    app = create_app(config_for(url, folder))
    with app.app_context():
        start.wait()  # type: ignore[attr-defined]
        at = session.get_one(Shop, shop_id).created_at
        from tests.conftest import NOW

        session.rollback()
        found.put(settle_shop(shop_id, started_by="command", by=SYSTEM, at=max(NOW, at)).settled)  # type: ignore[attr-defined]
        session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("app_on_both", ["postgresql"], indirect=True)
def test_two_processes_settle_each_commission_once(app_on_both: Flask, make_on_both: Making, tmp_path: Path) -> None:
    sales = Selling(make_on_both)
    shop_id = filled(sales, balance=1_000_000)
    config: Config = app_on_both.extensions["referrals"].config
    session.rollback()
    spawn = multiprocessing.get_context("spawn")
    start, found = spawn.Event(), spawn.Queue()
    given = (config.database_url, tmp_path, shop_id, start, found)
    processes = [spawn.Process(target=run_in_a_process, args=given) for _ in range(2)]
    for process in processes:
        process.start()
    start.set()
    counts = [found.get(timeout=240) for _ in processes]
    for process in processes:
        process.join(60)
    assert sum(counts) == COMMISSIONS
    books_are_whole(sales, settled=COMMISSIONS)
