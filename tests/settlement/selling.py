"""A shop that sells through one salesperson by coupon, for tests of commissions and settlement."""

from datetime import datetime, timedelta
from typing import Any

from referrals.commissions.models import Commission
from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.ledger.operations import STORE, Owner, reserved, salesperson
from referrals.ledger.queries import balance
from referrals.orders.incoming import IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.operations import receive_event, receive_order
from referrals.orders.queries import find_order
from referrals.people.rules import SYSTEM
from referrals.settlement.balance import top_up
from referrals.settlement.models import SettlementRun
from referrals.settling import settle_shop
from tests.making import Making
from tests.shops_making import ShopMaking

DAY = timedelta(days=1)


class Selling(ShopMaking):
    """A workshop: orders of one shop and one salesperson, who earns 10 % unless settings say otherwise."""

    def __init__(self, make: Making, slug: str = "tea", **settings: Any) -> None:
        super().__init__(make)
        self.store = self.shop(slug, **settings)
        self.anna = self.salesperson(self.store, coupon_code="ANNA")
        self.owner = Owner("shop", self.store.id, self.store.currency)

    def order(self, name: str, *amounts: int, days_ago: int = 30, **more: Any) -> Commission:
        """An order placed and paid some days ago, with a line for each amount; pending until it is completed."""
        lines = tuple(
            IncomingLine(str(number), f"SKU{number}", "Tea", 1, amount)
            for number, amount in enumerate(amounts or (10_000,), 1)
        )
        placed = self.at - days_ago * DAY
        values = {"coupon_codes": ("anna",), "collected_by": "platform", "paid_at": placed} | more
        incoming = IncomingOrder(name, placed, self.store.currency, lines, **values)
        receive_order(self.store, incoming, source="api", by=SYSTEM, at=self.at)
        session.commit()
        return self.commission(name)

    def done(self, name: str, *amounts: int, completed_ago: int = 10, **more: Any) -> Commission:
        """An order that was completed some days ago."""
        return self.order(name, *amounts, completed_at=self.at - completed_ago * DAY, **more)

    def event(self, order: str, type_: str, *, days_ago: float = 1, name: str = "", **more: Any) -> Commission:
        ident = name or f"{type_}-{next(self.make.numbers)}"
        event = IncomingEvent(ident, type_, self.at - days_ago * DAY, **more)
        receive_event(self.store, order, event, source="api", by=SYSTEM, at=self.at)
        session.commit()
        return self.commission(order)

    def refund(self, order: str, amount: int, *, days_ago: float = 1, **more: Any) -> Commission:
        return self.event(order, "refunded", days_ago=days_ago, amount_minor=amount, **more)

    def amend(self, order: str, *amounts: int, days_ago: float = 1) -> Commission:
        lines = tuple(IncomingLine(str(n), f"SKU{n}", "Tea", 1, amount) for n, amount in enumerate(amounts, 1))
        return self.event(order, "amended", days_ago=days_ago, new_lines=lines)

    def top_up(self, amount: int) -> None:
        top_up(self.store, amount, by=SYSTEM, at=self.at)
        session.commit()

    def run(self, *, days_ago: float | None = None, at: datetime | None = None) -> SettlementRun:
        """A run of now, or as of some days ago."""
        now = at or self.at
        as_of = None if days_ago is None else now - days_ago * DAY
        return settle_shop(self.store.id, as_of=as_of, started_by="hand", by=SYSTEM, at=now)

    def commission(self, order: str) -> Commission:
        session.expire_all()
        found = find_order(self.store.id, order)
        assert found is not None
        made = commission_of(found.id)
        assert made is not None
        return made

    def states(self, *orders: str) -> list[tuple[str, str | None]]:
        found = [self.commission(order) for order in orders]
        return [(one.status, one.reason) for one in found]

    @property
    def store_balance(self) -> int:
        return balance(self.owner, STORE)

    @property
    def earned(self) -> int:
        return balance(self.owner, salesperson(self.anna.id))

    @property
    def reserved(self) -> int:
        return balance(self.owner, reserved(self.anna.id))
