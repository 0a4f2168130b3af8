"""Killed before any statement: everything of an operation is there or nothing, and it can be done again (P4 P6 P16)."""

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from referrals import create_app
from referrals.serving import bring_up_to_date
from tests.conftest import config_for
from tests.faults.crashing import REHEARSAL, attempt, crash_everywhere
from tests.faults.wholeness import Census
from tests.faults.works import Works, whole_portions
from tests.making import Making

# The rows of a file take the same steps, some twenty each: what is skipped in one of them is met in another.
STEPS_APART = {"import_on_page": 3, "import_by_command": 7}
STEPS_BETWEEN_CRASHES_OF_A_MIGRATION = 3


def lead_first_mails_later(whole: Census, left: Census) -> str:
    """The lead with its mails stands or does not; the mails are sent one by one."""
    sent = {name: number for name, number in left.items() if name != "mails_sent"}
    wanted = {name: number for name, number in whole.items() if name != "mails_sent"}
    return "" if sent in ({}, wanted) else f"torn: {left} of {whole}"


@pytest.mark.parametrize("way", ["submit", "send_form", "call"])
def test_a_submission_is_there_with_all_its_parts_or_not_at_all(app: Flask, works: Works, way: str) -> None:
    assert list(crash_everywhere(app, getattr(works, way))) == []


def test_a_conflict_is_there_on_both_sides_or_not_at_all(app: Flask, works: Works) -> None:
    for number in (REHEARSAL, 0):
        works.submit(number, works.rival)
    assert list(crash_everywhere(app, works.claim_too)) == []


@pytest.mark.parametrize("verb", ["award", "refuse", "give"])
def test_what_staff_decide_is_done_with_all_that_follows_or_not_at_all(app: Flask, works: Works, verb: str) -> None:
    for number in (REHEARSAL, 0):
        if verb == "give":
            works.submit(number, works.rival)
        works.submit(number)
    if verb == "award":
        works.begin_all()
    assert list(crash_everywhere(app, works.staff(getattr(works, verb)))) == []


@pytest.mark.parametrize("way", STEPS_APART)
def test_an_import_goes_on_after_any_crash_and_takes_each_line_once(app: Flask, works: Works, way: str) -> None:
    assert list(crash_everywhere(app, getattr(works, way), fits=whole_portions, every=STEPS_APART[way])) == []


def test_no_mail_is_lost_or_renamed_by_a_crash(app: Flask, works: Works, tmp_path: Path) -> None:
    found = crash_everywhere(app, works.send_mails_to(tmp_path), fits=lead_first_mails_later, every=2)
    assert list(found) == []


@pytest.mark.parametrize("app_on_both", ["postgresql"], indirect=True)
def test_on_postgresql_a_submission_is_whole_too(app_on_both: Flask, make_on_both: Making) -> None:
    assert list(crash_everywhere(app_on_both, Works(app_on_both, make_on_both).submit)) == []


def test_a_first_start_killed_while_migrating_is_made_good_by_the_next(template_database: Path, tmp_path: Path) -> None:
    file = tmp_path / "referrals.db"
    app = create_app(config_for(f"sqlite:///{file}", tmp_path))
    with app.app_context():
        for step in count(1, STEPS_BETWEEN_CRASHES_OF_A_MIGRATION):
            for leftover in tmp_path.glob("*"):
                leftover.unlink()
            ending = attempt(app, lambda _: bring_up_to_date(app), 0, crash_at=step)
            assert not attempt(app, lambda _: bring_up_to_date(app), 0).error, step
            assert schema_of(file) == schema_of(template_database), step
            if not ending.killed:
                break
    assert step > STEPS_BETWEEN_CRASHES_OF_A_MIGRATION


def schema_of(file: Path) -> list[str]:
    """Everything a database is made of, and the version it says it is."""
    with closing(sqlite3.connect(file)) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql").fetchall()
        found = [*made, *connection.execute("SELECT version_num FROM alembic_version")]
        # A table that a migration rebuilt names its constraints in any order.
        return [part.strip(" ,") for (sql,) in found for part in sorted(sql.replace(", ", "\n").split("\n"))]
