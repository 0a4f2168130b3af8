"""Withdrawals: asked for, reserved, paid or refused; the store balance paid in and out (`SPEC §10`)."""

import pytest
from flask import Flask

from referrals.db import session
from referrals.errors import NotAllowed, NotFound
from referrals.ledger.operations import InsufficientBalance
from referrals.lifecycle import IllegalMove
from referrals.people.rules import SYSTEM, Actor
from referrals.settlement.balance import AmountNotPositive, OtherTopUp, pay_back, top_up
from referrals.settlement.withdrawals import (
    BelowMinimum,
    MoreThanBalance,
    NegativeFee,
    RefusalNeedsReason,
    WithdrawalWaits,
    get_withdrawal,
    pay_withdrawal,
    refuse_withdrawal,
    request_withdrawal,
)
from referrals.shops.models import Salesperson
from tests.leads.at_once import at_once
from tests.settlement.selling import Selling


@pytest.fixture
def rich(sales: Selling) -> Selling:
    """Anna has earned 10.00."""
    sales.done("1", 10_000)
    sales.top_up(5_000)
    sales.run()
    return sales


def test_what_is_asked_for_is_reserved(rich: Selling) -> None:
    made = request_withdrawal(rich.anna, 400, method="Alipay", by=rich.seller(rich.anna), at=rich.at)
    assert (made.status, rich.earned, rich.reserved) == ("requested", 600, 400)


def test_a_payment_takes_it_out(rich: Selling) -> None:
    made = request_withdrawal(rich.anna, 400, by=SYSTEM, at=rich.at)
    pay_withdrawal(made, fee_minor=3, reference="T1", by=rich.merchant(rich.store), at=rich.at)
    assert (made.status, made.fee_minor, made.payment_reference) == ("paid", 3, "T1")
    assert (rich.earned, rich.reserved) == (600, 0)


def test_a_refusal_returns_it_with_a_reason(rich: Selling) -> None:
    made = request_withdrawal(rich.anna, 400, by=SYSTEM, at=rich.at)
    with pytest.raises(RefusalNeedsReason):
        refuse_withdrawal(made, " ", by=SYSTEM, at=rich.at)
    refuse_withdrawal(made, "The account is wrong", by=SYSTEM, at=rich.at)
    assert (made.status, made.reason, rich.earned, rich.reserved) == ("refused", "The account is wrong", 1_000, 0)


@pytest.mark.parametrize("first", ["pay", "refuse"])
@pytest.mark.parametrize("second", ["pay", "refuse"])
def test_it_is_decided_once(rich: Selling, first: str, second: str) -> None:
    made = request_withdrawal(rich.anna, 400, by=SYSTEM, at=rich.at)

    def decide(way: str) -> None:
        if way == "pay":
            pay_withdrawal(made, by=SYSTEM, at=rich.at)
        else:
            refuse_withdrawal(made, "No", by=SYSTEM, at=rich.at)

    decide(first)
    before = (rich.earned, rich.reserved)
    with pytest.raises(IllegalMove):
        decide(second)
    assert (rich.earned, rich.reserved) == before


@pytest.mark.parametrize(
    ("amount", "broken"),
    [(1_001, MoreThanBalance), (0, AmountNotPositive), (-5, AmountNotPositive), (99, BelowMinimum)],
)
def test_what_cannot_be_asked_for(rich: Selling, amount: int, broken: type[Exception]) -> None:
    rich.settings(rich.store, minimum_withdrawal_minor=100)
    with pytest.raises(broken):
        request_withdrawal(rich.anna, amount, by=SYSTEM, at=rich.at)
    assert (rich.earned, rich.reserved) == (1_000, 0)


def test_the_minimum_itself_is_enough(rich: Selling) -> None:
    rich.settings(rich.store, minimum_withdrawal_minor=1_000)
    assert request_withdrawal(rich.anna, 1_000, by=SYSTEM, at=rich.at).status == "requested"


def test_with_a_debt_nothing_can_be_asked_for(clawing: Selling) -> None:
    clawing.done("1", 10_000)
    clawing.top_up(5_000)
    clawing.run()
    request_withdrawal(clawing.anna, 1_000, by=SYSTEM, at=clawing.at)
    clawing.refund("1", 10_000)
    assert clawing.earned == -1_000
    with pytest.raises(MoreThanBalance, match=r"-10\.00 CNY"):
        request_withdrawal(clawing.anna, 1, by=SYSTEM, at=clawing.at)


