"""What follows from facts that became known: the order's own columns, its commission, those of its campaign."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select

from referrals.commissions.models import Commission
from referrals.commissions.operations import restate
from referrals.commissions.rules import cashback_of
from referrals.db import session
from referrals.money import LARGEST
from referrals.orders.campaigns import count_orders
from referrals.orders.facts import FactsReader
from referrals.orders.models import Order, OrderEvent
from referrals.orders.rules import completion_of
from referrals.orders.standing import Standing, standing_of
from referrals.shops.models import GroupBuy


def follow(order: Order, *, at: datetime) -> None:
    """Something became known of an order: everything that follows from it is brought up to that."""
    standing = standing_of(order)
    reader = FactsReader(order.shop_id)
    note_standing(standing, days=reader.settings.at(order.placed_at).completion_days)
    session.flush()
    if order.salesperson_id is not None:
        restate(reader.facts_of(standing), at=at)
    if order.group_buy_id is not None:
        restate_campaign(order.group_buy_id, at=at)


def note_standing(standing: Standing, *, days: int) -> None:
    """Keep beside the order what its events make of it."""
    order, state, goods = standing.order, standing.state, standing.goods
    order.paid_at, order.shipped_at = state.paid_at, state.shipped_at
    order.finished_at, order.cancelled_at = state.finished_at, state.cancelled_at
    order.completed_at = completion_of(state, requires_shipping=order.requires_shipping, days=days)
    order.goods_minor = sum(line.amount_minor for line in standing.lines)
    order.left_minor = goods.sold
    order.refunded_minor = min(LARGEST, sum(fact.amount for fact in state.refunds))
    order.excess_minor = min(LARGEST, goods.excess)


def restate_campaign(group_buy_id: int, *, at: datetime) -> int:
    """Bring the campaign's unsettled commissions to the tier reached now; answers how many changed.

    Where cashback was really paid, that counts, and the tier changes nothing.
    """
    campaign = session.get_one(GroupBuy, group_buy_id)
    count = count_orders(group_buy_id)
    cashback = cashback_of([(orders, amount) for orders, amount in campaign.tiers], count)
    orders = orders_with_other_cashback(group_buy_id, cashback)
    reader = FactsReader(campaign.shop_id, counts={group_buy_id: count})
    for facts in reader.facts(orders).values():
        restate(facts, at=at)
    return len(orders)


def orders_with_other_cashback(group_buy_id: int, cashback: int) -> Sequence[Order]:
    reported = exists().where(OrderEvent.order_id == Order.id, OrderEvent.type == "cashback")
    return session.scalars(
        select(Order)
        .join(Commission, Commission.order_id == Order.id)
        .where(Commission.group_buy_id == group_buy_id, Commission.status != "settled")
        .where(or_(Commission.cashback_minor.is_(None), Commission.cashback_minor != cashback), ~reported)
        .order_by(Order.id)
    ).all()
