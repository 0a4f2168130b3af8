"""Importing leads: what is taken, what is refused, what a repetition and a dry run do."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, func, select

from referrals.db import db, session
from referrals.leads.catalogue import Programme, change_programme, get_product
from referrals.leads.models import Lead, LeadConflict
from referrals.outbox.models import Notification, OutboxMessage
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.transfer.lead_import import LeadImport
from referrals.transfer.operations import understand
from referrals.transfer.report import Outcome
from tests.making import Making

HEAD = "business_name,contact_name,contact_email,country,website_url,product,status,sales_support,submitted_at\n"
Take = Callable[..., Outcome]


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


@pytest.fixture
def member(make: Making) -> Actor:
    make.rep()
    return make.member()


@pytest.fixture
def take(make: Making, member: Actor) -> Take:
    """Imports rows for the member's partner, or tries to."""

    def run(rows: str, *, head: str = HEAD, dry: bool = False, partner_id: int | None = None) -> Outcome:
        product = get_product("plus")
        reading = understand((head + rows).encode(), "leads.csv", product)
        partner = session.get_one(Partner, partner_id or member.partner_id)
        importer = LeadImport(partner, reading.mapping, reading.dialect, product, at=make.at)
        if dry:
            return importer.dry_run(reading.table)
        outcome = importer.run(reading.table.lines, by=SYSTEM)
        session.commit()
        return outcome

    return run


