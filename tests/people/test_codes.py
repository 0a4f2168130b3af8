"""Codes of the second factor count once, however many come at once with the same one (P14)."""

from collections.abc import Callable

import pyotp
import pytest
from flask import Flask

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.people.models import Person
from referrals.people.sign_in import check_code, confirm_second_factor, start_second_factor
from tests.leads.test_ownership import at_once
from tests.making import Making


@pytest.fixture
def codes(app_on_both: Flask, make_on_both: Making) -> dict[str, str]:
    """One code of the app and one recovery code of a person whose second factor is in force."""
    box = app_on_both.extensions["referrals"].second_factors
    rep = make_on_both.rep(email="rita@example.org")
    person = session.get_one(Person, rep.person_id)
    app = pyotp.TOTP(start_second_factor(person, box))
    recovery = confirm_second_factor(person, app.at(make_on_both.at), box, by=rep, at=make_on_both.at)
    session.commit()
    return {"app": app.at(make_on_both.later(minutes=5)), "recovery": recovery[0]}


@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_many_with_one_code_one_gets_in(
    app_on_both: Flask, make_on_both: Making, codes: dict[str, str], kind: str
) -> None:
    box = app_on_both.extensions["referrals"].second_factors
    entered = []

    def enter() -> None:
        person = session.query(Person).filter_by(email="rita@example.org").one()
        try:
            check_code(person, codes[kind], box, at=make_on_both.later(minutes=5))
        except RuleBroken:
            session.rollback()
            return
        session.commit()
        entered.append(1)

    works: list[Callable[[], object]] = [enter] * 12
    at_once(app_on_both, works)
    assert len(entered) == 1
