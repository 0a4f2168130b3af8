"""The proof of the books: good books pass, and the first wrong row is named (P17)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.engine import Connection

from referrals.db import session
from referrals.jobs import Tally, tell_of_doubt
from referrals.ledger.checking import (
    Finding,
    books_are_good,
    check_books,
    check_new,
    check_owner,
    is_proof_due,
    latest_checks,
)
from referrals.ledger.models import LedgerChain
from referrals.ledger.operations import OUTSIDE, STORE, Draft, Owner, post_entries, post_entry, salesperson
from referrals.ledger.problems import Problem, read_problem
from referrals.outbox.models import Notification, OutboxMessage
from tests.conftest import NOW
from tests.making import Making

SHOP, OTHER = Owner("shop", 7, "CNY"), Owner("shop", 8, "JPY")
ANNA = 71
CHAIN = "(SELECT id FROM ledger_chains WHERE owner_id = 7)"
ENTRY = f"(SELECT id FROM ledger_entries WHERE seq = 3 AND chain_id = {CHAIN})"


def book(owner: Owner, first: int, number: int) -> None:
    """Adjustments that move money to a salesperson and, each time, a little less back."""
    drafts = [
        Draft("adjustment", f"{owner.id}:{n}", ((STORE, -10), (salesperson(ANNA), 10)), NOW, about=f"seen:{n}")
        for n in range(first, first + number)
    ]
    post_entries(owner, drafts)
    session.commit()


@pytest.fixture
def books(app_on_both: Flask) -> Flask:
    """Two chains: five entries of one shop, two of another."""
    for owner in (SHOP, OTHER):
        post_entry(owner, Draft("adjustment", f"in:{owner.id}", ((OUTSIDE, -900), (STORE, 900)), NOW))
    book(SHOP, 1, 4)
    book(OTHER, 1, 1)
    return app_on_both


def tamper(app: Flask, *statements: str) -> None:
    """Change the books as somebody with the database in hand would: triggers and keys first."""
    session.rollback()
    engine = create_engine(app.extensions["referrals"].config.database_url)
    with engine.begin() as connection:
        unguard(connection)
        for statement in statements:
            assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


def unguard(connection: Connection) -> None:
    for table in ("ledger_entries", "ledger_postings"):
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        else:
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_refuse_{verb}"))


def checked() -> Finding:
    finding = check_books(at=NOW)
    session.commit()
    return finding


def test_good_books_pass(books: Flask) -> None:
    finding = checked()
    assert (finding.ok, finding.entries, finding.postings, finding.first_problem) == (True, 7, 14, None)
    assert books_are_good(SHOP)
    (kept,) = latest_checks()
    assert (kept.ok, kept.whole, kept.entries, kept.postings, kept.first_problem) == (True, True, 7, 14, "")


def test_books_without_an_entry_pass(app: Flask) -> None:
    finding = checked()
    assert (finding.ok, finding.entries, finding.postings) == (True, 0, 0)


TAMPERED = {
    "an amount": ("hash", [
        f"UPDATE ledger_postings SET amount_minor = 11 WHERE amount_minor = 10 AND entry_id = {ENTRY}",
        f"UPDATE ledger_postings SET amount_minor = -11 WHERE amount_minor = -10 AND entry_id = {ENTRY}",
    ]),
    "one side": ("unbalanced", [
        f"UPDATE ledger_postings SET amount_minor = 9 WHERE amount_minor = 10 AND entry_id = {ENTRY}",
    ]),
    "a time": ("hash", [f"UPDATE ledger_entries SET at = '2025-01-01 00:00:00.000000' WHERE id = {ENTRY}"]),
    "what it is about": ("hash", [f"UPDATE ledger_entries SET about = 'seen:9' WHERE id = {ENTRY}"]),
    "a reference": ("hash", [f"UPDATE ledger_entries SET reference = 'other' WHERE id = {ENTRY}"]),
    "a posting gone": ("unbalanced", [f"DELETE FROM ledger_postings WHERE amount_minor = 10 AND entry_id = {ENTRY}"]),
    "a posting more": ("unbalanced", [
        "INSERT INTO ledger_postings (entry_id, account_id, amount_minor) "
        f"SELECT entry_id, account_id, 1 FROM ledger_postings WHERE amount_minor = 10 AND entry_id = {ENTRY}",
    ]),
    "whose account": ("account", [
        "UPDATE ledger_postings SET account_id = (SELECT a.id FROM ledger_accounts a WHERE a.chain_id <> "
        f"{CHAIN} AND a.kind = 'salesperson') WHERE amount_minor = 10 AND entry_id = {ENTRY}",
    ]),
    "a hash": ("hash", [f"UPDATE ledger_entries SET hash = 'x' WHERE id = {ENTRY}"]),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_the_first_wrong_entry_is_named(books: Flask, what: str) -> None:
    kind, statements = TAMPERED[what]
    number = session.scalar(text(f"SELECT id FROM ledger_entries WHERE id = {ENTRY}"))
    tamper(books, *statements)
    finding = checked()
    problem = finding.first_problem
    assert problem is not None
    assert (problem.kind, problem.values["seq"], problem.values["row"]) == (kind, 3, number)
    assert f"ledger_entries row {number}" in str(problem)
    assert not books_are_good(SHOP)
    assert read_problem(latest_checks()[0].first_problem) == problem


OTHER_WRONGS = {
    "an entry gone": ("gap", [
        "DELETE FROM ledger_postings WHERE amount_minor = 10 AND entry_id = " + ENTRY,
        "DELETE FROM ledger_postings WHERE amount_minor = -10 AND entry_id = " + ENTRY,
        f"DELETE FROM ledger_entries WHERE id = {ENTRY}",
    ]),
    "the latest entry denied": ("head", [f"UPDATE ledger_chains SET head_seq = 4 WHERE id = {CHAIN}"]),
    "a balance": ("balance", [
        f"UPDATE ledger_accounts SET balance_minor = 861 WHERE kind = 'store' AND chain_id = {CHAIN}",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER_WRONGS)
def test_what_is_missing_or_miscounted_is_found(books: Flask, what: str) -> None:
    kind, statements = OTHER_WRONGS[what]
    tamper(books, *statements)
    problem = checked().first_problem
    assert problem is not None
    assert problem.kind == kind
    assert str(problem).startswith("shop 7: ")


def test_an_own_chain_is_proved_without_the_others(books: Flask) -> None:
    good = check_owner(SHOP)
    head = session.scalar(select(LedgerChain.head_hash).where(LedgerChain.owner_id == 7))
    assert (good.ok, good.entries, good.postings, good.hash) == (True, 5, 10, head)
    tamper(books, f"UPDATE ledger_entries SET kind = 'payout' WHERE id = {ENTRY}")
    assert not check_owner(SHOP).ok
    assert check_owner(OTHER).ok
    assert latest_checks() == []


def test_new_entries_are_proved_from_where_the_last_proof_ended(books: Flask) -> None:
    assert check_new(SHOP, at=NOW).entries == 5
    session.commit()
    assert check_new(SHOP, at=NOW).entries == 0
    book(SHOP, 5, 2)
    assert check_new(SHOP, at=NOW).entries == 2
    assert latest_checks() == []


def test_a_small_proof_that_fails_stays_failed_until_a_whole_one_passes(books: Flask) -> None:
    check_books(at=NOW)
    book(SHOP, 5, 1)
    session.commit()
    tamper(books, "UPDATE ledger_entries SET kind = 'payout' WHERE seq = 6")
    assert not check_new(SHOP, at=NOW).ok
    session.commit()
    assert not books_are_good(SHOP)
    assert check_new(OTHER, at=NOW).ok
    session.commit()
    assert not books_are_good(OTHER)
    tamper(books, "UPDATE ledger_entries SET kind = 'adjustment' WHERE seq = 6")
    assert checked().ok
    assert books_are_good(SHOP)


def test_history_rewritten_behind_a_proof_is_found_by_the_next_small_one(books: Flask) -> None:
    check_books(at=NOW)
    session.commit()
    tamper(books, f"UPDATE ledger_entries SET hash = 'x' WHERE seq = 5 AND chain_id = {CHAIN}")
    problem = check_new(SHOP, at=NOW).first_problem
    assert problem is not None
    assert problem.kind == "proved"


def test_the_proof_takes_no_write_lock(books: Flask) -> None:
    statements: list[str] = []
    engine = session.get_bind()
    listen = lambda *args: statements.append(args[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", listen)
    check_owner(SHOP)
    event.remove(engine, "before_cursor_execute", listen)
    assert not [one for one in statements if not one.lstrip().startswith(("SELECT", "PRAGMA", "BEGIN", "SET"))]


def test_a_whole_proof_is_due_once_a_night(app: Flask) -> None:
    evening = NOW.replace(hour=22)
    assert is_proof_due(at=evening)
    check_books(at=evening)
    assert not is_proof_due(at=evening + timedelta(hours=4))
    assert is_proof_due(at=evening + timedelta(hours=5, seconds=1))
    check_books(at=evening + timedelta(hours=6), whole=False)
    assert is_proof_due(at=evening + timedelta(days=6))


def test_a_problem_says_where(app: Flask) -> None:
    for kind in ("orphan", "settlement", "clawback", "by_hand", "top_up", "reserved"):
        assert "7" in str(Problem(kind, {"row": 7}))


def test_administrators_are_told_once_of_each_proof_that_fails(books: Flask, make_on_both: Making) -> None:
    admin = make_on_both.admin()
    make_on_both.rep()
    assert tell_of_doubt(at=NOW) == Tally()
    tamper(books, *TAMPERED["an amount"][1])
    checked()
    assert [tell_of_doubt(at=NOW), tell_of_doubt(at=NOW)] == [Tally(done=1), Tally()]
    told = session.scalars(select(Notification)).one()
    assert (told.person_id, told.template) == (admin.person_id, "books_in_doubt")
    assert session.scalars(select(OutboxMessage.template)).all() == ["books_in_doubt"]
    checked()
    assert tell_of_doubt(at=NOW) == Tally(done=1), "found wrong again"
