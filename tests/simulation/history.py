"""A random history, lived by the application and by the plain model at once, and compared as it goes."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from referrals.commissions.models import Commission as StoredCommission
from referrals.commissions.operations import hold_back, release
from referrals.db import session
from referrals.ledger.checking import check_books
from referrals.ledger.operations import STORE, Owner, reserved, salesperson
from referrals.ledger.queries import balance, balances
from referrals.links.joins import CustomerKeys
from referrals.links.models import Customer as StoredCustomer
from referrals.links.models import CustomerKey
from referrals.links.models import Link as StoredLink
from referrals.links.operations import identify, record_click
from referrals.links.queries import binding_at
from referrals.links.sharing import share
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import Order as StoredOrder
from referrals.orders.operations import receive_event, receive_order
from referrals.people.rules import SYSTEM
from referrals.settlement.balance import top_up
from referrals.settlement.by_hand import settle_by_hand
from referrals.settlement.models import Withdrawal
from referrals.settlement.withdrawals import pay_withdrawal, refuse_withdrawal, request_withdrawal
from referrals.settling import settle_shop
from referrals.shops.models import Salesperson
from referrals.shops.rates import set_rate
from referrals.shops.salespeople import change_status
from referrals.shops.settings import change_settings
from tests.shops_making import ShopMaking
from tests.simulation.plain import Click, Link, Order, PlainShop, Seller

SELLERS, VISITORS, BUYERS, SKUS = 4, 6, 6, 4
COMPARE_EVERY = 50


@dataclass
class Event:
    """Something that will be told of an order, once or twice."""

    number: str
    kind: str
    at: datetime
    ident: str
    amount: int = 0
    lines: Any = None
    told: bool = False


class Differs(AssertionError):
    """The application and the model do not agree."""


class History:
    """One shop in both worlds; `steps` lives on by random operations."""

    def __init__(self, making: ShopMaking, seed: int) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.making = making
        self.now = making.at
        currency = self.chance.choice(["CNY", "JPY", "KWD"])
        self.shop = making.shop(currency=currency)
        self.plain = PlainShop(currency)
        self.plain.settings.append((making.make.later(days=-400), {"programme": True}))
        self.owner = Owner("shop", self.shop.id, currency)
        self.people: dict[str, Salesperson] = {}
        self.clicks: list[tuple[Click, int]] = []
        self.links: list[tuple[Link, StoredLink]] = []
        self.waiting: list[Callable[[], None]] = []
        self.withdrawals: list[tuple[str, int]] = []
        self.number = 0
        self.log: list[str] = []
        self.begin()

    def begin(self) -> None:
        for number in range(SELLERS):
            self.join(number)
        for number in range(SKUS):
            self.making.product(self.shop, f"sku-{number}")
        for name, tiers in (("small", [(3, 300), (5, 800), (10, 1000)]), ("none", [])):
            self.making.group_buy(self.shop, name, *tiers)
            self.plain.campaigns[name] = tiers
        for _ in range(SELLERS):
            self.share_link()

    def join(self, number: int) -> None:
        name, phone = f"seller {number}", f"+861380000{self.seed % 1000:03}{number}"
        joined = self.making.make.later(days=-300)
        coupon = f"Code{number}" if number % 2 else ""
        email = f"seller{number}@example.org"
        stored = self.making.salesperson(self.shop, phone, email=email, coupon_code=coupon, joined_at=joined)
        self.people[name] = stored
        self.plain.sellers[name] = Seller(name, phone, email, coupon, [(joined, "active")])

    # What may happen

    def live(self, steps: int) -> None:
        """Live on for some operations, comparing now and then, and at the end as a whole."""
        ways = self.ways()
        for step in range(steps):
            self.now += timedelta(seconds=self.chance.choice([1, 60, 3600, 40_000]))
            way = self.chance.choices(list(ways), weights=list(ways.values()))[0]
            self.log.append(f"{step} {self.now:%m-%d %H:%M:%S} {way.__name__}")
            way()
            self.same("store balance", balance(self.owner, STORE), self.plain.balance)
            if step % COMPARE_EVERY == 0:
                self.compare()
        while self.waiting:
            self.deliver()
        self.compare()
        found = check_books(at=self.now)
        self.same("books", (found.ok, found.first_problem or None), (True, None))

    def ways(self) -> dict[Callable[[], None], int]:
        return {
            self.click: 14, self.place_order: 14, self.deliver: 26, self.settle: 5, self.settle_the_past: 2,
            self.fill_up: 4, self.know_somebody: 5, self.share_link: 3, self.change_rule: 2, self.change_rate: 2,
            self.suspend: 1, self.settle_one_by_hand: 3, self.ask_for_money: 2, self.decide_on_money: 2,
            self.hold_one: 1,
        }  # fmt: skip

    def some_past(self, days: int = 20) -> datetime:
        """A moment of before, as late news are about."""
        return self.now - timedelta(seconds=self.chance.choice([0, 0, 5, self.chance.randrange(days * 86_400)]))

    def share_link(self) -> None:
        name = self.chance.choice(list(self.people))
        kind, shared_at = self.chance.choice(["link", "qr"]), self.some_past(5)
        target = f"https://{self.shop.slug}.example.org/page/{self.chance.randrange(10**6)}"
        stored = share(self.people[name], target, kind, shared_at=shared_at, at=self.now)
        session.commit()
        short = self.plain.setting("validity", shared_at) == "short"
        self.links.append((Link(self.plain.sellers[name], kind, short, shared_at), stored))

    def click(self) -> None:
        link, stored = self.chance.choice(self.links)
        visitor, at = f"visitor {self.chance.randrange(VISITORS)}", self.some_past()
        made = record_click(stored, visitor=visitor, occurred_at=at, source="api", at=self.now)
        session.commit()
        plain = Click(len(self.plain.clicks), at, visitor, link)
        self.plain.clicks.append(plain)
        self.clicks.append((plain, made.id))

    def keys(self) -> dict[str, str]:
        buyer = self.chance.randrange(BUYERS)
        given = {
            "id": f"c{buyer}" if self.chance.random() < 0.5 else "",
            "email": f"buyer{self.chance.choice([buyer, buyer, (buyer + 1) % BUYERS])}@example.org",
            "phone": f"+8613900000{self.chance.choice([buyer, buyer, (buyer + 2) % BUYERS]):03}",
        }
        if self.chance.random() < 0.05:
            given["phone"] = self.chance.choice(list(self.plain.sellers.values())).phone
        for kind in ("email", "phone"):
            if self.chance.random() < 0.4:
                given[kind] = ""
        return given if any(given.values()) else {**given, "id": f"c{buyer}"}

    def know_somebody(self) -> None:
        given, visitor, at = self.keys(), f"visitor {self.chance.randrange(VISITORS)}", self.some_past()
        keys = CustomerKeys(given["id"] or None, given["email"] or None, given["phone"] or None)
        identify(self.shop.id, keys, visitor=visitor, occurred_at=at, source="api", at=self.now)
        session.commit()
        self.plain.identify(given, visitor, at)

    def change_rule(self) -> None:
        changes = self.chance.choice([
            {"binding": "last_click"}, {"binding": "protected", "protect_days": self.chance.randrange(1, 20)},
            {"binding": "first_click"}, {"validity": "short"}, {"validity": "permanent"},
            {"rate_bp": self.chance.randrange(0, 9001)}, {"programme": False}, {"programme": True}, {"programme": True},
            {"completion_days": self.chance.randrange(0, 15)}, {"own_purchases_earn": self.chance.random() < 0.5},
            {"refunds_after_settlement": self.chance.choice(["keep", "claw_back"])},
        ])  # fmt: skip
        change_settings(self.shop, changes, effective_at=None, by=SYSTEM, at=self.now)
        session.commit()
        self.plain.settings.append((self.now, changes))

    def change_rate(self) -> None:
        rate = self.chance.choice([None, 0, 333, 1000, 8999])
        if self.chance.random() < 0.5:
            sku = f"sku-{self.chance.randrange(SKUS)}"
            product = self.making.product(self.shop, sku)
            set_rate(self.shop, "product", product.id, rate, effective_at=None, by=SYSTEM, at=self.now)
            self.plain.product_rates.setdefault(sku, []).append((self.now, rate))
        else:
            name = self.chance.choice(list(self.people))
            set_rate(self.shop, "salesperson", self.people[name].id, rate, effective_at=None, by=SYSTEM, at=self.now)
            self.plain.seller_rates.setdefault(name, []).append((self.now, rate))
        session.commit()

    def suspend(self) -> None:
        name = self.chance.choice(list(self.people))
        state = "active" if self.people[name].status == "suspended" else "suspended"
        change_status(self.people[name], state, effective_at=None, by=SYSTEM, at=self.now)
        session.commit()
        self.plain.sellers[name].states.append((self.now, state))

    # Orders

    def lines(self) -> dict[str, tuple[str, int]]:
        count = self.chance.randrange(1, 4)
        return {
            str(number): (f"sku-{self.chance.randrange(SKUS + 1)}", self.chance.choice([0, 1, 99, 8800, 12_345]))
            for number in range(count)
        }

    def place_order(self) -> None:
        """An order and what will be told of it: each part arrives when chance delivers it."""
        self.number += 1
        order = Order(
            number=f"order {self.number}",
            placed_at=self.some_past(10),
            collected_by=self.chance.choices(["platform", "merchant", "cash_on_delivery"], weights=[8, 3, 1])[0],
            lines=self.lines(),
            test=self.chance.random() < 0.05,
            ships=self.chance.random() < 0.8,
            campaign=self.chance.choices(["", "small", "none"], weights=[6, 4, 1])[0],
        )
        given = self.keys()
        visitor = f"visitor {self.chance.randrange(VISITORS)}" if self.chance.random() < 0.5 else None
        ref = self.chance.choice(self.clicks) if self.clicks and self.chance.random() < 0.5 else None
        coupons = [f"CODE{self.chance.randrange(SELLERS)}"] if self.chance.random() < 0.15 else []
        self.waiting.append(partial(self.receive, order, given, visitor, ref, coupons))
        for event in self.events(order):
            times = 2 if self.chance.random() < 0.15 else 1
            self.waiting.extend([partial(self.tell, event)] * times)

    def events(self, order: Order) -> list["Event"]:
        def when() -> datetime:
            return min(self.now, order.placed_at + timedelta(seconds=self.chance.randrange(12 * 86_400)))

        found: list[Event] = []

        def add(kind: str, amount: int = 0, lines: Any = None) -> None:
            found.append(Event(order.number, kind, when(), f"{kind} {len(found)}", amount, lines))

        for kind, likely in (("paid", 0.9), ("shipped", 0.7), ("completed", 0.4), ("cancelled", 0.07), ("paid", 0.1)):
            if self.chance.random() < likely:
                add(kind)
        total = sum(amount for _, amount in order.lines.values())
        for _ in range(self.chance.choice([0, 0, 0, 1, 1, 2])):
            parts = {}
            if self.chance.random() < 0.5:
                line = self.chance.choice(list(order.lines))
                parts = {line: self.chance.choice([1, order.lines[line][1] // 2 + 1, order.lines[line][1] + 1])}
            amount = sum(parts.values()) or self.chance.choice([1, total // 2, total, total + 1]) or 1
            add("refunded", amount, parts)
        if self.chance.random() < 0.08:
            add("amended", lines=self.lines())
        if order.campaign and self.chance.random() < 0.15:
            add("cashback", self.chance.choice([1, 500, 10_000]))
        return found

    def deliver(self) -> None:
        if self.waiting:
            self.waiting.pop(self.chance.randrange(len(self.waiting)))()

    def receive(
        self,
        order: Order,
        given: dict[str, str],
        visitor: str | None,
        ref: tuple[Click, int] | None,
        coupons: list[str],
    ) -> None:
        incoming = IncomingOrder(
            external_id=order.number,
            placed_at=order.placed_at,
            currency=self.shop.currency,
            lines=stored_lines(order.lines),
            collected_by=order.collected_by,
            customer=IncomingCustomer(given["id"] or None, given["email"] or None, given["phone"] or None),
            ref=str(ref[1]) if ref else None,
            visitor=visitor,
            coupon_codes=tuple(coupons),
            test=order.test,
            requires_shipping=order.ships,
            group_buy=order.campaign or None,
        )
        receive_order(self.shop, incoming, source="api", by=SYSTEM, at=self.now)
        session.commit()
        self.plain.place(order, given, visitor, ref[0] if ref else None, coupons)

    def tell(self, event: "Event") -> None:
        """Tell the application of an event, perhaps once more; the model is told once."""
        incoming = IncomingEvent(
            id=event.ident,
            type=event.kind,
            occurred_at=event.at,
            amount_minor=event.amount if event.kind in {"refunded", "cashback"} else None,
            lines=tuple(event.lines.items()) if event.kind == "refunded" and event.lines else (),
            new_lines=stored_lines(event.lines) if event.kind == "amended" else (),
        )
        told = receive_event(self.shop, event.number, incoming, source="api", by=SYSTEM, at=self.now)
        session.commit()
        self.same(f"{event.kind} of {event.number} is news", told.fresh, not event.told)
        if not event.told:
            self.plain.happen(event.number, event.kind, event.at, event.ident, event.amount, event.lines)
        event.told = True

    # Money

    def settle(self) -> None:
        self.run(self.now)

    def settle_the_past(self) -> None:
        self.run(self.some_past(15))

    def run(self, as_of: datetime) -> None:
        made = settle_shop(self.shop.id, as_of=as_of, started_by="api", by=SYSTEM, at=self.now)
        told = self.plain.run(as_of)
        found = {"settled": made.settled, "left": made.left, "void": made.void, "settled_amount": made.settled_minor}
        self.same(f"run as of {as_of}", found, told)

    def fill_up(self) -> None:
        amount = self.chance.choice([1, 500, 5000, 40_000])
        top_up(self.shop, amount, by=SYSTEM, at=self.now)
        session.commit()
        self.plain.balance += amount

    def settle_one_by_hand(self) -> None:
        listed = [
            order.commission
            for order in self.plain.orders.values()
            if order.commission is not None
            and (order.commission.status == "by_hand" or order.commission.by_hand_due != 0)
        ]
        if not listed:
            return
        made = self.chance.choice(listed)
        due = made.amount if made.status == "by_hand" else made.by_hand_due
        way = self.chance.choice(["balance", "outside"])
        if way == "balance" and due > self.plain.balance:
            way = "outside"
        stored = self.commission(made.order.number)
        settle_by_hand(stored, due, paid_from=way, note="as agreed", by=SYSTEM, at=self.now)
        session.commit()
        if way == "balance":
            self.plain.balance -= due
            self.plain.owed[made.seller.name] = self.plain.owed.get(made.seller.name, 0) + due
        if made.status == "by_hand":
            made.status, made.amount, made.base = "settled", due, due
            made.cashback, made.lines = self.plain.cashback(made.order), made.order.lines_at()
        else:
            made.base += due
        made.by_hand_due = 0

    def hold_one(self) -> None:
        pending = [
            order.commission
            for order in self.plain.orders.values()
            if order.commission is not None and order.commission.status == "pending"
        ]
        if not pending:
            return
        made = self.chance.choice(pending)
        stored = self.commission(made.order.number)
        if made.held:
            release(stored, by=SYSTEM, at=self.now)
        else:
            hold_back(stored, "to be looked at", by=SYSTEM, at=self.now)
        session.commit()
        made.held = not made.held

    def ask_for_money(self) -> None:
        rich = [name for name, amount in self.plain.owed.items() if amount > 0]
        name = self.chance.choice(rich) if rich else ""
        if not rich or self.plain.sellers[name].state(self.now) != "active":
            return
        amount = self.chance.randrange(1, self.plain.owed[name] + 1)
        made = request_withdrawal(self.people[name], amount, method="bank", by=SYSTEM, at=self.now)
        session.commit()
        self.withdrawals.append((name, made.id))
        self.plain.owed[name] -= amount
        self.plain.reserved[name] = self.plain.reserved.get(name, 0) + amount

    def decide_on_money(self) -> None:
        if not self.withdrawals:
            return
        name, ident = self.withdrawals.pop()
        stored = session.get_one(Withdrawal, ident)
        if self.plain.sellers[name].state(self.now) != "active":
            return
        self.plain.reserved[name] -= stored.amount_minor
        if self.chance.random() < 0.7:
            pay_withdrawal(stored, reference="paid", by=SYSTEM, at=self.now)
        else:
            refuse_withdrawal(stored, "wrong account", by=SYSTEM, at=self.now)
            self.plain.owed[name] += stored.amount_minor
        session.commit()

    # Comparing

    def same(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            raise Differs(
                f"seed {self.seed}: {what}: the application says {found!r}, the model {wanted!r}\n"
                + "\n".join(self.log[-12:])
                + f"\nagain: REFERRALS_TEST_SEED={self.seed} python -m pytest tests/simulation"
            )

    def commission(self, number: str) -> StoredCommission:
        found = session.scalar(
            select(StoredCommission).where(
                StoredCommission.shop_id == self.shop.id, StoredCommission.order_key == number
            )
        )
        assert found is not None
        return found

    def compare(self) -> None:
        """Everything that both worlds know."""
        session.expire_all()
        owed = balances(self.owner, "salesperson")
        names = {stored.id: name for name, stored in self.people.items()}
        for ident, name in names.items():
            self.same(f"balance of {name}", owed.get(ident, 0), self.plain.owed.get(name, 0))
            self.same(f"reserved for {name}", balance(self.owner, reserved(ident)), self.plain.reserved.get(name, 0))
            assert balance(self.owner, salesperson(ident)) == owed.get(ident, 0)
        orders = session.scalars(select(StoredOrder).where(StoredOrder.shop_id == self.shop.id)).all()
        self.same("orders", {order.external_id for order in orders}, set(self.plain.orders))
        made = {
            one.order_key: one
            for one in session.scalars(select(StoredCommission).where(StoredCommission.shop_id == self.shop.id))
        }
        for stored in orders:
            self.compare_order(stored, names, made.get(stored.external_id))
        self.compare_bindings(names)

    def compare_order(self, stored: StoredOrder, names: dict[int, str], made: StoredCommission | None) -> None:
        order = self.plain.orders[stored.external_id]
        what = f"{stored.external_id} ({order.collected_by})"
        found = (names.get(stored.salesperson_id or 0), stored.reason)
        self.same(f"{what} belongs to", found, (order.seller.name if order.seller else None, order.reason))
        self.same(f"{what} completed", stored.completed_at, self.plain.completed_at(order))
        self.same(f"{what} left", stored.left_minor, self.plain.sold(order.lines_at(), order.refunds)[1])
        wanted = order.commission
        self.same(f"{what} has a commission", made is not None, wanted is not None)
        if made is None or wanted is None:
            return
        self.same(f"{what} is", made.status, wanted.status)
        if wanted.status != "void":
            self.same(f"{what} earns", made.amount_minor, wanted.amount)
        if wanted.status == "settled":
            self.same(f"{what} clawed back", made.clawed_back_minor, wanted.clawed)
            if order.collected_by == "merchant":
                self.same(f"{what} by hand", made.by_hand_due_minor, wanted.by_hand_due)

    def compare_bindings(self, names: dict[int, str]) -> None:
        """Whose each customer is, at a few moments."""
        keys = session.execute(
            select(CustomerKey.kind, CustomerKey.value, CustomerKey.customer_id).where(
                CustomerKey.shop_id == self.shop.id
            )
        ).all()
        for kind, value, customer_id in keys:
            customer = self.plain.owner(kind, value)
            assert customer is not None, (kind, value)
            assert session.get_one(StoredCustomer, customer_id).merged_into_id is None
            for _ in range(2):
                at = self.some_past(60)
                held, wanted = binding_at(customer_id, at), self.plain.bound_to(customer, at)
                found = names[held.salesperson_id] if held else None
                self.same(f"whose {kind} {value} is at {at}", found, wanted.seller.name if wanted else None)


def stored_lines(lines: dict[str, tuple[str, int]]) -> tuple[IncomingLine, ...]:
    return tuple(IncomingLine(ident, sku, sku, 1, amount) for ident, (sku, amount) in lines.items())
