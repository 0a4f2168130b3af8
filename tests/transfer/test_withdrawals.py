"""Withdrawals as a CSV for whoever pays them, and the result read back (`SPEC §10`)."""

import csv
import io

import pytest

from referrals.db import session
from referrals.errors import NotAllowed
from referrals.people.rules import SYSTEM, Actor
from referrals.secrets_box import SecretsBox
from referrals.settlement.withdrawals import request_withdrawal
from referrals.transfer.report import Outcome
from referrals.transfer.withdrawals import NoSuchColumn, import_results, open_withdrawals
from tests.making import Making
from tests.settlement.selling import Selling

BOX = SecretsBox("for-tests-alone", "withdrawal")


@pytest.fixture
def sales(make: Making) -> Selling:
    """Anna asked for 4.00 and 5.00 of her 10.00."""
    made = Selling(make)
    made.done("1", 10_000)
    made.top_up(5_000)
    made.run()
    for amount in (400, 500):
        locked = BOX.lock("=cmd of anna@pay.example")
        request_withdrawal(made.anna, amount, method="Alipay", details_locked=locked, by=SYSTEM, at=made.at)
    session.commit()
    return made


def rows(sales: Selling) -> list[dict[str, str]]:
    text = b"".join(open_withdrawals(sales.store, BOX, by=SYSTEM)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def read_back(sales: Selling, *filled: dict[str, str]) -> Outcome:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(filled[0]))
    writer.writeheader()
    writer.writerows(filled)
    outcome = import_results(sales.store, buffer.getvalue().encode(), "result.csv", by=SYSTEM, at=sales.at)
    session.commit()
    return outcome


def test_the_open_ones_are_told_with_where_the_money_goes(sales: Selling) -> None:
    first, second = rows(sales)
    assert (first["amount"], first["currency"], second["amount"]) == ("4.00", "CNY", "5.00")
    assert first["details"] == "'=cmd of anna@pay.example"


def test_the_result_is_recorded_once(sales: Selling) -> None:
    first, second = rows(sales)
    filled = (
        first | {"status": "paid", "reference": "T1", "fee": "0.10"},
        second | {"status": "refused", "reason": "No"},
    )
    told = read_back(sales, *filled)
    assert (told.read, told.created, told.refused) == (2, 2, 0)
    assert (sales.earned, sales.reserved) == (600, 0)
    again = read_back(sales, *filled)
    assert (again.unchanged, again.created) == (2, 0)
    assert rows(sales) == []


def test_a_bad_line_is_refused_and_the_others_go_on(sales: Selling) -> None:
    first, second = rows(sales)
    told = read_back(
        sales,
        first | {"status": "perhaps"},
        first | {"status": "paid", "withdrawal": "7"},
        first | {"status": "paid", "fee": "1.001"},
        second | {"status": "refused"},
        second | {"status": "paid"},
        second | {"status": "refused", "reason": "Late"},
    )
    assert (told.read, told.created, told.refused) == (6, 1, 5)
    assert [remark.column for remark in told.remarks][:2] == ["status", "withdrawal"]
    assert sales.reserved == 400


def test_what_is_not_filled_in_is_left_alone(sales: Selling) -> None:
    assert read_back(sales, *rows(sales)).read == 0


def test_ids_survive_a_spreadsheet_that_rounds_numbers(sales: Selling) -> None:
    assert all(not row["withdrawal"].isdecimal() for row in rows(sales))


@pytest.mark.parametrize("column", ["withdrawal", "status"])
def test_another_table_is_refused_whole(sales: Selling, column: str) -> None:
    with pytest.raises(NoSuchColumn):
        read_back(sales, *({name: cell for name, cell in row.items() if name != column} for row in rows(sales)))


def test_those_of_suspended_ones_are_not_among_them(sales: Selling) -> None:
    sales.status(sales.anna, "suspended")
    assert rows(sales) == []


def test_who_has_no_business_with_money_gets_nothing(sales: Selling) -> None:
    with pytest.raises(NotAllowed):
        open_withdrawals(sales.store, BOX, by=Actor(role="merchant", shop_id=sales.store.id))
