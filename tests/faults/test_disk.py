"""A disk that is full or broken: 503, nothing half stored, and everything goes on when it is mended (P4 P6)."""

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from referrals.db import db, session
from referrals.jobs import advance_imports
from referrals.serving import jobs_of
from tests.faults.crashing import all_or_nothing, attempt
from tests.faults.failing import fail, refused
from tests.faults.served import Server
from tests.faults.wholeness import census, faults_of
from tests.faults.works import ROWS, Works

MOST_PAGES_OF_A_LEAD = 200
SMALLEST_FILES = 64 * 1024


def url_of(app: Flask) -> str:
    url: str = app.extensions["referrals"].config.database_url
    return url


@contextmanager
def room_for(pages: int) -> Iterator[None]:
    """Meanwhile the database file can grow by so many pages; then SQLite says that the disk is full."""

    def limit(connection: object, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={size + pages}")  # type: ignore[attr-defined]

    session.rollback()
    size = session.scalar(text("PRAGMA page_count")) or 0
    session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", limit)
    try:
        yield
    finally:
        event.remove(db.engine, "connect", limit)
        session.remove()
        db.engine.dispose()


@pytest.fixture(autouse=True)
def long_notes(request: pytest.FixtureRequest) -> None:
    """Leads that do not fit into the pages that a database file has already."""
    if "works" in request.fixturenames:
        request.getfixturevalue("works").notes = "x" * 5000


def by_api(works: Works) -> int:
    return works.call(1)


def by_form(works: Works) -> int:
    return works.browser.post("/leads/new/plus", **works.prospect(1), sales_support="y").status


@pytest.mark.parametrize(("submit", "success"), [(by_api, 201), (by_form, 303)])
def test_a_full_disk_refuses_whole_submissions_at_whichever_statement(
    app: Flask, works: Works, submit: Callable[[Works], int], success: int
) -> None:
    before, answers = census(url_of(app)), []
    for pages in range(MOST_PAGES_OF_A_LEAD):
        with room_for(pages):
            answers.append(submit(works))
        if answers[-1] == success:
            break
        assert (answers[-1], census(url_of(app)) - before) == (503, {}), f"with room for {pages} pages"
    assert answers == [503] * (len(answers) - 1) + [success]
    assert len(answers) > 3, "a lead should take several pages"
    assert (census(url_of(app)) - before)["leads"] == 1
    assert faults_of(url_of(app)) == []


def test_with_a_full_disk_everything_can_still_be_read(app: Flask, works: Works) -> None:
    works.submit(1)
    with room_for(0):
        assert by_api(works) in {409, 503}
        page = works.browser.get("/leads")
        assert (page.status, len(page.rows)) == (200, 1)
        assert works.browser.call("GET", "/readyz").status_code == 200


def test_the_page_of_a_full_disk_says_that_nothing_was_changed(works: Works) -> None:
    with room_for(0):
        page = works.browser.post("/leads/new/plus", **works.prospect(1), sales_support="y")
    assert (page.status, "Nothing was changed" in page.words) == (503, True)


def test_an_import_waits_for_space_and_then_goes_on(app: Flask, works: Works) -> None:
    works.upload(1)
    session.commit()
    jobs, before = jobs_of(app), census(url_of(app))
    with room_for(0):
        jobs.run(lambda: advance_imports(at=works.make.at))
    assert census(url_of(app)) - before == {}
    jobs.run(lambda: advance_imports(at=works.make.at))
    jobs.leadership.give_up()
    assert (census(url_of(app)) - before)["leads"] == ROWS
    assert faults_of(url_of(app)) == []


BROKEN = {
    "no space": (errno.ENOSPC, "pwrite64"),
    "writes fail": (errno.EIO, "pwrite64"),
    "what was written does not reach the disk": (errno.EIO, "fsync", "fdatasync"),
}


@pytest.mark.parametrize("submit", [by_api, by_form])
@pytest.mark.parametrize("how", BROKEN)
def test_a_disk_that_breaks_while_serving_confirms_nothing(
    app: Flask, works: Works, how: str, submit: Callable[[Works], int]
) -> None:
    """The fork has written to the database when its disk breaks, and ends without closing it."""
    if why := refused():
        pytest.skip(why)

    def on_a_broken_disk(_number: int) -> list[int]:
        reads = [works.browser.call("GET", "/leads").status_code]
        jobs_of(app).minutely()
        fail(*BROKEN[how])
        return [*reads, submit(works), works.browser.call("GET", "/leads").status_code]

    before = census(url_of(app))
    broken = attempt(app, on_a_broken_disk, 1)
    assert broken.answer == [200, 503, 200], broken.error
    left = census(url_of(app)) - before
    mended = attempt(app, lambda _: submit(works), 1)
    whole = census(url_of(app)) - before
    assert all_or_nothing(whole, left) == ""
    assert mended.answer in {201, 303} or (submit, mended.answer, left) == (by_form, 422, whole)
    assert whole["leads"] == 1
    assert faults_of(url_of(app)) == []


def test_a_process_on_a_full_disk_still_ends_in_good_order(app: Flask, works: Works) -> None:
    if why := refused():
        pytest.skip(why)

    def end(_number: int) -> str:
        works.browser.get("/leads")
        fail(errno.ENOSPC, "pwrite64")
        jobs_of(app).minutely()
        return "ended"

    assert attempt(app, end, 1).answer == "ended"


@contextmanager
def small_files(server: Server) -> Iterator[None]:
    """Meanwhile every write of the running server beyond the beginning of a file fails."""
    pid, limit = server.running.pid, resource.RLIMIT_FSIZE
    before = resource.prlimit(pid, limit)
    resource.prlimit(pid, limit, (SMALLEST_FILES, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, limit, before)


def test_a_running_server_resumes_when_there_is_space_again(server: Callable[..., Server]) -> None:
    if not hasattr(resource, "prlimit"):
        pytest.skip("files of a running process are made small on Linux alone")
    here = server()
    here.start()
    stored = [here.submit(f"before{number}").body["ref"] for number in range(5)]
    for name in ("one", "two", "three"):
        with small_files(here):
            assert [here.submit(name).status for _ in range(3)] == [503] * 3
            assert sorted(ref for ref, _ in here.leads()) == sorted(stored)
            assert here.is_ready()
        answer = here.submit(name)
        assert answer.status == 201
        stored.append(answer.body["ref"])
    assert sorted(ref for ref, _ in here.leads()) == sorted(stored)
    assert here.stop() == 0
    assert faults_of(here.database) == []


def test_what_fails_is_logged_without_what_was_typed(app: Flask) -> None:
    with pytest.raises(OperationalError) as failed:
        session.execute(text("SELECT :email FROM nothing"), {"email": "anna@example.org"})
    session.rollback()
    assert "anna" not in str(failed.value)
