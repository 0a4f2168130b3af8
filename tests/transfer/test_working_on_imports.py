"""Imports worked on by several at once, beside others who write, and through errors."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from referrals import jobs
from referrals.db import session
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead
from referrals.lifecycle import IllegalMove
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.transfer import operations
from referrals.transfer.models import ImportRemark, ImportRun
from referrals.transfer.operations import choose_columns, start_import, upload
from referrals.web.staff import imports as page
from tests.making import Making
from tests.web.browsing import Browser

HEAD = "business_name,contact_name,contact_email,country,website_url\n"
PATIENCE_SECONDS = 30


def row(number: int) -> str:
    return f"B{number},C{number},c{number}@b{number}.example.org,PL,b{number}.example.org\n"


class Ground:
    """A database with somebody who imports, and the means to do several things at once."""

    def __init__(self, app: Flask, make: Making) -> None:
        self.app = app
        self.make = make
        self.admin = make.admin()
        self.rep = make.rep()
        self.member = make.member()

    def upload(self, rows: str, *, running: bool = True) -> int:
        partner = session.get_one(Partner, self.member.partner_id)
        content = (HEAD + rows).encode()
        run = upload(partner, get_product("plus"), "f.csv", content, by=SYSTEM, at=self.make.at)
        if running:
            start_import(run, by=SYSTEM)
        session.commit()
        return run.id

    def at_once(self, *works: Callable[[], object]) -> list[Exception]:
        """Do these in threads of their own, begun together; answers what went wrong."""
        errors: list[Exception] = []
        together = threading.Barrier(len(works))
        # A transaction of ours that stayed open would hold up the threads.
        session.rollback()

        def do(work: Callable[[], object]) -> None:
            with self.app.app_context():
                try:
                    together.wait()
                    work()
                except Exception as error:
                    errors.append(error)
                    session.rollback()
                finally:
                    session.remove()

        threads = [threading.Thread(target=do, args=(work,), daemon=True) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        return errors + [TimeoutError() for thread in threads if thread.is_alive()]

    def submit(self, by: Actor, number: int) -> None:
        """Another partner submits what a row is about."""
        self.make.lead(
            by, contact_email=f"c{number}@b{number}.example.org", website_url=f"https://b{number}.example.org"
        )


@pytest.fixture
def ground(app_on_both: Flask, make_on_both: Making) -> Ground:
    return Ground(app_on_both, make_on_both)


def state(import_id: int) -> ImportRun:
    session.rollback()
    return session.get_one(ImportRun, import_id)


def test_two_who_work_on_one_import_count_each_line_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PORTION", 10)
    import_id = ground.upload("".join(map(row, range(60))) + ",nameless,n@example.org,PL,\n" * 20)

    def click() -> None:
        more = True
        while more:
            more, _ = jobs.take_portion(import_id, by=ground.admin, at=ground.make.at)

    def tick() -> None:
        jobs.advance_imports(at=ground.make.at)

    assert ground.at_once(click, tick) == []
    run = state(import_id)
    assert (run.status, run.read, run.created, run.unchanged, run.refused) == ("done", 80, 60, 0, 20)
    assert session.scalar(select(func.count()).select_from(ImportRemark)) == 20
    assert session.scalar(select(func.count()).select_from(Lead)) == 60


def test_a_portion_is_counted_from_what_is_stored_not_from_what_was_remembered(ground: Ground) -> None:
    import_id = ground.upload("".join(map(row, range(3))))
    remembered = session.get_one(ImportRun, import_id)
    session.commit()
    assert ground.at_once(lambda: jobs.advance_imports(at=ground.make.at)) == []
    assert jobs.take_portion(import_id, by=SYSTEM, at=ground.make.at) == (False, jobs.Tally())
    assert (remembered.status, remembered.created) == ("done", 3)


def test_others_submit_the_same_business_while_an_import_is_tried(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_id = ground.upload(row(1), running=False)
    rival = ground.make.member()
    browser = Browser(ground.make, ground.admin)
    browser.get("/account/password")
    real, errors = page.try_import, []

    def tried_while_somebody_submits(run: ImportRun, **kwargs: Any) -> Any:
        outcome = real(run, **kwargs)
        thread = threading.Thread(target=submit, daemon=True)
        thread.start()
        thread.join(5)
        errors.extend(["held up"] if thread.is_alive() else [])
        return outcome

    def submit() -> None:
        with ground.app.app_context():
            ground.submit(rival, 1)
            session.remove()

    monkeypatch.setattr(page, "try_import", tried_while_somebody_submits)
    names = HEAD.strip().split(",")
    shown = browser.post(f"/imports/{import_id}/columns", step="try", **{f"column_{name}": name for name in names})
    assert errors == []
    assert shown.all("#outcome .cards strong") == ["1", "0", "0"]


def test_an_import_and_submissions_of_its_businesses_do_not_block_each_other_for_ever(ground: Ground) -> None:
    import_id = ground.upload("".join(map(row, range(100))))
    rivals = [ground.make.member() for _ in range(2)]

    def submitting(rival: Actor, numbers: range) -> Callable[[], None]:
        return lambda: [ground.submit(rival, number) for number in numbers] and None

    works = [submitting(rivals[0], range(99, 60, -3)), submitting(rivals[1], range(60, 20, -3))]
    assert ground.at_once(lambda: jobs.take_portion(import_id, by=SYSTEM, at=ground.make.at), *works) == []
    assert (state(import_id).status, state(import_id).created) == ("done", 100)


def test_an_import_that_fails_is_told_and_holds_up_no_other(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = ground.upload(row(1)), ground.upload(row(2))
    real = jobs.advance_import

    def failing(run: ImportRun, **kwargs: Any) -> bool:
        if run.id == bad:
            raise KeyError("nobody@example.org")
        return real(run, **kwargs)

    monkeypatch.setattr(jobs, "advance_import", failing)
    assert jobs.advance_imports(at=ground.make.at) == jobs.Tally(done=1, failed=1)
    assert (state(bad).status, state(good).status) == ("failed", "done")
    assert state(bad).content is None
    shown = Browser(ground.make, ground.admin).get(f"/imports/{bad}")
    assert "An error on our side stopped this import" in shown.one("#progress [role=alert]").get_text()


def test_an_import_that_the_database_put_off_goes_on_later(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id, other = ground.upload(row(1)), ground.upload(row(2))
    real = jobs.advance_import

    def deadlocked(run: ImportRun, **kwargs: Any) -> bool:
        if run.id == import_id:
            raise OperationalError("INSERT", {}, Exception("deadlock detected"))
        return real(run, **kwargs)

    monkeypatch.setattr(jobs, "advance_import", deadlocked)
    assert jobs.advance_imports(at=ground.make.at) == jobs.Tally(done=1, failed=1, stuck=True)
    assert (state(import_id).status, state(other).status) == ("running", "done")
    monkeypatch.undo()
    jobs.advance_imports(at=ground.make.at)
    assert state(import_id).status == "done"


def test_what_has_begun_is_neither_begun_again_nor_read_otherwise(ground: Ground) -> None:
    import_id = ground.upload(row(1))
    browser = Browser(ground.make, ground.admin)
    again = browser.post(f"/imports/{import_id}/columns", step="run", column_business_name="contact_name")
    assert again.headers["Location"].endswith(f"/imports/{import_id}")
    run = state(import_id)
    assert run.options["mapping"]["business_name"] == "business_name"
    with pytest.raises(IllegalMove):
        choose_columns(run, {"business_name": "contact_name"}, by=ground.admin)
    assert browser.post(f"/imports/{import_id}/withdrawal").status == 422
    assert state(import_id).status == "running"


def test_nul_in_names_and_ids_reaches_no_database(ground: Ground) -> None:
    head, rows = "Id,Last\0Name,Company,Status\0,IsConverted\n", "00\0Q1,Nowak,Meble,Working,\n"
    partner = session.get_one(Partner, ground.member.partner_id)
    run = upload(partner, get_product("plus"), "f\0.csv", (head + rows).encode(), by=SYSTEM, at=ground.make.at)
    assert run.options["mapping"]["status"] == "Status"
    start_import(run, by=SYSTEM)
    session.commit()
    jobs.advance_imports(at=ground.make.at)
    assert (state(run.id).status, state(run.id).created) == ("done", 1)
    assert session.scalars(select(Lead.import_key)).one() == "00Q1"
