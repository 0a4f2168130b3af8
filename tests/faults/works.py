"""Ways by which leads come in and are worked on, as the pages, the API, the jobs and the commands do it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select

from referrals.cli import imports as commands
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.jobs import advance_imports, send_mails
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.operations import Submission, change_status, submit_lead
from referrals.leads.ownership import AlreadySubmitted, decide
from referrals.outbox.models import OutboxMessage
from referrals.outbox.transport import FileTransport
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.people.sign_in import make_key
from referrals.transfer import operations as imports
from referrals.transfer.lead_import import LeadImport
from referrals.transfer.models import ImportRun
from referrals.web.emails import render_mail
from tests.faults.crashing import REHEARSAL, Work
from tests.faults.wholeness import Census
from tests.making import Making
from tests.web.browsing import Browser

ROWS, PORTION = 6, 2
HEAD = "business_name,contact_name,contact_email,country,product,notes\n"


class Works:
    """Each is done for a prospect of its own per number, ends with its commits, and is safe to do again."""

    def __init__(self, app: Flask, make: Making) -> None:
        self.app = app
        self.make = make
        self.notes = "They asked us."
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
            "notes": self.notes,
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
        """A prospect that the rival holds: a conflict, both timelines, more mails."""
        return self.submit(self.one_of_two(number))

    def one_of_two(self, number: int) -> int:
        """The prospect for the rehearsal, or the one for every other number."""
        return number if number == REHEARSAL else 0

    def staff(self, verb: Callable[[Lead], None]) -> Work:
        """What staff do to the lead of a prospect, and one commit; done before, a rule forbids it."""

        def act(number: int) -> str:
            name = self.prospect(self.one_of_two(number))["business_name"]
            mine = Lead.partner_id == self.member.partner_id
            lead = session.scalars(select(Lead).where(Lead.business_name == name, mine)).one()
            try:
                verb(lead)
            except RuleBroken:
                session.rollback()
            else:
                session.commit()
            return "done"

        return act

    def begin_all(self) -> None:
        """Leads with sales support are worked on before they can be awarded."""
        for lead in session.scalars(select(Lead)):
            change_status(lead, "in_progress", by=self.rep, at=self.make.at)
        session.commit()

    def award(self, lead: Lead) -> None:
        change_status(lead, "awarded", by=self.rep, at=self.make.at)

    def refuse(self, lead: Lead) -> None:
        change_status(lead, "ineligible", reason="duplicate", text="Known.", by=self.rep, at=self.make.at)

    def give(self, lead: Lead) -> None:
        conflict = session.scalars(select(LeadConflict).where(LeadConflict.lead_id == lead.id)).one()
        decide(conflict, "give", text="They called.", by=self.rep, at=self.make.at)

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
        rows = (
            f"Row {number}-{row},Contact,row{number}x{row}@crash.example.org,PL,plus,{self.notes}\n"
            for row in range(ROWS)
        )
        return (HEAD + "".join(rows)).encode()

    def import_on_page(self, number: int) -> list[Any]:
        """Uploaded, started, and taken in by the job; what was begun before is gone on with."""
        run = session.scalars(select(ImportRun).where(ImportRun.file_name == f"{number}.csv")).one_or_none()
        if run is None:
            run = self.upload(number)
        session.commit()
        advance_imports(at=self.make.at)
        session.refresh(run)
        return [run.status, run.read, run.created, run.unchanged, run.refused, run.content]

    def upload(self, number: int) -> ImportRun:
        partner = session.get_one(Partner, self.member.partner_id)
        run = imports.upload(
            partner, get_product("plus"), f"{number}.csv", self.table(number), by=SYSTEM, at=self.make.at
        )
        imports.start_import(run, by=SYSTEM)
        return run

    def import_by_command(self, number: int) -> list[int]:
        """What the command does; it begins at the first line again."""
        product = get_product("plus")
        reading = imports.understand(self.table(number), "leads.csv", product)
        partner = session.get_one(Partner, self.member.partner_id)
        importer = LeadImport(partner, reading.mapping, reading.dialect, product, at=self.make.at)
        done = commands.run_import(importer, reading.table.lines)
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


def whole_portions(whole: Census, left: Census) -> str:
    """Every table has grown by the same whole portions of the file."""
    once = {"import_runs"}
    taken = left.get("leads", 0)
    grown = {name: number for name, number in left.items() if name not in once}
    wanted = {name: number * taken // ROWS for name, number in whole.items() if taken and name not in once}
    return "" if taken % PORTION == 0 and grown == wanted else f"a torn portion: {left} of {whole}"
