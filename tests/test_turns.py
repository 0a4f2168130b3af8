"""Writers of one process take turns: in order, and nobody waits for one who is gone."""

import gc
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from referrals.db import db, reading, session
from referrals.turns import Turns

PATIENCE = 10.0


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.001)


def test_who_waits_longest_is_next() -> None:
    turns, mine, order = Turns(PATIENCE), {}, []

    def write(number: int) -> None:
        note: dict[str, Any] = {}
        turns.take(note)
        order.append(number)
        turns.give_back(note)

    turns.take(mine)
    threads = []
    for number in range(5):
        threads.append(in_thread(lambda number=number: write(number)))
        until(lambda number=number: len(turns.line) == number + 1)
    turns.give_back(mine)
    turns.take(mine)
    order.append(99)
    for thread in threads:
        thread.join(PATIENCE)
    assert order == [0, 1, 2, 3, 4, 99]


def test_two_are_never_at_it_at_once() -> None:
    turns, inside, seen = Turns(PATIENCE), [], []

    def work() -> None:
        for _ in range(200):
            note: dict[str, Any] = {}
            turns.take(note)
            inside.append(1)
            seen.append(len(inside))
            inside.pop()
            turns.give_back(note)

    threads = [in_thread(work) for _ in range(8)]
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == [1] * 1_600


def test_a_thread_with_two_connections_does_not_wait_for_itself() -> None:
    turns, one, other = Turns(PATIENCE), {}, {}
    turns.take(one)
    turns.take(other)
    assert other == {}
    turns.give_back(other)
    assert turns.current is not None
    turns.give_back(one)
    assert turns.current is None


def test_who_waits_too_long_goes_on_without() -> None:
    turns, mine, theirs = Turns(0.01), {}, {}
    turns.take(mine)
    in_thread(lambda: turns.take(theirs)).join(PATIENCE)
    assert (theirs, len(turns.line)) == ({}, 0)
    turns.give_back(mine)
    turns.take(theirs)
    assert theirs


def test_who_is_interrupted_while_waiting_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, mine, theirs = Turns(PATIENCE), {}, {}

    class Waiting:
        def wait(self, _seconds: float) -> None:
            raise KeyboardInterrupt

        def set(self) -> None:
            """Nobody listens."""

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            turns.take(theirs)

    turns.take(mine)
    monkeypatch.setattr("referrals.turns.Event", Waiting)
    in_thread(interrupted).join(PATIENCE)
    assert (theirs, len(turns.line)) == ({}, 0)


def test_a_thread_that_dies_while_it_writes_gives_its_turn_back(app: Flask) -> None:
    def die() -> None:
        with app.app_context():
            session.execute(text("UPDATE persons SET name = 'x'"))
            session.registry.registry.clear()

    session.rollback()
    in_thread(die).join(PATIENCE)
    gc.collect()
    began = time.monotonic()
    session.execute(text("UPDATE persons SET name = 'y'"))
    session.commit()
    assert time.monotonic() - began < 2


def test_a_second_connection_of_a_thread_that_writes_is_told_so_by_the_database(app: Flask) -> None:
    session.execute(text("UPDATE persons SET name = 'x'"))
    with db.engine.connect() as other:
        other.connection.dbapi_connection.execute("PRAGMA busy_timeout=10")  # type: ignore[union-attr]
        with pytest.raises(OperationalError, match="locked"):
            other.exec_driver_sql("UPDATE persons SET name = 'y'")
    session.commit()


def test_readers_wait_for_nobody(app: Flask) -> None:
    found = []

    def read() -> None:
        with app.app_context(), reading():
            found.append(session.scalar(text("SELECT count(*) FROM persons")))

    session.execute(text("UPDATE persons SET name = 'x'"))
    thread = in_thread(read)
    thread.join(PATIENCE)
    session.rollback()
    assert found == [0]


def test_a_writer_comes_between_the_transactions_of_a_busy_one(app: Flask) -> None:
    ended, waits = threading.Event(), []

    def busy() -> None:
        with app.app_context():
            while not ended.is_set():
                session.execute(text("UPDATE persons SET name = 'x'"))
                time.sleep(0.02)
                session.commit()

    session.rollback()
    thread = in_thread(busy)
    for _ in range(10):
        began = time.monotonic()
        session.execute(text("UPDATE persons SET name = 'y'"))
        session.commit()
        waits.append(time.monotonic() - began)
    ended.set()
    thread.join(PATIENCE)
    assert max(waits) < 2, waits
