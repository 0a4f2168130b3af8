"""Killed before any statement: everything of an operation is there or nothing, and it can be done again (P4 P6 P16)."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from referrals import create_app
from referrals.api import keys
from referrals.cli import run_import
from referrals.db import session
from referrals.jobs import advance_imports, send_mails
from referrals.leads import operations
from referrals.leads.catalogue import get_product
from referrals.leads.operations import Submission, submit_lead
from referrals.leads.ownership import AlreadySubmitted
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import post_mail
from referrals.outbox.transport import FileTransport
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.people.sign_in import make_key
from referrals.serving import bring_up_to_date
from referrals.transfer import operations as imports
from referrals.transfer.lead_import import LeadImport
from referrals.transfer.models import ImportRun
from referrals.web.emails import render_mail
from tests.conftest import config_for
from tests.faults.crashing import DOES_NOT_WORK, Work, all_or_nothing, attempt, crash_everywhere
from tests.faults.wholeness import Census
from tests.making import Making
from tests.web.browsing import Browser

ROWS, PORTION = 6, 2
STEPS_BETWEEN_CRASHES_OF_A_MIGRATION = 3
HEAD = "business_name,contact_name,contact_email,country,product\n"


class Works:
    """Ways by which leads come in, each for a prospect of its own per number, each safe to do again."""

    def __init__(self, app: Flask, make: Making) -> None:
        self.app = app
        self.make = make
        self.rep = make.rep()
        self.member = make.member()
        self.rival = make.member()
        self.key = make_key(
            "partner", partner_id=self.member.partner_id, name="test", scopes=["leads"], by=SYSTEM, at=make.at
        )
        session.commit()
        self.browser = Browser(make, self.member)
        self.browser.get("/account/password")

    def prospect(self, number: int) -> dict[str, str]:
        return {
            "contact_name": f"Contact {number}",
            "contact_email": f"owner{number}@crash.example.org",
            "contact_phone": f"+48600{number:06}",
            "business_name": f"Shop {number}",
            "website_url": f"https://shop{number}.crash.example.org",
            "country": "PL",
        }

    def submit(self, number: int, by: Actor | None = None) -> str:
        """What the page does: the operation, and one commit."""
        by = by or self.member
        partner = session.get_one(Partner, by.partner_id)
        try:
            submit_lead(
                Submission(partner, get_product("plus"), self.prospect(number) | {"sales_support": True}),
                by=by,
                at=self.make.at,
            )
        except AlreadySubmitted:
            session.rollback()
        else:
            session.commit()
        return "submitted"

    def claim_too(self, number: int) -> str:
        """A prospect that another partner holds: conflict, both timelines, more mails."""
        self.submit(number, self.rival)
        return self.submit(number)

    def send_form(self, number: int) -> str:
        """The page itself. Sent again after it was stored, it says that the lead is there."""
        page = self.browser.post("/leads/new/plus", **self.prospect(number), sales_support="y")
        stored = page.status == 303 or (page.status == 422 and "submitted this business already" in page.words)
        return "submitted" if stored else f"{page.status} {page.words}"

    def call(self, number: int) -> int:
        """The API with an Idempotency-Key: sent again it answers 201 as before."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"key-{number}"}
        body = self.prospect(number) | {"product": "plus", "sales_support": True}
        status: int = self.browser.call("POST", "/api/v1/leads", json=body, headers=headers).status_code
        return status

    def table(self, number: int) -> bytes:
        rows = (f"Row {number}-{row},Contact,row{number}x{row}@crash.example.org,PL,plus\n" for row in range(ROWS))
        return (HEAD + "".join(rows)).encode()

    def import_on_page(self, number: int) -> list[Any]:
        """Uploaded, started, and taken in by the job; what was begun before is gone on with."""
        run = session.scalars(select(ImportRun).where(ImportRun.file_name == f"{number}.csv")).one_or_none()
        if run is None:
            partner = session.get_one(Partner, self.member.partner_id)
            run = imports.upload(
                partner, get_product("plus"), f"{number}.csv", self.table(number), by=SYSTEM, at=self.make.at
            )
            imports.start_import(run, by=SYSTEM)
        session.commit()
        advance_imports(at=self.make.at)
        session.refresh(run)
        return [run.status, run.read, run.created, run.unchanged, run.refused, run.content]

    def import_by_command(self, number: int) -> list[int]:
        """What the command does; it begins at the first line again."""
        product = get_product("plus")
        reading = imports.understand(self.table(number), "leads.csv", product)
        partner = session.get_one(Partner, self.member.partner_id)
        importer = LeadImport(partner, reading.mapping, reading.dialect, product, at=self.make.at)
        done = run_import(importer, reading.table.lines)
        return [done.read, done.created + done.unchanged, done.refused]

    def send_mails_to(self, folder: Path) -> Work:
        """The job that sends the mails of one new lead; answers whether each is in its file, and how often it left."""

        def send(number: int) -> list[Any]:
            self.submit(number)
            transport = FileTransport(folder / str(number))
            with self.app.test_request_context():
                send_mails(render_mail, transport, at=self.make.at)
            mails = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()[-2:]
            files = {file.name for file in transport.folder.iterdir()}
            return [files == {f"{mail.message_key}.eml" for mail in mails}, *(mail.attempts for mail in mails)]

        return send


