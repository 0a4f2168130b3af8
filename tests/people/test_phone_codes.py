"""One-time codes prove that somebody holds a phone: hashed, short-lived, tried a few times, used once (P14)."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.outbox.codes import send_code
from referrals.outbox.models import OutboxMessage
from referrals.people.codes import TRIES, WrongCode, check_code, make_code
from referrals.people.models import OneTimeCode, Person
from tests.leads.test_ownership import at_once
from tests.making import Making

PHONE, OTHER = "+8613900002210", "+8613900002211"


@pytest.fixture
def make(make_on_both: Making) -> Making:
    """Everything here runs on SQLite and on PostgreSQL."""
    return make_on_both


@pytest.fixture
def code(make: Making) -> str:
    """A code that went to the phone."""
    made = make_code(PHONE, at=make.at)
    session.commit()
    return made


def wrong_ones(code: str) -> Iterator[str]:
    return (f"{number:06}" for number in range(10**6) if f"{number:06}" != code)


def refused(phone: str, code: str, make: Making, **later: float) -> bool:
    try:
        check_code(phone, code, at=make.later(**later))
    except WrongCode:
        session.commit()
        return True
    session.commit()
    return False


def test_the_right_code_makes_the_account_and_is_spent(make: Making, code: str) -> None:
    assert len(code) == 6
    assert code.isdecimal()
    person = check_code(PHONE, f" {code[:3]} {code[3:]} ", at=make.at, language="pl")
    session.commit()
    assert (person.phone, person.email, person.language, person.reads) == (PHONE, None, None, "pl")
    assert refused(PHONE, code, make)
    again = make_code(PHONE, at=make.later(minutes=1))
    assert check_code(PHONE, again, at=make.later(minutes=1)).id == person.id


def test_a_code_is_stored_hashed(code: str) -> None:
    stored = session.scalars(select(OneTimeCode)).one()
    assert code not in stored.code_digest


@pytest.mark.parametrize(
    ("later", "good"),
    [({"seconds": 0}, True), ({"seconds": 599}, True), ({"seconds": 600}, False), ({"days": 1}, False)],
)
def test_a_code_is_good_for_ten_minutes(make: Making, code: str, later: dict[str, float], good: bool) -> None:
    assert refused(PHONE, code, make, **later) is not good


def test_a_code_is_good_for_its_phone_alone(make: Making, code: str) -> None:
    make_code(OTHER, at=make.at)
    assert refused(OTHER, code, make) or code == ""
    assert refused("+48600700800", code, make)
    assert not refused(PHONE, code, make)


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "\x00", "9" * 1000, "é"])
def test_nonsense_is_a_wrong_code(make: Making, code: str, typed: str) -> None:
    assert refused(PHONE, typed, make)


def test_a_new_code_ends_the_one_before(make: Making, code: str) -> None:
    newer = make_code(PHONE, at=make.later(minutes=1))
    session.commit()
    assert newer == code or refused(PHONE, code, make, minutes=1)
    assert not refused(PHONE, newer, make, minutes=1)


@pytest.mark.parametrize(("wrong", "good"), [(TRIES - 1, True), (TRIES, False)])
def test_after_five_wrong_tries_no_code_is_right(make: Making, code: str, wrong: int, good: bool) -> None:
    tries = wrong_ones(code)
    assert all(refused(PHONE, next(tries), make) for _ in range(wrong))
    assert refused(PHONE, code, make) is not good


def test_of_fifty_with_the_right_code_at_once_one_gets_in(app_on_both: Flask, make: Making) -> None:
    codes = [make_code(PHONE, at=make.at)]
    session.commit()
    results = at_once(app_on_both, [lambda: check_code(PHONE, codes[0], at=make.at)] * 50)
    assert sorted(results) == ["WrongCode"] * 49 + ["stored"]
    assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_at_once_nobody_tries_more_than_five(app_on_both: Flask, make: Making, code: str) -> None:
    tries = list(islice(wrong_ones(code), 20))

    def attempt(typed: str) -> None:
        try:
            check_code(PHONE, typed, at=make.at)
        except WrongCode:
            session.commit()

    at_once(app_on_both, [lambda typed=typed: attempt(typed) for typed in tries])
    assert session.scalars(select(OneTimeCode.attempts)).one() == TRIES
    assert refused(PHONE, code, make)


def test_a_code_leaves_as_a_short_message(make: Making) -> None:
    send_code(PHONE, at=make.at, language="zh")
    session.commit()
    message = session.scalars(select(OutboxMessage)).one()
    assert (message.to_phone, message.to_email, message.language, message.secret) == (PHONE, "", "zh", True)
    assert not refused(PHONE, message.params["code"], make)


def test_without_a_commit_no_code_leaves(make: Making) -> None:
    send_code(PHONE, at=make.at + timedelta(0))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0
