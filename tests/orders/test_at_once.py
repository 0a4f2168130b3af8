"""One event from sixteen sides at once, on both databases: the books are those of once (P7)."""

import json

from sqlalchemy import func, select

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.inbox import accept
from referrals.orders.incoming import IncomingEvent
from referrals.orders.models import Attribution, Delivery, Order, OrderEvent
from referrals.orders.operations import receive_event, receive_order
from referrals.people.rules import SYSTEM
from referrals.shops.models import Shop
from tests.leads.at_once import at_once
from tests.making import Making
from tests.orders import payloads
from tests.orders.conftest import DAY, OrderMaking


def counts(*tables: type) -> list[int]:
    session.rollback()
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_sixteen_deliveries_of_one_order_are_one(make_on_both: Making) -> None:
    shop = OrderMaking(make_on_both)
    shop.click(shop.anna)
    shop_id = shop.shop_of_all.id
    body = json.dumps(payloads.shopify_order() | {"currency": "CNY", "financial_status": "paid"}).encode()

    def deliver(name: str) -> None:
        accept(session.get_one(Shop, shop_id), "shopify", name, "orders/create", body, at=shop.at)

    results = at_once(shop.app, [lambda number=number: deliver(f"d{number % 4}") for number in range(16)])
    assert results == ["stored"] * 16
    assert counts(Delivery, Order, OrderEvent, Attribution, Commission) == [4, 1, 1, 1, 1]


def test_sixteen_times_the_same_refund_is_one(make_on_both: Making) -> None:
    shop = OrderMaking(make_on_both)
    shop.click(shop.anna)
    shop.receive()
    shop_id = shop.shop_of_all.id
    refund = IncomingEvent("r1", "refunded", shop.at - 9 * DAY, amount_minor=800)

    def tell() -> None:
        receive_event(session.get_one(Shop, shop_id), "1001", refund, source="api", by=SYSTEM, at=shop.at)

    assert at_once(shop.app, [tell] * 16) == ["stored"] * 16
    assert counts(OrderEvent, Commission) == [1, 1]
    assert shop.order().left_minor == 8000


def test_order_and_events_at_the_same_moment_find_each_other(make_on_both: Making) -> None:
    shop = OrderMaking(make_on_both)
    shop.click(shop.anna)
    shop_id, incoming = shop.shop_of_all.id, shop.incoming()

    def order() -> None:
        receive_order(session.get_one(Shop, shop_id), incoming, source="api", by=SYSTEM, at=shop.at)

    def event(number: int) -> None:
        refund = IncomingEvent(f"r{number}", "refunded", shop.at - 9 * DAY, amount_minor=100)
        receive_event(session.get_one(Shop, shop_id), "1001", refund, source="api", by=SYSTEM, at=shop.at)

    works = [order, order, *(lambda number=number: event(number) for number in range(10))]
    assert at_once(shop.app, works) == ["stored"] * 12
    assert (shop.order().refunded_minor, shop.order().left_minor) == (1000, 7800)
    assert session.scalar(select(Commission.amount_minor)) == 780