@pytest.fixture
def works(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch) -> Works:
    monkeypatch.setattr("referrals.cli.PORTION", PORTION)
    monkeypatch.setattr(imports, "PORTION", PORTION)
    return Works(app, make)


def both_claims_in_turn(whole: Census, left: Census) -> str:
    """The rival's lead, committed first, may stand alone."""
    return "" if left in ({}, whole) or left.get("leads") == 1 else f"torn: {left} of {whole}"


def whole_portions(whole: Census, left: Census) -> str:
    """Every table has grown by the same whole portions of the file."""
    once = {"import_runs"}
    taken = left.get("leads", 0)
    grown = {name: number for name, number in left.items() if name not in once}
    wanted = {name: number * taken // ROWS for name, number in whole.items() if taken and name not in once}
    return "" if taken % PORTION == 0 and grown == wanted else f"a torn portion: {left} of {whole}"


def lead_first_mails_later(whole: Census, left: Census) -> str:
    """The lead with its mails stands or does not; the mails are sent one by one."""
    sent = {name: number for name, number in left.items() if name != "mails_sent"}
    wanted = {name: number for name, number in whole.items() if name != "mails_sent"}
    return "" if sent in ({}, wanted) else f"torn: {left} of {whole}"


@pytest.mark.parametrize("way", ["submit", "send_form", "call"])
def test_a_submission_is_there_with_all_its_parts_or_not_at_all(app: Flask, works: Works, way: str) -> None:
    assert list(crash_everywhere(app, getattr(works, way))) == []


def test_a_conflict_is_there_on_both_sides_or_not_at_all(app: Flask, works: Works) -> None:
    assert list(crash_everywhere(app, works.claim_too, fits=both_claims_in_turn)) == []


@pytest.mark.parametrize("way", ["import_on_page", "import_by_command"])
def test_an_import_goes_on_after_any_crash_and_takes_each_line_once(app: Flask, works: Works, way: str) -> None:
    every = 1 if way == "import_on_page" else 5
    assert list(crash_everywhere(app, getattr(works, way), fits=whole_portions, every=every)) == []


def test_no_mail_is_lost_or_renamed_by_a_crash(app: Flask, works: Works, tmp_path: Path) -> None:
    assert list(crash_everywhere(app, works.send_mails_to(tmp_path), fits=lead_first_mails_later)) == []


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
        return [sql for (sql,) in [*made, *connection.execute("SELECT version_num FROM alembic_version")]]


def commit_before(module: Any, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault: what was done so far is committed before this function goes on."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def faulty(*args: Any, **kwargs: Any) -> Any:
            session.commit()
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, faulty)

    return plant


def mail_before_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: a mail leaves its transaction before there is what it tells of."""
    real = operations.register_lead

    def faulty(submission: Submission, *args: Any, **kwargs: Any) -> Any:
        post_mail("lead_submitted", {}, to="x@example.org", at=kwargs["at"])
        session.commit()
        return real(submission, *args, **kwargs)

    monkeypatch.setattr(operations, "register_lead", faulty)


def counted_before_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: lines are noted as read in a transaction of their own, before they are taken in."""
    real = imports.importer_of

    def faulty(run: ImportRun, **kwargs: Any) -> Any:
        run.read += PORTION
        session.commit()
        run.read -= PORTION
        return real(run, **kwargs)

    monkeypatch.setattr(imports, "importer_of", faulty)


def taken_before_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: lines are committed one by one, and noted as read later."""
    commit_before(LeadImport, "count")(monkeypatch)


PLANTED = {
    "a commit between lead and timeline": ("submit", commit_before(operations, "note")),
    "a commit between lead and assignment": ("submit", commit_before(operations, "assign_by_rule")),
    "a commit between lead and mail": ("send_form", commit_before(operations, "confirm_submission")),
    "a commit between lead and search": ("submit", commit_before(operations, "index_leads")),
    "a commit between lead and kept answer": ("call", commit_before(keys, "keep_answer")),
    "a mail before its lead": ("submit", mail_before_truth),
    "lines counted before they are taken": ("import_on_page", counted_before_taken),
    "lines taken before they are counted": ("import_on_page", taken_before_counted),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_harness_notices(fault: str, app: Flask, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    way, plant = PLANTED[fault]
    plant(monkeypatch)
    fits = whole_portions if "import" in way else all_or_nothing
    first = next(crash_everywhere(app, getattr(works, way), fits=fits), "")
    assert first
    assert DOES_NOT_WORK not in first
