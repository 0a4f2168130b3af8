"""A commission retold: what counted when it was settled, what came later, what was agreed on by hand."""

import pytest
from sqlalchemy import text

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.explanations.commission import explain
from referrals.explanations.story import Explanation
from referrals.explanations.telling import as_lines, as_values
from referrals.people.rules import SYSTEM
from referrals.settlement.by_hand import settle_by_hand
from tests.making import Making
from tests.settlement.selling import DAY, Selling


@pytest.fixture
def sales(make: Making) -> Selling:
    """A shop that keeps refunds after settlement as they are, with one salesperson."""
    return Selling(make)


def told_of(commission: Commission) -> Explanation:
    told = explain(commission)
    assert told.agrees, told.doubts
    return told


def test_the_example_of_the_group_buy_is_retold(sales: Selling) -> None:
    sales.group_buy(sales.store, "july", (3, 300), (5, 800), (10, 1000))
    for number in range(5):
        sales.done(f"g{number}", 8800, group_buy="july")
    sales.top_up(100_000)
    sales.run()
    sales.order("later", 8800, group_buy="july")
    told = told_of(sales.commission("g0"))
    assert (told.goods, told.cashback.amount if told.cashback else 0, told.result.base) == (8800, 800, 8000)
    assert (told.result.amount, told.booked, told.rounding) == (800, 800, "exact")
    assert told.cashback is not None
    assert (told.cashback.source, told.cashback.orders) == ("tier", 5)
    assert told.fraction == f"{8000 * 8800 * 1000}/{10_000 * 8800}"
    assert told.settlement_entry is not None
    assert told.settlement_entry.amount == 800


def test_each_line_has_its_rate_and_where_that_comes_from(sales: Selling) -> None:
    sales.product(sales.store, "SKU2", rate_bp=500)
    told = told_of(sales.order("1", 1000, 333))
    assert [(line.amount, line.rate_bp, line.rate_source) for line in told.lines] == [
        (1000, 1000, "shop"),
        (333, 500, "product"),
    ]
    assert told.lines[1].rate_since == sales.at - 400 * DAY
    assert (told.common_rate_bp, told.result.amount, told.rounding) == (None, 117, "up")


def test_a_pending_one_is_an_estimate_on_what_is_known_today(sales: Selling) -> None:
    sales.order("1", 10_000)
    sales.refund("1", 4000, lines=(("1", 4000),))
    told = told_of(sales.commission("1"))
    assert (told.is_estimate, told.lines[0].left, told.result.amount, told.run) == (True, 6000, 600, None)
    assert told.whose is not None
    assert (told.whose.via, told.whose.coupon.lower()) == ("coupon", "anna")


def test_a_refund_after_settlement_is_told_and_does_not_count(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(10_000)
    sales.run()
    sales.refund("1", 4000)
    told = told_of(sales.commission("1"))
    assert (told.result.amount, told.booked, told.clawed_back) == (1000, 1000, 0)
    assert [one.amount for one in told.later_refunds] == [4000]


def test_a_clawback_is_told_with_what_remains(make: Making) -> None:
    sales = Selling(make, refunds_after_settlement="claw_back")
    sales.done("1", 10_000)
    sales.top_up(10_000)
    sales.run()
    sales.refund("1", 4000)
    sales.refund("1", 1000)
    told = told_of(sales.commission("1"))
    assert [-one.amount for one in told.clawbacks] == [400, 100]
    assert (told.booked, told.clawed_back, told.remaining) == (1000, 500, 500)


def test_by_hand_shows_the_suggestion_and_what_was_agreed_on(sales: Selling) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.refund("1", 4000)
    commission = sales.commission("1")
    assert told_of(commission).result.amount == 600
    settle_by_hand(commission, 550, paid_from="outside", note="We met in the shop.", by=SYSTEM, at=sales.at)
    session.commit()
    told = told_of(sales.commission("1"))
    (made,) = told.by_hand
    assert (made.suggested, made.agreed, made.note) == (600, 550, "We met in the shop.")
    assert (told.settled_by_hand, told.result.amount, told.booked) == (True, 600, 550)


DOUBTS = {
    "amount_minor = amount_minor + 1": {"amount", "entry"},
    "clawed_back_minor = 1": {"clawback_entries"},
    "cashback_minor = 5000": {"amount"},
}


@pytest.mark.parametrize("change", DOUBTS)
def test_what_does_not_follow_from_the_facts_is_named(sales: Selling, change: str) -> None:
    sales.done("1", 10_000)
    sales.top_up(10_000)
    sales.run()
    session.execute(text(f"UPDATE commissions SET {change}"))
    session.commit()
    told = explain(sales.commission("1"))
    assert set(told.doubts) >= DOUBTS[change]
    assert "IN DOUBT" in "\n".join(as_lines(told))


def test_json_and_text_say_the_same_amounts(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(10_000)
    sales.run()
    told = told_of(sales.commission("1"))
    values, lines = as_values(told), "\n".join(as_lines(told))
    assert values["amount"] == values["computed"] == {"amount": "10.00", "currency": "CNY"}
    assert (values["agrees"], values["factor"], values["rounding"]) == (True, "10000/10000", "exact")
    assert values["commission"] in lines
    assert "10.00" in lines
    assert values["fraction"] in lines
