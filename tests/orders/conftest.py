"""What tests of orders share: a shop with a salesperson, a buyer who clicked, and orders as they come in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from referrals.db import session
from referrals.links.joins import CustomerKeys
from referrals.links.models import Link
from referrals.links.operations import identify, record_click
from referrals.links.sharing import share
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import Order
from referrals.orders.operations import Received, ReceivedEvent, receive_event, receive_order
from referrals.orders.queries import find_order
from referrals.people.rules import SYSTEM
from referrals.shops.models import Salesperson, Shop
from tests.making import Making
from tests.shops_making import ShopMaking

DAY = timedelta(days=1)


class OrderMaking(ShopMaking):
    """A workshop for orders: the shop `shop` with the salesperson `anna`, whose link a buyer clicked long ago."""

    def __init__(self, make: Making, **settings: Any) -> None:
        super().__init__(make)
        self.commits = True
        self.shop_of_all: Shop = self.shop("tea", **settings)
        self.anna = self.salesperson(self.shop_of_all)

    def click(self, salesperson: Salesperson, email: str = "li@example.org", *, at: datetime | None = None) -> str:
        """The buyer with this e-mail clicks a salesperson's link; answers the `ref`."""
        moment = at or self.at - 100 * DAY
        link: Link = share(salesperson, "shop", "link", shared_at=moment, at=self.at)
        visitor = f"visitor of {email}"
        click = record_click(link, visitor=visitor, occurred_at=moment, source="link", at=self.at)
        if email:
            keys = CustomerKeys(email=email)
            identify(self.shop_of_all.id, keys, visitor=visitor, occurred_at=moment, source="api", at=self.at)
        session.commit()
        return str(click.id)

    def incoming(self, external_id: str = "1001", **changes: Any) -> IncomingOrder:
        order = IncomingOrder(
            external_id=external_id,
            placed_at=self.at - 50 * DAY,
            currency=self.shop_of_all.currency,
            lines=(IncomingLine("1", "TEA", "Green tea", 2, 8800),),
            payment_method="alipay",
            customer=IncomingCustomer(email="li@example.org"),
        )
        return replace(order, **changes)

    def receive(self, order: IncomingOrder | None = None, **changes: Any) -> Received:
        made = receive_order(self.shop_of_all, order or self.incoming(**changes), source="api", by=SYSTEM, at=self.at)
        self.commit()
        return made

    def event(
        self, type_: str, name: str = "", *, days_ago: int = 40, order: str = "1001", **more: Any
    ) -> ReceivedEvent:
        event = IncomingEvent(name or type_, type_, self.at - days_ago * DAY, **more)
        made = receive_event(self.shop_of_all, order, event, source="api", by=SYSTEM, at=self.at)
        self.commit()
        return made

    def commit(self) -> None:
        """Where only the outcome is looked at, a test saves the time that a commit takes."""
        session.flush()
        if self.commits:
            session.commit()

    def order(self, external_id: str = "1001") -> Order:
        session.expire_all()
        found = find_order(self.shop_of_all.id, external_id)
        assert found is not None
        return found


@pytest.fixture
def shop(make: Making) -> OrderMaking:
    """A shop, its salesperson, and a buyer whose link to her is in force."""
    made = OrderMaking(make)
    made.click(made.anna)
    return made
