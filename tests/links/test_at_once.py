"""First clicks, identifications and joins at the same moment, on SQLite and on PostgreSQL (P12)."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.links.facts import clicks_of_customer, picture_of
from referrals.links.joins import CustomerKeys
from referrals.links.models import Binding, Click, Customer, CustomerKey, Link
from referrals.links.operations import identify, record_click
from referrals.links.queries import relations_of
from tests.leads.at_once import at_once
from tests.links.journey import Journey
from tests.shops_making import ShopMaking

ROUNDS = 6


def living() -> list[Customer]:
    return list(session.scalars(select(Customer).where(Customer.merged_into_id.is_(None))))


def check_rows_are_what_clicks_come_to(customer: Customer) -> None:
    """The rows now known are exactly the fold of the customer's clicks, and never two at a moment."""
    picture = picture_of(customer.shop_id, clicks_of_customer(customer.shop_id, customer.id))
    found = relations_of(customer.id)
    assert [(one.salesperson_id, one.click_id, one.from_at, one.until_at) for one in found] == [
        (one.salesperson_id, one.click_id, one.from_at, one.until_at) for one in picture.intervals
    ]
    for one, following in pairwise(found):
        assert one.until_at is not None
        assert one.until_at <= following.from_at


def test_first_clicks_and_identifications_at_once_lose_no_click(app_on_both: Flask, shops_on_both: ShopMaking) -> None:
    for number in range(ROUNDS):
        journey = Journey(shops_on_both)
        visitor, at = f"visitor-{number}", shops_on_both.at
        shop_id, links = journey.shop.id, list(journey.links.values())

        def click(position: int, links=links, visitor=visitor, at=at) -> None:
            link = session.get_one(Link, links[position % 2].id)
            moment = at - timedelta(seconds=10 - position)
            record_click(link, visitor=visitor, occurred_at=moment, source="api", at=at)

        def name(shop_id=shop_id, visitor=visitor, at=at) -> None:
            identify(shop_id, CustomerKeys("c1"), visitor=visitor, occurred_at=at, source="api", at=at)

        works = [lambda position=position: click(position) for position in range(4)] + [name] * 4
        assert Counter(at_once(app_on_both, works)) == {"stored": 8}
        session.expire_all()
        customers = [customer for customer in living() if customer.shop_id == shop_id]
        assert len(customers) == 1
        assert len(clicks_of_customer(shop_id, customers[0].id)) == 4
        check_rows_are_what_clicks_come_to(customers[0])


def test_one_customer_is_made_however_many_name_them_at_once(app_on_both: Flask, shops_on_both: ShopMaking) -> None:
    shop_id, at = shops_on_both.shop().id, shops_on_both.at
    keys = [
        CustomerKeys("c1", "b@example.org"),
        CustomerKeys(None, "b@example.org", "+48600700800"),
        CustomerKeys("c1", None, "+48600700800"),
    ]

    def name(position: int) -> None:
        identify(
            shop_id, keys[position % 3], visitor=f"v{position}", occurred_at=at, source="api", at=at
        )  # fmt: skip

    works = [lambda position=position: name(position) for position in range(12)]
    assert Counter(at_once(app_on_both, works)) == {"stored": 12}
    session.expire_all()
    assert len(living()) == 1
    assert session.scalar(select(func.count()).select_from(CustomerKey)) == 3


def test_joins_and_late_clicks_at_once_end_in_one_picture(app_on_both: Flask, shops_on_both: ShopMaking) -> None:
    journey = Journey(shops_on_both)
    shop_id, at = journey.shop.id, shops_on_both.at
    journey.named(-5, visitor="phone", phone="+48600700800")
    journey.named(-4, visitor="laptop", email="b@example.org")
    links = [link.id for link in journey.links.values()]

    def click(position: int) -> None:
        record_click(
            session.get_one(Link, links[position % 2]),
            visitor=("phone", "laptop")[position % 2],
            occurred_at=at - timedelta(hours=6 + position),
            source="api",
            at=at,
        )

    def join() -> None:
        identify(
            shop_id, CustomerKeys("c1", "b@example.org", "+48600700800"), visitor="tablet", occurred_at=at,
            source="api", at=at,
        )  # fmt: skip

    works = [lambda position=position: click(position) for position in range(6)] + [join] * 2
    assert Counter(at_once(app_on_both, works)) == {"stored": 8}
    session.expire_all()
    customers = living()
    assert len(customers) == 1
    assert len(clicks_of_customer(shop_id, customers[0].id)) == 6
    check_rows_are_what_clicks_come_to(customers[0])


def test_every_click_at_once_counts_at_its_link(app_on_both: Flask, shops_on_both: ShopMaking) -> None:
    journey = Journey(shops_on_both)
    link_id, at = journey.links["anna"].id, shops_on_both.at

    def click(position: int) -> None:
        link = session.get_one(Link, link_id)
        record_click(link, visitor=f"v{position}", occurred_at=at, source="api", at=at)

    works = [lambda position=position: click(position) for position in range(16)]
    assert Counter(at_once(app_on_both, works)) == {"stored": 16}
    session.expire_all()
    assert session.get_one(Link, link_id).clicks == 16
    assert session.scalar(select(func.count(Click.id))) == 16
    assert session.scalar(select(func.count(Binding.id))) == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_check_sees_customers_made_without_the_lock(
    app_on_both: Flask, shops_on_both: ShopMaking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: nobody waits for anybody. SQLite has one writer at a time all the same."""
    monkeypatch.setattr("referrals.links.operations.lock_names", lambda _names: None)
    if session.get_bind().dialect.name == "sqlite":
        test_one_customer_is_made_however_many_name_them_at_once(app_on_both, shops_on_both)
        return
    with pytest.raises(AssertionError):
        test_one_customer_is_made_however_many_name_them_at_once(app_on_both, shops_on_both)
