"""Importing the registry of stores, and with it what all tables have in common whose rows stand for themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from referrals import jobs
from referrals.db import reading, session
from referrals.people.rules import SYSTEM
from referrals.stores.models import Store
from referrals.transfer import row_import
from referrals.transfer.kinds import ImportJob
from referrals.transfer.operations import choose_columns, start_import, try_import, understand_as, upload_as
from referrals.transfer.report import Outcome
from referrals.transfer.row_import import ColumnMissing
from referrals.transfer.store_rows import STORES
from referrals.transfer.tables import read_table
from tests.making import Making
from tests.stores.making import draft, listed

HEAD = "domain,owner_name,owner_email,owner_language,plan,status\n"
ONE = "meble.example.org,Ana,ana@meble.example.org,pl,basic,active\n"
TWO = "sklep.example.org,Ewa,ewa@sklep.example.org,th,starter,closed\n"
Take = Callable[..., Outcome]


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


@pytest.fixture
def take(make: Making) -> Take:
    """Imports rows, or tries to."""

    def run(rows: str, *, head: str = HEAD, dry: bool = False, **job: Any) -> Outcome:
        found = understand_as(STORES, (head + rows).encode(), "stores.csv", {})
        importer = STORES.importer(ImportJob(found.table, found.dialect, found.mapping, {}, None, make.at, **job))
        if dry:
            with reading():
                return importer.dry_run(found.table)
        outcome = importer.run(found.table.lines, by=SYSTEM)
        session.commit()
        return outcome

    return run


def numbers(outcome: Outcome) -> tuple[int, int, int, int, int]:
    return outcome.read, outcome.created, outcome.changed, outcome.unchanged, outcome.refused


def told(outcome: Outcome) -> list[tuple[int, str, str]]:
    return [(remark.line, remark.outcome, remark.column) for remark in outcome.remarks]


def stores() -> dict[str, tuple[str, str, str, str]]:
    session.rollback()
    found = session.scalars(select(Store).execution_options(populate_existing=True))
    return {one.domain: (one.owner_name, one.owner_language, one.plan, one.status) for one in found}


def test_rows_become_stores_and_repeating_changes_nothing(take: Take) -> None:
    assert numbers(take(ONE + TWO)) == (2, 2, 0, 0, 0)
    kept = stores()
    assert kept == {
        "meble.example.org": ("Ana", "pl", "basic", "active"),
        "sklep.example.org": ("Ewa", "th", "starter", "closed"),
    }
    assert numbers(take(ONE + TWO)) == (2, 0, 0, 2, 0)
    assert stores() == kept


def test_a_known_store_is_brought_up_to_date_and_an_empty_cell_says_nothing(take: Take) -> None:
    take(ONE)
    again = take("MEBLE.example.org,,,,plus,\n")
    assert numbers(again) == (1, 0, 1, 0, 0)
    assert told(again) == [(2, "different", "plan")]
    assert stores() == {"meble.example.org": ("Ana", "pl", "plus", "active")}


def test_what_names_an_owner_is_not_repeated_in_the_report(take: Take) -> None:
    take(ONE)
    again = take(ONE.replace("Ana", "Bea").replace("ana@", "bea@"))
    assert told(again) == [(2, "different", "owner_name"), (2, "different", "owner_email")]
    assert not [remark for remark in again.remarks if remark.params]


def test_each_refused_row_tells_its_line_columns_and_reasons(take: Take) -> None:
    rows = (
        ONE
        + ",A,a@example.org,en,basic,\n"
        + "bad domain,A,nothing,de,a plan!,open\n"
        + "new.example.org,A,,,,\n"
        + TWO
    )
    outcome = take(rows)
    assert numbers(outcome) == (5, 2, 0, 0, 3)
    assert told(outcome) == [
        (3, "refused", "domain"),
        (4, "refused", "domain"),
        (4, "refused", "owner_email"),
        (4, "refused", "owner_language"),
        (4, "refused", "plan"),
        (4, "refused", "status"),
        (5, "refused", "plan"),
    ]


def test_a_dry_run_says_what_a_run_does_and_writes_nothing(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_import, "PORTION", 2)
    monkeypatch.setattr(row_import, "PAUSE_SECONDS", 0)
    take(TWO)
    rows = ONE + TWO + "bad\n" + ONE.replace("basic", "plus") + ONE.replace("basic", "plus") + "new.example.org,,,,,\n"
    tried = take(rows, dry=True)
    assert stores().keys() == {"sklep.example.org"}
    done = take(rows)
    assert numbers(tried) == numbers(done) == (6, 1, 1, 2, 2)
    assert told(tried) == told(done)


def test_a_dry_run_reconciles(take: Take, make: Making) -> None:
    take(ONE + TWO)
    draft(make, make.member(), "draft.example.org")
    tried = take(ONE.replace("basic", "plus"), dry=True)
    assert told(tried) == [(2, "different", "plan"), (0, "missing", "")]
    assert tried.remarks[-1].params == {"domain": "sklep.example.org"}


def test_columns_are_known_by_name_and_the_domain_is_needed(take: Take, make: Making) -> None:
    assert numbers(take("a.example.org;basic\n", head="Domain;PLAN\n")) == (1, 1, 0, 0, 0)
    with pytest.raises(ColumnMissing):
        STORES.require_columns({"plan": "plan"})
    run = upload_as(STORES, None, "s.csv", b"host,plan\nb.example.org,basic\n", {}, by=SYSTEM, at=make.at)
    with pytest.raises(ColumnMissing):
        choose_columns(run, {"plan": "plan"}, by=SYSTEM)
    choose_columns(run, {"domain": "host", "plan": "plan"}, by=SYSTEM)
    remembered = understand_as(STORES, b"host,plan\nc.example.org,basic\n", "other.csv", {})
    assert remembered.mapping == {"domain": "host", "plan": "plan"}


def test_an_import_without_a_partner_runs_on_in_the_scheduler(make: Making, take: Take) -> None:
    listed(make, "known.example.org", plan="basic")
    rows = "".join(f"s{number}.example.org,,,,basic,\n" for number in range(450)) + "known.example.org,,,,plus,\n"
    run = upload_as(STORES, None, "s.csv", (HEAD + rows).encode(), {}, by=SYSTEM, at=make.at)
    start_import(run, by=SYSTEM)
    session.commit()
    jobs.advance_imports(at=make.at)
    session.refresh(run)
    assert (run.status, run.read, run.created, run.changed, run.partner_id) == ("done", 451, 450, 1, None)
    assert run.content is None


def test_a_try_by_page_holds_nothing(make: Making) -> None:
    run = upload_as(STORES, None, "s.csv", (HEAD + ONE).encode(), {}, by=SYSTEM, at=make.at)
    session.commit()
    with reading():
        assert numbers(try_import(run, at=make.at)) == (1, 1, 0, 0, 0)
    assert session.scalar(select(func.count()).select_from(Store)) == 0


def test_equal_rows_are_counted_by_the_columns_that_are_read() -> None:
    table = read_table(b"a,b,c\n1,2,x\n1,2,y\n1,3,x\n1,2,x\n", "t.csv")
    assert table.occurrences(["a", "b"]) == {2: 0, 3: 1, 4: 0, 5: 2}
    assert table.occurrences(["a", "b", "c"]) == {2: 0, 3: 0, 4: 0, 5: 1}
