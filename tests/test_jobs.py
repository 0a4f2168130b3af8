"""Who runs the jobs, and that one of them does not hold up another."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from referrals.db import db, session
from referrals.jobs import Jobs, Tally, repeat
from referrals.leadership import Leadership
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import post_mail
from referrals.outbox.transport import Unreachable
from referrals.serving import jobs_of
from tests.making import Making


@pytest.fixture
def rivals(app_on_both: Flask) -> Iterator[tuple[Leadership, Leadership]]:
    """Two processes on one database."""
    config = app_on_both.extensions["referrals"].config
    both = Leadership(config, db.engine), Leadership(config, db.engine)
    yield both
    for one in both:
        one.give_up()


def test_one_leads_until_it_gives_up(rivals: tuple[Leadership, Leadership]) -> None:
    first, second = rivals
    assert (first.held(), second.held(), first.held(), second.held()) == (True, False, True, False)
    first.give_up()
    assert (second.held(), first.held()) == (True, False)
    second.give_up()
    assert first.held()


def test_a_process_leads_in_all_its_threads(rivals: tuple[Leadership, Leadership]) -> None:
    first, second = rivals
    assert first.held()
    seen: list[bool] = []
    for one in (first, second):
        thread = threading.Thread(target=lambda one=one: seen.append(one.held()))  # type: ignore[misc]
        thread.start()
        thread.join()
    assert seen == [True, False]
    thread = threading.Thread(target=first.give_up)
    thread.start()
    thread.join()
    assert second.held()


@pytest.mark.parametrize("app_on_both", ["postgresql"], indirect=True)
def test_who_lost_the_connection_leads_no_more(rivals: tuple[Leadership, Leadership]) -> None:
    first, second = rivals
    assert first.held()
    cut_off = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    assert session.scalars(cut_off).all() == [True]
    session.rollback()
    until = time.monotonic() + 5
    while not second.held() and time.monotonic() < until:
        time.sleep(0.01)
    assert second.held()
    assert not first.held()
    second.give_up()
    assert first.held()


class Nowhere:
    """A way out that is closed."""

    def send(self, message: EmailMessage, key: str) -> None:
        raise Unreachable("nobody there")


@pytest.fixture
def jobs(app_on_both: Flask) -> Iterator[Jobs]:
    made = jobs_of(app_on_both)
    yield made
    made.leadership.give_up()


def test_everything_due_is_worked_off(app_on_both: Flask, make_on_both: Making, jobs: Jobs, tmp_path: Path) -> None:
    for number in range(60):
        post_mail(
            "password_reset", {"link_id": "x", "purpose": "reset"}, to=f"a{number}@example.org", at=make_on_both.at
        )
    session.commit()
    assert jobs.leads()
    done = jobs.work_off()
    assert done["mails"] == Tally(done=60)
    assert done["imports"] == Tally()
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == 60


def test_working_off_ends_where_nothing_leaves(make_on_both: Making, jobs: Jobs) -> None:
    for to in ("a@example.org", "b@example.org"):
        post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to=to, at=make_on_both.at)
    session.commit()
    jobs.transport = Nowhere()
    assert jobs.work_off()["mails"] == Tally(failed=1, stuck=True)
    session.rollback()
    assert sorted(session.scalars(select(OutboxMessage.attempts))) == [0, 1]


def test_a_job_that_breaks_is_noted_and_counted(jobs: Jobs) -> None:
    def broken() -> Tally:
        raise RuntimeError

    assert repeat(lambda: jobs.run(broken)) == Tally(failed=1, stuck=True)


def test_mails_and_imports_are_jobs_of_their_own(jobs: Jobs) -> None:
    planned = {job.func.__name__: job.trigger for job in jobs.scheduler().get_jobs()}
    assert planned["mails"].interval == planned["imports"].interval == timedelta(seconds=2)
