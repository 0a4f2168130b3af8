"""What commissions need to know of orders, made from lines, events, settings and rates in few queries."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from referrals.commissions.facts import OrderFacts
from referrals.db import session
from referrals.orders.campaigns import count_orders
from referrals.orders.models import Order
from referrals.orders.rules import completion_of
from referrals.orders.standing import PORTION, Standing, rated, standings
from referrals.shops.models import GroupBuy
from referrals.shops.queries import rate_book
from referrals.shops.rules import RateBook, SettingsHistory


@dataclass
class FactsReader:
    """Reads the facts of many orders of one shop; with `until`, only what had happened by then."""

    shop_id: int
    until: datetime | None = None
    counts: dict[int, int] = field(default_factory=dict)

    @cached_property
    def rates(self) -> RateBook:
        return rate_book(self.shop_id)

    @property
    def settings(self) -> SettingsHistory:
        return self.rates.settings

    def facts(self, orders: Iterable[Order]) -> dict[int, OrderFacts]:
        """The facts of these orders by our order id, with the rates of their salespeople."""
        asked = list(orders)
        found: dict[int, OrderFacts] = {}
        for start in range(0, len(asked), PORTION):
            for standing in standings(asked[start : start + PORTION], until=self.until):
                found[standing.order.id] = self.facts_of(standing)
        return found

    def facts_of(self, standing: Standing, salesperson_id: int | None = None) -> OrderFacts:
        """The facts of one order that was read; with the rates of its salesperson, or of whoever is named."""
        order, state = standing.order, standing.state
        settings = self.settings.at(order.placed_at)
        whose = salesperson_id if salesperson_id is not None else order.salesperson_id
        versions = {
            event_id: rated(lines, {line.sku: self.rate(order, line.sku, whose) for line in lines})
            for event_id, lines in standing.versions.items()
        }
        return OrderFacts(
            order_id=order.id,
            shop_id=order.shop_id,
            order_key=order.external_id,
            currency=order.currency,
            placed_at=order.placed_at,
            collected_by=order.collected_by,
            refund_rule=settings.refunds_after_settlement,
            line_versions=versions or {None: ()},
            lines_event_id=state.lines_event_id,
            refunds=state.refunds,
            cashback_reported=state.cashback,
            group_buy_id=order.group_buy_id,
            tiers=self.tiers(order.group_buy_id),
            counted_orders=self.counted(order.group_buy_id),
            completed_at=completion_of(state, requires_shipping=order.requires_shipping, days=settings.completion_days),
            cancelled_at=state.cancelled_at,
        )

    def rate(self, order: Order, sku: str, salesperson_id: int | None) -> int:
        return self.rates.rate(sku, salesperson_id, order.placed_at).bp

    def tiers(self, group_buy_id: int | None) -> tuple[tuple[int, int], ...]:
        campaign = session.get(GroupBuy, group_buy_id) if group_buy_id is not None else None
        return tuple((int(orders), int(cashback)) for orders, cashback in campaign.tiers) if campaign else ()

    def counted(self, group_buy_id: int | None) -> int:
        if group_buy_id is None:
            return 0
        if group_buy_id not in self.counts:
            self.counts[group_buy_id] = count_orders(group_buy_id, until=self.until)
        return self.counts[group_buy_id]


def facts_of(order: Order, *, until: datetime | None = None) -> OrderFacts:
    """The facts of one order; with `until`, only what had happened by then."""
    return FactsReader(order.shop_id, until).facts([order])[order.id]
