"""Somebody asks to be forgotten: nothing that is stored says who they were, and what they did stays (`SPEC §1`)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from referrals.db import Base, session
from referrals.leads import conversation
from referrals.leads.erasure import erase_contact
from referrals.leads.models import Lead
from referrals.leads.operations import change_status
from referrals.leads.search import count_candidates, search_term
from referrals.outbox.erasure import erase_mails_about, erase_mails_of
from referrals.partners.models import Partner
from referrals.people.erasure import erase_person
from referrals.people.models import Person
from referrals.people.operations import LastManager
from referrals.people.rules import SYSTEM
from tests.conftest import NOW
from tests.making import Making
from tests.test_cli import Shell


def stored() -> str:
    """Everything that the database holds, as one text."""
    rows = (session.execute(select(table)).all() for table in Base.metadata.sorted_tables)
    return "\n".join(str(tuple(row)) for found in rows for row in found)


def test_a_person_is_forgotten_and_their_leads_stay(make: Making) -> None:
    rep = make.rep()
    anna = make.member(name="Anna Canary", email="anna.canary@example.org")
    make.member(session.get_one(Partner, anna.partner_id))
    lead = make.lead(anna)
    conversation.send_message(lead, "Shall we call them?", by=anna, at=NOW)
    change_status(lead, "in_progress", by=rep, at=NOW)
    session.commit()
    assert "Canary" in stored()

    person = session.get_one(Person, anna.person_id)
    words = {person.name, str(person.email)}
    erase_person(person, by=SYSTEM, at=NOW)
    erase_mails_of(person.id, words)
    session.commit()
    assert "canary" not in stored().lower()
    kept = session.get_one(Lead, lead.id)
    assert (kept.status, kept.submitted_by_id) == ("in_progress", person.id)
    assert session.get_one(Person, person.id).name == f"#{person.id}"


def test_the_last_manager_of_a_partner_hands_over_first(make: Making) -> None:
    anna = make.member(name="Anna Canary")
    with pytest.raises(LastManager):
        erase_person(session.get_one(Person, anna.person_id), by=SYSTEM, at=NOW)


def test_a_contact_is_forgotten_and_the_lead_stays(make: Making) -> None:
    make.rep()
    member = make.member()
    values = {
        "contact_name": "Otto Canary",
        "contact_email": "otto@canary-mail.example.org",
        "contact_phone": "+48500600700",
        "notes": "Ask for Mr Canary.",
        "website_url": "https://shop.example.org",
    }
    lead = make.lead(member, **values)
    rival = make.lead(make.member(), contact_email="otto@canary-mail.example.org", business_name="Other")
    assert rival.claim == "in_conflict"
    erase_contact(rival, by=SYSTEM, at=NOW)
    erase_mails_about(rival.ref)
    erase_contact(lead, by=SYSTEM, at=NOW)
    erase_mails_about(lead.ref)
    session.commit()
    assert "canary" not in stored().lower()
    assert "48500600700" not in stored()
    assert count_candidates(search_term("canary"), None) == 0
    assert count_candidates(search_term("shop.example"), None) == 1
    again = make.lead(make.member(), website_url="https://shop.example.org", business_name="Third")
    assert again.claim == "in_conflict", "the business is still claimed"


def test_the_commands_erase_files_of_mails_too(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("demo")
    shell.run("work")
    shell.json("create-partner", "North", "nora.canary@example.org", "--password-stdin", text="a long passphrase\n")
    shell.json("create-admin", "odd@example.org", "--password-stdin", text="a long passphrase\n")
    refused = shell.run("erase", "person", "nora.canary@example.org", "--yes")
    assert "manage the members" in refused.stderr
    assert shell.run("erase", "person", "odd@example.org").returncode == 1, "it asks first"
    assert shell.json("erase", "person", "odd@example.org", "--yes")["mails"] == 0
    erased: Any = shell.json("erase", "person", "piotr@demo.example.org", "--yes")
    assert int(erased["person"]) > 0
    assert not [file for file in tmp_path.glob("outbox/*.eml") if b"piotr@" in file.read_bytes()]
    assert "no account" in shell.run("erase", "person", "nobody@example.org", "--yes").stderr
    assert "no lead" in shell.run("erase", "contact", "L-0000000", "--yes").stderr