def numbers(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.read, outcome.created, outcome.unchanged, outcome.refused


def told(outcome: Outcome) -> list[tuple[int, str, str]]:
    return [(remark.line, remark.outcome, remark.column) for remark in outcome.remarks]


GOOD = "Meble,Ana,ana@meble.example.org,PL,meble.example.org,plus,in_progress,y,2025-03-04\n"


def test_a_row_becomes_a_lead_with_its_original_date_and_status(take: Take) -> None:
    assert numbers(take(GOOD)) == (1, 1, 0, 0)
    lead = session.scalars(select(Lead)).one()
    assert (lead.status, lead.submitted_at.year, lead.source) == ("in_progress", 2025, "import")
    assert lead.imported_at is not None
    assert lead.rep_id is not None


def test_importing_tells_nobody(take: Take) -> None:
    take(GOOD)
    for model in (OutboxMessage, Notification):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_repeating_changes_nothing_and_tells_what_differs(take: Take) -> None:
    take(GOOD)
    again = take(GOOD.replace("Ana,", "Anna,"))
    assert numbers(again) == (1, 0, 1, 0)
    assert told(again) == [(2, "different", "contact_name")]
    assert session.scalars(select(Lead.contact_name)).one() == "Ana"


def test_a_dry_run_says_what_a_run_does_and_writes_nothing(take: Take) -> None:
    rows = (
        GOOD + ",B,b@example.org,PL,,,,,\n" + GOOD.replace("Meble", "Meble 2") + "C,C,c@example.org,PL,,pos,awarded,,\n"
    )
    tried = take(rows, dry=True)
    assert session.scalar(select(func.count()).select_from(Lead)) == 0
    done = take(rows)
    assert numbers(tried) == numbers(done) == (4, 1, 0, 3)
    assert [line for line, *_ in told(tried)] == [line for line, *_ in told(done)] == [3, 4, 5]


def test_a_dry_run_reconciles(take: Take) -> None:
    take(GOOD + GOOD.replace("Meble", "Kwiaty").replace("meble", "kwiaty"))
    tried = take(GOOD.replace("Ana,", "Anna,") + GOOD.replace("Meble", "New").replace("meble", "new"), dry=True)
    assert numbers(tried) == (2, 1, 1, 0)
    assert [outcome for _, outcome, _ in told(tried)] == ["different", "missing"]


def test_rows_of_our_own_are_read_as_strictly_as_the_form(take: Take) -> None:
    rows = [
        (",A,a@example.org,PL,,,,,", "business_name"),
        ("B,,b@example.org,PL,,,,,", "contact_name"),
        ("C,C,nothing,PL,,,,,", "contact_email"),
        ("D,D,d@example.org,Atlantis,,,,,", "country"),
        ("E,E,e@example.org,PL,javascript:1,,,,", "website_url"),
        ("F,F,f@example.org,PL,,surf,,,", "product"),
        ("G,G,g@example.org,PL,,,won,,", "status"),
        ("H,H,h@example.org,PL,,pos,awarded,,", "status"),
        ("I,I,i@example.org,PL,,,,,2099-01-01", "submitted_at"),
        ("J,J,j@example.org,PL,,,,perhaps,", "sales_support"),
        ("K\x00,K,k@example.org,PL,,,,,", "business_name"),
    ]
    outcome = take("".join(f"{row}\n" for row, _ in rows))
    assert numbers(outcome) == (11, 0, 0, 11)
    assert told(outcome) == [(number, "refused", column) for number, (_, column) in enumerate(rows, 2)]


def test_an_open_prospect_of_the_same_partner_is_refused(make: Making, member: Actor, take: Take) -> None:
    lead = make.lead(member, website_url="https://meble.example.org")
    outcome = take(GOOD)
    assert numbers(outcome) == (1, 0, 0, 1)
    assert outcome.remarks[0].params == {"ref": lead.ref}


def test_a_prospect_of_another_partner_is_reported_not_decided(make: Making, take: Take) -> None:
    make.lead(make.member(), website_url="https://meble.example.org")
    outcome = take(GOOD.replace("2025-03-04", "2026-11-01"))
    assert numbers(outcome) == (1, 1, 0, 0)
    assert told(outcome) == [(2, "conflict", "")]
    assert session.scalars(select(LeadConflict.decided_at)).one() is None
    assert session.scalars(select(Lead.claim).where(Lead.source == "import")).one() == "in_conflict"


def test_a_claim_long_over_is_no_conflict(make: Making, take: Take) -> None:
    make.lead(make.member(), website_url="https://meble.example.org")
    assert told(take(GOOD)) == []


def test_ten_thousand_broken_rows_are_ten_thousand_remarks(take: Take) -> None:
    outcome = take("".join(f",x{number},broken,XX,,,,,\n" for number in range(10_000)), dry=True)
    assert numbers(outcome) == (10_000, 0, 0, 10_000)
    assert len({remark.line for remark in outcome.remarks}) == 10_000


CRM = "Id,FirstName,LastName,Company,Email,Phone,Country,Status,IsConverted,IsDeleted,CreatedDate,Website\n"


def test_tables_of_other_systems_are_taken_as_they_are(take: Take) -> None:
    outcome = take(
        "00Q1,Ana,Nowak,,not-an-address,h,Poland,Working,FALSE,FALSE,2019-11-11T17:23:34.000Z,not a site\n"
        "00Q2,,,,,,,,,,,\n"
        "00Q3,Bob,Gone,Shop,b@example.org,,,,FALSE,TRUE,,\n",
        head=CRM,
    )
    assert numbers(outcome) == (3, 1, 0, 2)
    lead = session.scalars(select(Lead)).one()
    assert (lead.business_name, lead.contact_email, lead.contact_phone) == ("Ana Nowak", "not-an-address", "h")
    assert (lead.country, lead.status, lead.website_url, lead.sales_support) == ("PL", "in_progress", "", True)
    assert "Website: not a site" in lead.notes
    assert {(line, kind) for line, kind, _ in told(outcome)} == {(2, "remark"), (3, "refused"), (4, "refused")}
    assert numbers(take("00Q1,Ana,Nowak,,not-an-address,h,Poland,Working,FALSE,FALSE,,\n", head=CRM)) == (1, 0, 1, 0)


def test_the_report_names_columns_as_the_file_does(make: Making, member: Actor, take: Take) -> None:
    head = "Id,LastName,Company,Email,Status,IsConverted,AnnualRevenue\n"
    first = take("00Q1,Nowak,Meble,not-an-address,Working,,much\n", head=head)
    assert told(first) == [(2, "remark", "Email"), (2, "remark", "AnnualRevenue")]
    assert session.scalars(select(Lead.notes)).one() == "AnnualRevenue: much"
    again = take("00Q1,Kowal,Meble,not-an-address,Converted,,much\n", head=head)
    assert told(again) == [(2, "different", "LastName")]
    lead = make.lead(member, contact_email="k@kwiaty.example.org")
    refused = take("00Q2,Nowak,Kwiaty,k@kwiaty.example.org,Working,,\n", head=head)
    assert (told(refused), refused.remarks[0].params) == ([(2, "refused", "Email")], {"ref": lead.ref})


def test_a_repetition_tells_of_another_status(take: Take) -> None:
    take(GOOD)
    again = take(GOOD.replace("in_progress", "awarded"))
    assert told(again) == [(2, "different", "status")]
    assert again.remarks[0].params == {"theirs": "awarded", "ours": "in_progress"}
    assert told(take(GOOD.replace("in_progress", ""))) == []


def test_an_imported_refusal_says_why(take: Take) -> None:
    take(GOOD.replace("in_progress", "ineligible"))
    lead = session.scalars(select(Lead)).one()
    assert (lead.reason_code, lead.reason_sentence) == (
        "imported",
        "This was decided before the programme moved here.",
    )


@pytest.mark.parametrize("second", [GOOD, GOOD.replace("Ana,", "Ann,")])
def test_the_same_row_twice_is_tried_as_it_is_run(take: Take, second: str) -> None:
    tried, done = take(GOOD + second, dry=True), take(GOOD + second)
    assert numbers(tried) == numbers(done) == (2, 1, 1, 0)
    assert told(tried) == told(done)


def test_an_earlier_line_of_the_file_is_told_under_the_column(take: Take) -> None:
    rows = GOOD + GOOD.replace("Meble", "Meble 2")
    tried, done = take(rows, dry=True), take(rows)
    assert numbers(tried) == numbers(done) == (2, 1, 0, 1)
    assert told(tried) == told(done) == [(3, "refused", "contact_email")]


def test_amounts_are_read_in_the_currency_of_the_programme(make: Making, take: Take) -> None:
    change_programme(Programme(currency="JPY"), by=make.admin(), at=make.at)
    head = HEAD.replace("submitted_at", "expected_value")
    take(GOOD.replace("2025-03-04", "1200"), head=head)
    assert session.execute(select(Lead.expected_minor, Lead.expected_currency)).one() == (1200, "JPY")
    again = take(GOOD.replace("2025-03-04", "1300"), head=head)
    assert again.remarks[0].params == {"theirs": "1300", "ours": "1200"}


def test_trying_asks_as_often_for_many_rows_as_for_few(take: Take) -> None:
    def asked_for(rows: int) -> int:
        statements: list[str] = []

        def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", count)
        take("".join(f"B{n},C,c{n}@b{n}.example.org,PL,b{n}.example.org,,,,\n" for n in range(rows)), dry=True)
        event.remove(db.engine, "before_cursor_execute", count)
        return len(statements)

    assert asked_for(2) == asked_for(150)
