"""Transactions: nobody's update is lost, and what only reads cannot write."""

import threading
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from referrals import create_app
from referrals.db import db, lock_names, reading, session
from referrals.people.models import Person
from tests.conftest import config_for
from tests.making import Making

WRITERS, ROUNDS = 8, 40


def count_up(url: str, folder: str, person_id: int) -> None:
    """In a process of its own: read a number and write the next one, many times."""
    app = create_app(config_for(url, Path(folder)))
    with app.app_context():
        for _ in range(ROUNDS):
            lock_names(["counter"])
            person = session.get_one(Person, person_id, populate_existing=True)
            person.second_factor_step += 1
            session.commit()


def test_eight_writing_processes_lose_no_update(app_on_both: Flask, make_on_both: Making, tmp_path: Path) -> None:
    person = make_on_both.person()
    url = app_on_both.extensions["referrals"].config.database_url
    processes = [
        get_context("spawn").Process(target=count_up, args=(url, str(tmp_path), person.id)) for _ in range(WRITERS)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * WRITERS
    session.refresh(person)
    assert person.second_factor_step == WRITERS * ROUNDS


def test_eight_writing_threads_lose_no_update(app_on_both: Flask, make_on_both: Making) -> None:
    person_id = make_on_both.person().id

    def work() -> None:
        with app_on_both.app_context():
            for _ in range(ROUNDS):
                lock_names(["counter"])
                session.get_one(Person, person_id, populate_existing=True).second_factor_step += 1
                session.commit()

    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session.expire_all()
    assert session.get_one(Person, person_id).second_factor_step == WRITERS * ROUNDS


def test_a_reading_stretch_cannot_write(app_on_both: Flask) -> None:
    with reading(), pytest.raises(DBAPIError, match=r"(?i)read.?only"):
        session.execute(text("UPDATE persons SET name = 'x'"))
    session.execute(text("UPDATE persons SET name = 'x'"))
    session.rollback()


def test_sqlite_keeps_what_was_committed_through_a_power_cut(app: Flask) -> None:
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_moment_without_a_time_zone_is_refused(app: Flask) -> None:
    session.add(Person(name="x", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001 - on purpose
    with pytest.raises(Exception, match="without a time zone"):
        session.flush()
    session.rollback()


def test_moments_come_back_in_utc_to_the_microsecond(app_on_both: Flask, make_on_both: Making) -> None:
    person = make_on_both.person()
    person.created_at = datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)
    session.commit()
    session.expire_all()
    assert session.get_one(Person, person.id).created_at == datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=UTC)
