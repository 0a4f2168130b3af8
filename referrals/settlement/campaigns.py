"""What the group-buys of a shop give at a moment: one count for each campaign and run (`SPEC §8`)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from referrals.commissions.facts import OrderFacts
from referrals.commissions.models import Commission
from referrals.commissions.rules import cashback_of
from referrals.db import among, session
from referrals.orders.campaigns import count_orders
from referrals.orders.facts import FactsReader
from referrals.orders.models import Order
from referrals.shops.models import GroupBuy

Campaigns = Mapping[str, Any]


def count_campaigns(shop_id: int, *, until: datetime | None = None) -> dict[str, Any]:
    """By the id of each group-buy with unsettled commissions: the orders counted, and the cashback that they give."""
    unsettled = exists().where(Commission.group_buy_id == GroupBuy.id, Commission.status != "settled")
    rows = session.execute(select(GroupBuy.id, GroupBuy.tiers).where(GroupBuy.shop_id == shop_id, unsettled)).all()
    found = {}
    for group_buy_id, tiers in rows:
        orders = count_orders(group_buy_id, until=until)
        pairs = [(int(needed), int(cashback)) for needed, cashback in tiers]
        found[str(group_buy_id)] = {"orders": orders, "cashback": cashback_of(pairs, orders)}
    return found


def facts_counted(
    shop_id: int, campaigns: Campaigns, order_ids: Sequence[int], *, until: datetime | None = None
) -> dict[int, OrderFacts]:
    """The facts of orders by their ids, their campaigns as they were counted."""
    if not order_ids:
        return {}
    counts = {int(group_buy_id): counted["orders"] for group_buy_id, counted in campaigns.items()}
    orders = session.scalars(select(Order).where(among(Order.id, order_ids)).execution_options(populate_existing=True))
    read = FactsReader(shop_id, until, counts).facts(orders.all())
    return {order_id: as_counted(facts, campaigns) for order_id, facts in read.items()}


def as_counted(facts: OrderFacts, campaigns: Campaigns) -> OrderFacts:
    counted = campaigns.get(str(facts.group_buy_id))
    # The tier that the run found stays the tier of the run, should others be set while it is under way.
    return facts if counted is None else replace(facts, tiers=((0, counted["cashback"]),))


def outdated(shop_id: int, campaigns: Campaigns, *, due_by: datetime) -> dict[int, int]:
    """Due commissions whose stored cashback is not what their campaign gives now: stored amounts by order id."""
    found: dict[int, int] = {}
    for group_buy_id, counted in campaigns.items():
        rows = session.execute(
            select(Commission.order_id, Commission.amount_minor).where(
                Commission.group_buy_id == int(group_buy_id),
                Commission.status == "pending",
                Commission.shop_id == shop_id,
                Commission.due_at <= due_by,
                Commission.reason != "held",
                Commission.counted_orders.is_not(None),
                Commission.cashback_minor != counted["cashback"],
            )
        )
        found.update((row.order_id, row.amount_minor) for row in rows)
    return found
