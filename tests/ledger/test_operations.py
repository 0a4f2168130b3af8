"""Booking: entries balance, nothing is booked twice, nothing overdrawn, and the database lets nobody change them."""

import itertools
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from referrals import create_app
from referrals.db import db, session
from referrals.ledger.models import LedgerChain, LedgerEntry, LedgerPosting
from referrals.ledger.operations import (
    OUTSIDE,
    STORE,
    AlreadyBooked,
    Draft,
    InsufficientBalance,
    Owner,
    UnbalancedEntry,
    post_entries,
    post_entry,
    reserved,
    salesperson,
)
from referrals.ledger.queries import AccountStatement, EntryList, balance, balances, entries_about, postings_of
from referrals.listing import Wish
from referrals.money import LARGEST, AmountTooLarge
from tests.conftest import NOW, config_for

SHOP, OTHER = Owner("shop", 7, "CNY"), Owner("shop", 8, "CNY")
ANNA, BEN = 71, 72
WRITERS, DRAFTS_EACH = 8, 25


def top_up(minor: int, reference: str = "top_up:1", *, at=NOW) -> Draft:
    return Draft("top_up", reference, ((OUTSIDE, -minor), (STORE, minor)), at, about=reference)


def settlement(commission: int, who: int, minor: int) -> Draft:
    postings = ((STORE, -minor), (salesperson(who), minor))
    return Draft("settlement", f"settlement:{commission}", postings, NOW, about=f"commission:{commission}")


def census() -> list[int]:
    return [session.scalar(select(func.count()).select_from(one)) or 0 for one in (LedgerEntry, LedgerPosting)]


def test_an_entry_moves_money(app: Flask) -> None:
    post_entry(SHOP, top_up(1000))
    post_entry(SHOP, settlement(5, ANNA, 300))
    assert (balance(SHOP, STORE), balance(SHOP, salesperson(ANNA)), balance(SHOP, OUTSIDE)) == (700, 300, -1000)
    assert balances(SHOP, "salesperson") == {ANNA: 300}
    assert balance(OTHER, STORE) == balance(SHOP, salesperson(BEN)) == 0


def test_entries_are_found_by_what_they_are_about(app: Flask) -> None:
    post_entry(SHOP, top_up(1000))
    entry = post_entry(SHOP, settlement(5, ANNA, 300))
    (found,) = entries_about("commission:5")
    assert (found.seq, found.kind, found.reference) == (2, "settlement", "settlement:5")
    rows = postings_of([entry.id])[entry.id]
    assert [(row.kind, row.holder_id, row.amount_minor) for row in rows] == [
        ("store", 0, -300),
        ("salesperson", ANNA, 300),
    ]


@pytest.mark.parametrize(
    "postings",
    [
        ((OUTSIDE, -5), (STORE, 4)),
        ((STORE, 5),),
        (),
        ((OUTSIDE, 0), (STORE, 0)),
        ((OUTSIDE, -5), (STORE, 5), (salesperson(ANNA), 0)),
    ],
)
def test_what_does_not_balance_is_refused(app: Flask, postings) -> None:
    with pytest.raises(UnbalancedEntry):
        post_entry(SHOP, Draft("adjustment", "adjustment:1", postings, NOW))
    assert census() == [0, 0]


def test_a_reference_is_booked_once(app: Flask) -> None:
    post_entry(SHOP, top_up(1000))
    for owner in (SHOP, OTHER):
        with pytest.raises(AlreadyBooked):
            post_entry(owner, top_up(999))
    with pytest.raises(AlreadyBooked):
        post_entries(SHOP, [top_up(1, "top_up:2"), top_up(1, "top_up:2")])
    assert balance(SHOP, STORE) == 1000


def test_the_store_balance_is_looked_at_after_each_entry(app: Flask) -> None:
    post_entry(SHOP, top_up(100))
    with pytest.raises(InsufficientBalance):
        post_entries(SHOP, [settlement(1, ANNA, 101), top_up(500, "top_up:2")])
    session.commit()
    post_entries(SHOP, [top_up(500, "top_up:2"), settlement(1, ANNA, 600)])
    assert balance(SHOP, STORE) == 0


def test_what_is_reserved_cannot_be_overdrawn(app: Flask) -> None:
    with pytest.raises(InsufficientBalance):
        post_entry(SHOP, Draft("withdrawal_paid", "withdrawal_paid:1", ((reserved(ANNA), -1), (OUTSIDE, 1)), NOW))


def test_a_salesperson_may_owe(app: Flask) -> None:
    clawback = Draft("clawback", "clawback:1:5", ((salesperson(ANNA), -5), (STORE, 5)), NOW)
    post_entry(SHOP, clawback)
    assert balance(SHOP, salesperson(ANNA)) == -5


def test_what_the_merchant_pays_outside_goes_through_in_one_entry(app: Flask) -> None:
    pairs = ((OUTSIDE, -40), (salesperson(ANNA), 40), (salesperson(ANNA), -40), (OUTSIDE, 40))
    post_entry(SHOP, Draft("by_hand", "by_hand:1", pairs, NOW))
    assert balance(SHOP, salesperson(ANNA)) == balance(SHOP, STORE) == 0


