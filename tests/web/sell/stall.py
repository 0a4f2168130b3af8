"""A stall for the tests of salespeople's pages: a shop with its goods, two salespeople, buyers, orders, money."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from referrals.db import session
from referrals.links.operations import record_click
from referrals.links.sharing import welcome
from referrals.orders.incoming import IncomingCustomer, IncomingLine, IncomingOrder
from referrals.orders.models import Order
from referrals.orders.operations import receive_order
from referrals.people.rules import SYSTEM
from referrals.people.shop_members import set_nickname
from referrals.settlement.balance import top_up
from referrals.settlement.runs import finish_run, settle_portion, start_run
from referrals.shops.models import Salesperson, Shop
from tests.making import Making
from tests.shops_making import ShopMaking


@dataclass
class Stall:
    """One shop and what happens in it; `at` is the moment of the tests."""

    make: Making
    shop: Shop
    shops: ShopMaking
    salesperson: Salesperson
    other: Salesperson
    at: datetime
    visitors: dict[str, str] = field(default_factory=dict)

    def click(self, by: Salesperson, visitor: str, *, at: datetime | None = None) -> str:
        """Somebody opens the salesperson's link to the shop; answers the ref."""
        moment = at or self.at - timedelta(days=1)
        click = record_click(
            welcome(by, at=self.at), visitor=visitor, occurred_at=moment, source="link", at=max(moment, self.at)
        )
        session.commit()
        return str(click.id)

    def order(self, number: str, phone: str, minor: int, *, by: Salesperson | None = None, **more: Any) -> Order:
        """A buyer who came by a link orders something."""
        visitor = self.visitors.setdefault(phone, f"visitor-{len(self.visitors)}")
        placed_at = more.pop("placed_at", self.at - timedelta(hours=1))
        ref = self.click(by or self.salesperson, visitor, at=placed_at - timedelta(minutes=5))
        title = more.pop("title", f"Article {number}")
        incoming = IncomingOrder(
            external_id=number,
            placed_at=placed_at,
            currency=self.shop.currency,
            lines=(IncomingLine(f"{number}-1", more.pop("sku", ""), title, 1, minor),),
            customer=IncomingCustomer(phone=phone),
            ref=ref,
            payment_method="wallet",
            **more,
        )
        received = receive_order(self.shop, incoming, source="api", by=SYSTEM, at=self.at)
        session.commit()
        return received.order

    def settle(self, minor: int = 1_000_000) -> None:
        """Top up, and settle what is due."""
        top_up(self.shop, minor, by=SYSTEM, at=self.at)
        session.commit()
        run = start_run(self.shop, as_of=self.at, started_by="hand", by=SYSTEM, at=self.at)
        session.commit()
        place = settle_portion(run.id, None, at=self.at)
        while place is not None:
            session.commit()
            place = settle_portion(run.id, place, at=self.at)
        finish_run(run.id, at=self.at)
        session.commit()


def set_up(make: Making, *, hosts: tuple[str, ...] = (), phone: str = "+8613912342210", **settings: Any) -> Stall:
    """A shop with a programme that is on, and two salespeople."""
    shops = ShopMaking(make)
    shop = shops.shop(hosts=hosts, **settings)
    salesperson = shops.salesperson(shop, phone)
    other = shops.salesperson(shop, f"+86186{next(make.numbers):04}0917")
    set_nickname(salesperson.person, "Xiaolong")
    for one in (salesperson, other):
        welcome(one, at=make.at)
    session.commit()
    return Stall(make, shop, shops, salesperson, other, make.at)
