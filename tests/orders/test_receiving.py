"""Orders and events come in twice, in any order, and before each other; the books are the same."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from referrals.commissions.models import Commission
from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.orders.checking import NotAnId, NotYet, WrongCurrency, WrongSum
from referrals.orders.contradictions import Contradiction
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine
from referrals.orders.models import Attribution, Order, OrderEvent, OrderLine
from referrals.values import UnreadableCharacters
from tests.orders.conftest import DAY, OrderMaking

Step = Callable[[OrderMaking], object]


def test_an_attributed_order_has_a_pending_commission_before_it_is_paid(shop: OrderMaking) -> None:
    made = shop.receive()
    assert made.fresh
    commission = commission_of(made.order.id)
    assert commission is not None
    assert (commission.status, commission.reason, commission.amount_minor) == ("pending", "waiting", 880)
    assert (made.order.salesperson_id, made.order.via, made.order.reason) == (shop.anna.id, "binding", None)
    assert session.scalar(select(func.count(Attribution.id))) == 1


def test_an_order_is_completed_days_after_it_is_shipped(shop: OrderMaking) -> None:
    shop.receive(paid_at=shop.at - 49 * DAY)
    assert shop.order().completed_at is None
    shop.event("shipped", days_ago=40)
    assert shop.order().completed_at == shop.at - 33 * DAY
    commission = commission_of(shop.order().id)
    assert commission is not None
    assert commission.due_at == shop.at - 33 * DAY
    shop.event("completed", days_ago=38)
    assert shop.order().completed_at == shop.at - 38 * DAY


def test_without_payment_it_is_never_completed(shop: OrderMaking) -> None:
    shop.receive(shipped_at=shop.at - 49 * DAY, completed_at=shop.at - 48 * DAY)
    assert shop.order().completed_at is None


def test_what_ships_nothing_is_completed_days_after_payment(shop: OrderMaking) -> None:
    shop.receive(requires_shipping=False, paid_at=shop.at - 49 * DAY)
    assert shop.order().completed_at == shop.at - 42 * DAY


def test_the_same_order_again_changes_nothing(shop: OrderMaking) -> None:
    first = shop.receive(paid_at=shop.at - 49 * DAY)
    again = shop.receive(paid_at=shop.at - 49 * DAY)
    assert (again.fresh, again.changed, again.order.id) == (False, False, first.order.id)
    assert [session.scalar(select(func.count(table.id))) for table in (Order, OrderLine, OrderEvent, Commission)] == [
        1,
        1,
        1,
        1,
    ]


def test_a_time_that_is_told_later_is_news(shop: OrderMaking) -> None:
    shop.receive()
    again = shop.receive(paid_at=shop.at - 49 * DAY)
    assert (again.fresh, again.changed) == (False, True)
    assert shop.order().paid_at == shop.at - 49 * DAY


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_method", "stripe"),
        ("customer", IncomingCustomer(email="other@example.org")),
        ("customer", IncomingCustomer()),
        ("lines", (IncomingLine("1", "TEA", "Green tea", 2, 8801),)),
        ("lines", ()),
        ("coupon_codes", ("SAVE",)),
        ("test", True),
        ("requires_shipping", False),
        ("shipping", 1),
        ("tax", 1),
        ("group_buy", "spring"),
        ("ref", "1"),
        ("visitor", "somebody"),
        ("collected_by", "merchant"),
    ],
)
def test_other_content_under_the_same_id_is_a_contradiction_that_names_the_field(
    shop: OrderMaking, field: str, value: object
) -> None:
    shop.receive()
    column = {"shipping": "shipping_minor", "tax": "tax_minor"}.get(field, field)
    with pytest.raises(Contradiction) as refused:
        shop.receive(**{column: value})
    assert refused.value.field == field
    assert refused.value.values["ours"] != refused.value.values["theirs"]
    session.rollback()
    assert session.scalar(select(func.count(OrderLine.id))) == 1


def test_a_contradicting_time_changes_nothing_else_that_came_with_it(shop: OrderMaking) -> None:
    shop.receive(paid_at=shop.at - 49 * DAY)
    with pytest.raises(Contradiction):
        shop.receive(paid_at=shop.at - 48 * DAY, shipped_at=shop.at - 47 * DAY)
    session.rollback()
    assert shop.order().shipped_at is None


def test_events_before_their_order_wait_for_it(shop: OrderMaking) -> None:
    early = shop.event("refunded", "r1", amount_minor=800, lines=(("1", 800),))
    assert early.order is None
    shop.event("paid", days_ago=49)
    made = shop.receive()
    assert (made.order.paid_at, made.order.left_minor) == (shop.at - 49 * DAY, 8000)
    commission = commission_of(made.order.id)
    assert commission is not None
    assert commission.amount_minor == 800


def test_a_repeated_event_is_known_and_another_one_of_its_id_is_refused(shop: OrderMaking) -> None:
    shop.receive()
    assert shop.event("refunded", "r1", amount_minor=800).fresh
    assert not shop.event("refunded", "r1", amount_minor=800).fresh
    for other in (
        {"amount_minor": 801},
        {"amount_minor": 800, "days_ago": 41},
        {"amount_minor": 800, "lines": (("1", 800),)},
    ):
        with pytest.raises(Contradiction):
            shop.event("refunded", "r1", **other)  # type: ignore[arg-type]
        session.rollback()
    assert shop.order().refunded_minor == 800


def test_a_waiting_event_is_known_too(shop: OrderMaking) -> None:
    shop.event("paid")
    assert not shop.event("paid").fresh
    with pytest.raises(Contradiction):
        shop.event("paid", days_ago=3)


def test_the_earliest_of_several_payments_counts(shop: OrderMaking) -> None:
    shop.receive(paid_at=shop.at - 30 * DAY)
    shop.event("paid", "again", days_ago=45)
    shop.event("paid", "once more", days_ago=20)
    assert shop.order().paid_at == shop.at - 45 * DAY


def test_more_than_the_order_is_flagged_and_counts_as_nothing_more(shop: OrderMaking) -> None:
    shop.receive()
    shop.event("refunded", "r1", amount_minor=9000)
    assert (shop.order().left_minor, shop.order().refunded_minor, shop.order().excess_minor) == (0, 9000, 200)


def test_an_amendment_replaces_the_lines(shop: OrderMaking) -> None:
    shop.receive()
    shop.event(
        "amended", new_lines=(IncomingLine("1", "TEA", "Green tea", 1, 4400), IncomingLine("2", "CUP", "Cup", 1, 600))
    )
    assert shop.order().goods_minor == 5000
    commission = commission_of(shop.order().id)
    assert commission is not None
    assert commission.amount_minor == 500


STEPS: dict[str, Step] = {
    "order": lambda shop: shop.receive(),
    "paid": lambda shop: shop.event("paid", days_ago=48),
    "shipped": lambda shop: shop.event("shipped", days_ago=49),
    "refund": lambda shop: shop.event("refunded", "r1", days_ago=30, amount_minor=1000, lines=(("2", 1000),)),
    "amended": lambda shop: shop.event(
        "amended",
        days_ago=45,
        new_lines=(IncomingLine("1", "TEA", "Green tea", 1, 5000), IncomingLine("2", "CUP", "Cup", 1, 2000)),
    ),
}
LATER: dict[str, Step] = {
    "completed": lambda shop: shop.event("completed", days_ago=20),
    "cancelled": lambda shop: shop.event("cancelled", days_ago=10),
    "cashback": lambda shop: shop.event("cashback", "c1", amount_minor=300),
}


def books(shop: OrderMaking) -> tuple[object, ...]:
    """Everything that follows from an order and its events."""
    order = shop.order()
    commission = commission_of(order.id)
    assert commission is not None
    return (
        order.paid_at,
        order.shipped_at,
        order.finished_at,
        order.cancelled_at,
        order.completed_at,
        order.goods_minor,
        order.left_minor,
        order.refunded_minor,
        order.excess_minor,
        order.salesperson_id,
        commission.status,
        commission.reason,
        commission.amount_minor,
        commission.due_at,
    )


EVENTFUL = [
    ("order", "paid", "shipped", "refund", "amended", "completed"),
    ("order", "paid", "refund", "cancelled"),
    ("order", "paid", "refund", "amended", "cashback"),
]


@pytest.mark.parametrize("names", EVENTFUL, ids=lambda names: names[-1])
def test_all_orders_of_arrival_end_in_the_same_books(shop: OrderMaking, names: tuple[str, ...]) -> None:
    outcomes, steps, numbers = set(), STEPS | LATER, itertools.count(2000)
    shop.commits = False
    for arrival in itertools.permutations(names):
        renamed = Renamed(shop, str(next(numbers)))
        for name in arrival:
            steps[name](renamed)  # type: ignore[arg-type]
        outcomes.add(books(renamed))  # type: ignore[arg-type]
        session.expunge_all()
    assert len(outcomes) == 1, outcomes


class Renamed:
    """The same shop, in which every step is about one order of its own."""

    def __init__(self, shop: OrderMaking, name: str) -> None:
        self.shop, self.name = shop, name

    def receive(self) -> object:
        return self.shop.receive(self.shop.incoming(self.name))

    def event(self, *args: object, **more: object) -> object:
        return self.shop.event(*args, order=self.name, **more)  # type: ignore[arg-type]

    def order(self) -> Order:
        return self.shop.order(self.name)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"external_id": ""}, NotAnId),
        ({"external_id": "x" * 256}, NotAnId),
        ({"external_id": "a\0b"}, NotAnId),
        ({"external_id": "a\ud800b"}, NotAnId),
        ({"currency": "USD"}, WrongCurrency),
        ({"ref": "a\0"}, UnreadableCharacters),
        ({"lines": (IncomingLine("1", "", "", 0, 5),)}, RuleBroken),
        ({"lines": (IncomingLine("1", "", "", 1, -5),)}, RuleBroken),
        ({"lines": (IncomingLine("1", "", "", 1, 5), IncomingLine("1", "", "", 1, 5))}, RuleBroken),
        ({"lines": (IncomingLine("1", "", "", 1, 2**63),)}, RuleBroken),
        ({"customer": IncomingCustomer(email="nobody")}, RuleBroken),
        ({"customer": IncomingCustomer(phone="12")}, RuleBroken),
    ],
)
def test_what_cannot_be_meant_is_refused_and_stores_nothing(
    shop: OrderMaking, changes: dict[str, object], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        shop.receive(**changes)
    session.rollback()
    assert session.scalar(select(func.count(Order.id))) == 0


def test_a_moment_may_lie_five_minutes_ahead_and_no_more(shop: OrderMaking) -> None:
    shop.receive(external_id="ahead", placed_at=shop.at + timedelta(minutes=5))
    with pytest.raises(NotYet):
        shop.receive(external_id="too far", placed_at=shop.at + timedelta(minutes=5, seconds=1))


def test_the_lines_of_a_refund_sum_to_its_amount(shop: OrderMaking) -> None:
    with pytest.raises(WrongSum):
        shop.event("refunded", "r1", amount_minor=100, lines=(("1", 99),))


def test_a_summary_of_a_refund_gives_way_to_the_refund_itself(shop: OrderMaking) -> None:
    summary = IncomingEvent("s", "refunded", shop.at - 9 * DAY, amount_minor=900, observed=True, summary_of="r1")
    whole = replace(summary, id="t", amount_minor=1500, summary_of="")
    for order, arrival in enumerate(itertools.permutations(["summary", "refund", "total"])):
        name = f"of {order}"
        shop.receive(external_id=name)
        for step in arrival:
            if step == "refund":
                shop.event("refunded", "r1", order=name, days_ago=10, amount_minor=1000)
            else:
                tell(shop, name, summary if step == "summary" else whole)
        assert shop.order(name).refunded_minor == 1500


def tell(shop: OrderMaking, name: str, *events: IncomingEvent) -> bool:
    from referrals.orders.incoming import Arrival
    from referrals.orders.operations import receive
    from referrals.people.rules import SYSTEM

    told = receive(shop.shop_of_all, Arrival(name, None, events), source="csv", by=SYSTEM, at=shop.at)
    session.commit()
    return told