def test_what_64_bits_cannot_hold_is_refused(app: Flask) -> None:
    post_entry(SHOP, top_up(LARGEST))
    for draft in (top_up(1, "top_up:2"), top_up(LARGEST + 1, "top_up:3")):
        with pytest.raises(AmountTooLarge):
            post_entry(SHOP, draft)


def heads() -> list[tuple[int, str]]:
    return [tuple(row) for row in session.execute(select(LedgerEntry.seq, LedgerEntry.hash).order_by(LedgerEntry.id))]


def test_many_at_once_equal_one_after_the_other(app_on_both: Flask) -> None:
    drafts = [top_up(5000), *(settlement(n, (ANNA, BEN)[n % 2], n + 1) for n in range(40))]
    drafts.append(Draft("by_hand", "by_hand:1", ((OUTSIDE, -4), (salesperson(ANNA), 4)), NOW, corrects_id=None))
    for draft in drafts:
        post_entry(SHOP, draft)
    single = heads(), balances(SHOP, "salesperson"), balance(SHOP, STORE)
    session.rollback()
    post_entries(SHOP, drafts)
    session.commit()
    assert (heads(), balances(SHOP, "salesperson"), balance(SHOP, STORE)) == single
    chain = session.scalars(select(LedgerChain)).one()
    assert (chain.head_seq, chain.head_hash) == heads()[-1]


def test_a_correction_names_what_it_corrects(app_on_both: Flask) -> None:
    wrong = post_entry(SHOP, top_up(1000))
    back = Draft("adjustment", "adjustment:1", ((STORE, -1000), (OUTSIDE, 1000)), NOW, corrects_id=wrong.id)
    plain = back._replace(reference="adjustment:2", postings=((STORE, 1), (OUTSIDE, -1)), corrects_id=None)
    entries = [post_entry(SHOP, back), post_entry(SHOP, plain)]
    assert [one.corrects_id for one in entries] == [wrong.id, None]


CHANGES = [
    "UPDATE ledger_entries SET kind = 'top_up'",
    "UPDATE ledger_entries SET at = at",
    "UPDATE ledger_postings SET amount_minor = 1",
    "DELETE FROM ledger_postings",
    "DELETE FROM ledger_entries",
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_the_books(app_on_both: Flask, change: str) -> None:
    post_entry(SHOP, top_up(1000))
    session.commit()
    with pytest.raises(DBAPIError, match="append only"):
        session.execute(text(change))
    session.rollback()
    assert census() == [1, 2]


def test_postgresql_refuses_to_empty_the_books(postgres, tmp_path: Path) -> None:
    app = create_app(config_for(postgres.fresh(), tmp_path))
    with app.app_context():
        for table in ("ledger_postings", "ledger_entries CASCADE"):
            with pytest.raises(DBAPIError, match="append only"):
                session.execute(text(f"TRUNCATE {table}"))
            session.rollback()
        session.remove()
        db.engine.dispose()


def spend(writer: int) -> None:
    """A process of its own that pays out of one balance again and again, and is refused when it is empty."""
    for number in range(DRAFTS_EACH):
        try:
            post_entry(SHOP, settlement(writer * DRAFTS_EACH + number, writer, 10))
            session.commit()
        except InsufficientBalance:
            session.rollback()


def test_eight_processes_on_one_balance_spend_what_is_there(app_on_both: Flask) -> None:
    covered = WRITERS * DRAFTS_EACH // 2
    post_entry(SHOP, top_up(covered * 10 + 9))
    session.commit()
    # What is forked must share no connection.
    session.remove()
    db.engine.dispose()
    writers = [get_context("fork").Process(target=spend, args=(writer,)) for writer in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(240)
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert balance(SHOP, STORE) == 9
    assert sum(balances(SHOP, "salesperson").values()) == covered * 10
    seqs = session.scalars(select(LedgerEntry.seq).order_by(LedgerEntry.id)).all()
    assert list(seqs) == list(range(1, covered + 2))


@pytest.fixture
def booked(app: Flask) -> None:
    numbers = itertools.count(1)
    for owner in (SHOP, OTHER):
        for _ in range(3):
            number = next(numbers)
            post_entry(owner, top_up(100 * number, f"top_up:{number}", at=NOW + timedelta(minutes=number)))
    session.commit()


def test_the_list_of_entries_is_the_owner_s(booked: None) -> None:
    found = EntryList(SHOP, Wish()).slice()
    assert [row.reference for row in found.rows] == ["top_up:3", "top_up:2", "top_up:1"]
    assert EntryList(None, Wish()).slice().total == 6
    assert EntryList(SHOP, Wish(filters={"kind": "settlement"})).slice().total == 0


def test_a_statement_holds_what_was_booked_on_one_account(booked: None) -> None:
    found = AccountStatement(SHOP, STORE, Wish(sort="-amount")).slice()
    assert [row.amount_minor for row in found.rows] == [300, 200, 100]
    assert AccountStatement(SHOP, salesperson(ANNA), Wish()).slice().total == 0
