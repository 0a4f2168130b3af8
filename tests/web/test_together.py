"""Small writes of several requests in one transaction: all of them, each once, and who fails fails alone."""

import threading
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.event import listen, remove

from referrals.db import db, session
from referrals.people.models import Person
from referrals.people.operations import create_person
from referrals.web.together import Together
from tests.making import Making

WRITERS = 12


class Failing(Exception):
    """What a bad write raises."""


def add(make: Making, number: int) -> int:
    person = create_person(f"p{number}@example.org", f"P {number}", password_hash=None, at=make.at)
    session.flush()
    if number % 4 == 3:
        raise Failing
    return person.id


def write_at_once(app: Flask, make: Making, together: Together) -> Counter[str]:
    barrier = threading.Barrier(WRITERS)
    results: list[str] = []

    def run(number: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                together.write(lambda: add(make, number))
                results.append("stored")
            except Failing:
                results.append("failed")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(results)


def test_everybody_is_written_once_and_who_fails_fails_alone(app_on_both: Flask, make_on_both: Making) -> None:
    session.rollback()
    assert write_at_once(app_on_both, make_on_both, Together()) == {"stored": 9, "failed": 3}
    emails = set(session.scalars(select(Person.email)))
    assert emails == {f"p{number}@example.org" for number in range(WRITERS) if number % 4 != 3}


def test_those_who_wait_share_a_commit(app: Flask, make: Making) -> None:
    session.rollback()
    together, commits = Together(), []

    def note(connection: object) -> None:
        commits.append(connection)

    listen(db.engine, "commit", note)
    works = [lambda number=number: add(make, number * 4) for number in range(WRITERS)]
    try:
        together.gate.acquire()
        threads = [threading.Thread(target=in_context, args=(app, together, work)) for work in works]
        for thread in threads:
            thread.start()
        while len(together.waiting) < WRITERS:
            threads[0].join(0.01)
        together.gate.release()
        for thread in threads:
            thread.join(60)
    finally:
        remove(db.engine, "commit", note)
    assert len(commits) == 1
    assert session.scalar(select(func.count()).select_from(Person)) == WRITERS


def in_context(app: Flask, together: Together, work) -> None:
    with app.app_context():
        together.write(work)


def test_what_fails_is_raised_and_leaves_nothing(make: Making) -> None:
    with pytest.raises(Failing):
        Together().write(lambda: add(make, 3))
    assert session.scalar(select(func.count()).select_from(Person)) == 0
