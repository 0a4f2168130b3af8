"""A buyer is forgotten on request; what they bought, and what it earned, stays."""

import json

import pytest
from sqlalchemy import func, select

from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.links.models import CustomerKey
from referrals.orders.buyers import find_buyer
from referrals.orders.erasure import forget_buyer
from referrals.orders.inbox import Forgotten, accept, replay
from referrals.orders.models import Delivery
from referrals.orders.queries import contact_of
from referrals.people.rules import SYSTEM
from tests.orders import payloads
from tests.orders.conftest import OrderMaking


def test_a_buyer_is_forgotten_and_the_order_stays(shop: OrderMaking) -> None:
    shop.receive()
    told = payloads.shopify_order() | {"currency": "CNY", "customer": {}}
    for name, order in (("d1", told), ("d2", told | {"created_at": "2026-10-01T11:00:00Z"})):
        accept(shop.shop_of_all, "shopify", name, "orders/create", json.dumps(order).encode(), at=shop.at)
    session.commit()
    found = find_buyer(shop.shop_of_all.id, "li@example.org")
    assert found is not None
    assert found.customer is not None
    assert forget_buyer(shop.shop_of_all, found.customer, by=SYSTEM, at=shop.at) == 2
    session.commit()
    contact = contact_of(shop.order())
    assert contact is not None
    assert (contact.email, contact.phone, contact.customer_ref) == (None, None, None)
    assert session.scalar(select(func.count()).select_from(CustomerKey)) == 0
    assert [one.body for one in session.scalars(select(Delivery))] == ["", ""]
    commission = commission_of(shop.order().id)
    assert commission is not None
    assert commission.amount_minor == 880
    parked = session.scalars(select(Delivery).where(Delivery.status == "parked")).one()
    with pytest.raises(Forgotten):
        replay(parked, by=SYSTEM, at=shop.at)


def test_an_order_that_is_told_again_after_its_buyer_was_forgotten_is_the_same(shop: OrderMaking) -> None:
    shop.receive()
    found = find_buyer(shop.shop_of_all.id, "li@example.org")
    assert found is not None
    assert found.customer is not None
    forget_buyer(shop.shop_of_all, found.customer, by=SYSTEM, at=shop.at)
    session.commit()
    again = shop.receive()
    assert (again.fresh, again.changed) == (False, False)
    contact = contact_of(again.order)
    assert contact is not None
    assert contact.email is None