def test_those_of_suspended_ones_wait(rich: Selling) -> None:
    made = request_withdrawal(rich.anna, 400, by=SYSTEM, at=rich.at)
    rich.status(rich.anna, "suspended")
    with pytest.raises(WithdrawalWaits):
        pay_withdrawal(made, by=SYSTEM, at=rich.at)
    session.rollback()
    rich.status(rich.anna, "active")
    pay_withdrawal(made, by=SYSTEM, at=rich.at)
    assert made.status == "paid"


def test_pending_commissions_of_those_who_left_settle(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.status(sales.anna, "left")
    sales.top_up(5_000)
    assert (sales.run().settled, sales.earned) == (1, 1_000)


def test_a_fee_is_never_negative(rich: Selling) -> None:
    made = request_withdrawal(rich.anna, 400, by=SYSTEM, at=rich.at)
    with pytest.raises(NegativeFee):
        pay_withdrawal(made, fee_minor=-1, by=SYSTEM, at=rich.at)


def test_nobody_asks_for_somebody_else_or_sees_it(rich: Selling) -> None:
    bela = rich.salesperson(rich.store)
    with pytest.raises(NotFound):
        request_withdrawal(rich.anna, 1, by=rich.seller(bela), at=rich.at)
    made = request_withdrawal(rich.anna, 1, by=rich.seller(rich.anna), at=rich.at)
    assert get_withdrawal(rich.merchant(rich.store), made.id) is made
    for stranger in (rich.seller(bela), rich.merchant(rich.shop())):
        with pytest.raises(NotFound):
            get_withdrawal(stranger, made.id)
    with pytest.raises(NotAllowed):
        pay_withdrawal(made, by=rich.seller(rich.anna), at=rich.at)


def test_eight_at_once_never_take_more_than_there_is(app_on_both: Flask, sales_on_both: Selling) -> None:
    sales_on_both.done("1", 10_000)
    sales_on_both.top_up(5_000)
    sales_on_both.run()
    anna = sales_on_both.anna.id

    def ask() -> None:
        request_withdrawal(session.get_one(Salesperson, anna), 400, by=SYSTEM, at=sales_on_both.at)

    results = at_once(app_on_both, [ask] * 8)
    assert sorted(results) == ["MoreThanBalance"] * 6 + ["stored"] * 2
    session.rollback()
    assert (sales_on_both.earned, sales_on_both.reserved) == (200, 800)


# The store balance


def test_the_same_top_up_is_booked_once(sales: Selling) -> None:
    for _ in range(3):
        made, _fresh = top_up(sales.store, 500, external_id="T1", note="June", by=SYSTEM, at=sales.at)
    assert (sales.store_balance, made.external_id) == (500, "T1")
    with pytest.raises(OtherTopUp):
        top_up(sales.store, 501, external_id="T1", note="June", by=SYSTEM, at=sales.at)


def test_sixteen_tellings_of_one_top_up_book_one(app_on_both: Flask, sales_on_both: Selling) -> None:
    store = sales_on_both.store

    def tell() -> None:
        top_up(store, 500, external_id="T1", by=SYSTEM, at=sales_on_both.at)

    assert at_once(app_on_both, [tell] * 16) == ["stored"] * 16
    session.rollback()
    assert sales_on_both.store_balance == 500


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_no_top_up(sales: Selling, amount: int) -> None:
    with pytest.raises(AmountNotPositive):
        top_up(sales.store, amount, by=SYSTEM, at=sales.at)


def test_what_is_left_can_be_taken_back_and_no_more(sales: Selling) -> None:
    sales.top_up(500)
    with pytest.raises(InsufficientBalance):
        pay_back(sales.store, 501, by=SYSTEM, at=sales.at)
    session.rollback()
    pay_back(sales.store, 500, by=SYSTEM, at=sales.at)
    assert sales.store_balance == 0


def test_salespeople_do_not_touch_the_store_balance(sales: Selling) -> None:
    for verb in (top_up, pay_back):
        with pytest.raises(NotAllowed):
            verb(sales.store, 1, by=Actor(role="salesperson"), at=sales.at)
