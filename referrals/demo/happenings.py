"""What happens in the demo's shop: clicks, orders, parcels, refunds, each in its time and by the real operations."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random

from referrals.links.models import Link
from referrals.links.operations import record_click
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.operations import receive_event, receive_order
from referrals.people.rules import SYSTEM
from referrals.shops.models import Shop

Product = tuple[str, str, int, int | None]
Step = Callable[[datetime], None]


@dataclass
class Buyer:
    """Somebody who clicked: their cookie, their phone, and the click that they carry."""

    visitor: str
    phone: str
    ref: str | None = None


@dataclass
class Happenings:
    """Steps that wait for their moment, so that everything is told in the order of time."""

    shop: Shop
    random: Random
    products: Sequence[Product]
    waiting: list[tuple[datetime, int, Step]] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1001))
    places: "count[int]" = field(default_factory=count)
    buyers: list[Buyer] = field(default_factory=list)

    def later(self, moment: datetime, step: Step) -> None:
        """Let something happen at a moment."""
        heapq.heappush(self.waiting, (moment, next(self.places), step))

    def work_off(self, until: datetime) -> None:
        """Let everything happen whose moment has come."""
        while self.waiting and self.waiting[0][0] < until:
            moment, _place, step = heapq.heappop(self.waiting)
            step(moment)

    def click(self, link: Link, moment: datetime) -> None:
        """A buyer opens a link; every third of them orders some hours later. Some come back to another link."""
        returning = bool(self.buyers) and self.random.random() < 0.25
        buyer = self.random.choice(self.buyers) if returning else self.new_buyer()
        self.later(moment, lambda at: self.do_click(buyer, link, at))
        if self.random.random() < 0.45:
            self.later(moment + timedelta(minutes=self.random.randint(5, 1500)), lambda at: self.order(buyer, at))

    def new_buyer(self) -> Buyer:
        number = len(self.buyers) + 1
        buyer = Buyer(f"demo-visitor-{number}", f"+861386{number:07}")
        self.buyers.append(buyer)
        return buyer

    def do_click(self, buyer: Buyer, link: Link, at: datetime) -> None:
        click = record_click(link, visitor=buyer.visitor, occurred_at=at, source="link", at=at)
        buyer.ref = str(click.id)

    def walk_in(self, at: datetime, *coupons: str) -> None:
        """Somebody orders who never clicked, with a salesperson's coupon code or without."""
        self.later(at, lambda then: self.order(self.new_buyer(), then, coupons=coupons))

    def order(self, buyer: Buyer, at: datetime, *, method: str = "alipay", coupons: tuple[str, ...] = ()) -> None:
        """A buyer orders, pays, gets the parcel; some send a part back, a few cancel."""
        fate = self.random.random()
        if fate < 0.06:
            method = "货到付款"
        elif fate > 0.985:
            method = "店铺储值卡"
        number = str(next(self.numbers))
        lines = self.basket()
        incoming = IncomingOrder(
            external_id=number,
            placed_at=at,
            currency=self.shop.currency,
            lines=lines,
            payment_method=method,
            customer=IncomingCustomer(phone=buyer.phone),
            ref=buyer.ref,
            visitor=buyer.visitor,
            coupon_codes=coupons,
            group_buy="PINTUAN-NOV" if lines[0].sku == "COFFEE-GIFT" else None,
            shipping_minor=600,
        )
        receive_order(self.shop, incoming, source="api", by=SYSTEM, at=at)
        if 0.06 <= fate < 0.10:
            self.later(at + timedelta(hours=7), lambda then: self.tell(number, "cancelled", then))
            return
        self.later(at + timedelta(minutes=3), lambda then: self.tell(number, "paid", then))
        self.later(at + timedelta(hours=30), lambda then: self.tell(number, "shipped", then))
        if fate > 0.86:
            back = lines[0].amount_minor if fate > 0.93 else lines[0].amount_minor // 2
            days = 12 if fate > 0.96 else 5
            self.later(at + timedelta(days=days), lambda then: self.refund(number, lines[0].id, back, then))

    def sold_by_transfer(self, link: Link, placed_at: datetime, refunded_at: datetime) -> None:
        """An order that the buyer pays into the merchant's own account, and sends a part of back."""
        buyer, number = self.new_buyer(), str(next(self.numbers))
        self.do_click(buyer, link, placed_at - timedelta(hours=1))
        sku, title, price, _rate = self.products[1]
        incoming = IncomingOrder(
            external_id=number,
            placed_at=placed_at,
            currency=self.shop.currency,
            lines=(IncomingLine("1", sku, title, 3, 3 * price),),
            payment_method="银行转账",
            customer=IncomingCustomer(phone=buyer.phone),
            ref=buyer.ref,
            paid_at=placed_at + timedelta(hours=2),
            shipped_at=placed_at + timedelta(hours=20),
        )
        receive_order(self.shop, incoming, source="api", by=SYSTEM, at=placed_at + timedelta(days=1))
        self.refund(number, "1", price, refunded_at)

    def basket(self) -> tuple[IncomingLine, ...]:
        chosen = self.random.sample(range(len(self.products)), self.random.choice((1, 1, 1, 2)))
        found = []
        for place, which in enumerate(chosen, 1):
            sku, title, price, _rate = self.products[which]
            pieces = 1 if sku == "COFFEE-GIFT" else self.random.choice((1, 1, 2))
            found.append(IncomingLine(str(place), sku, title, pieces, price * pieces))
        return tuple(found)

    def tell(self, number: str, type_: str, at: datetime) -> None:
        """Something happened to an order."""
        event = IncomingEvent(f"{type_}-{number}", type_, at)
        receive_event(self.shop, number, event, source="api", by=SYSTEM, at=at)

    def refund(self, number: str, line: str, amount: int, at: datetime) -> None:
        """A buyer gets money back for a line."""
        event = IncomingEvent(f"refund-{number}", "refunded", at, amount_minor=amount, lines=((line, amount),))
        receive_event(self.shop, number, event, source="api", by=SYSTEM, at=at)
