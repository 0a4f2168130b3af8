"""`ledger check` and `explain`, as processes of their own."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from referrals.db import session
from tests.making import Making
from tests.settlement.selling import Selling
from tests.test_cli import Shell


@pytest.fixture
def shell(app_on_both: Flask, tmp_path: Path) -> Shell:
    """Commands on the database under test."""
    made = Shell(tmp_path)
    made.environment["REFERRALS_DATABASE_URL"] = app_on_both.extensions["referrals"].config.database_url
    return made


@pytest.fixture
def sales(make_on_both: Making) -> Selling:
    sales = Selling(make_on_both)
    sales.done("1", 8800)
    sales.top_up(10_000)
    sales.run()
    return sales


def test_good_books_end_with_0_and_bad_ones_with_1(shell: Shell, sales: Selling) -> None:
    assert shell.json("ledger", "check") == {"ok": True, "entries": 2, "postings": 4, "first_problem": None}
    session.execute(text("UPDATE commissions SET amount_minor = 881"))
    session.commit()
    done = shell.run("ledger", "check")
    found = json.loads(done.stdout)
    assert (done.returncode, found["ok"]) == (1, False)
    assert str(sales.commission("1").id) in found["first_problem"]


def test_a_commission_is_explained_as_text_and_json(shell: Shell, sales: Selling) -> None:
    number = str(sales.commission("1").id)
    told = shell.run("explain", number)
    assert told.returncode == 0, told.stderr
    assert "Everything follows from the stored facts." in told.stdout
    assert shell.json("explain", number, "--json")["computed"] == {"amount": "8.80", "currency": "CNY"}
    unknown = shell.run("explain", "7")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "no commission" in unknown.stderr
