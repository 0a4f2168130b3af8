"""Group-buys: how many orders a campaign has (`SPEC §8`)."""

from datetime import datetime

from sqlalchemy import exists, func, select

from referrals.db import lock_names, session
from referrals.orders.models import Order, OrderEvent
from referrals.orders.standing import PORTION, standings
from referrals.people.rules import SYSTEM
from referrals.shops.catalogue import put_group_buy
from referrals.shops.models import GroupBuy, Shop
from referrals.shops.queries import group_buy


def campaign_named(shop: Shop, external_id: str | None, *, at: datetime) -> GroupBuy | None:
    """The campaign that an order names; one that nobody has described yet is noted without tiers."""
    if external_id is None:
        return None
    known = group_buy(shop.id, external_id)
    return known or put_group_buy(shop, external_id, title=external_id, tiers=(), by=SYSTEM, at=at)


def hold_campaign(group_buy_id: int | None) -> None:
    """Whoever changes an order of this campaign goes one at a time; before any of its commissions is touched."""
    if group_buy_id is not None:
        lock_names([f"campaign:{group_buy_id}"])


def count_orders(group_buy_id: int, *, until: datetime | None = None) -> int:
    """How many orders count: paid, not cancelled, not wholly refunded, no tests; attributed or not, however paid.

    With `until`, by what had happened by then.
    """
    if until is not None:
        return count_until(group_buy_id, until)
    counted = select(func.count()).select_from(Order).where(Order.group_buy_id == group_buy_id, ~Order.test)
    return (
        session.scalar(counted.where(Order.paid_at.is_not(None), Order.cancelled_at.is_(None), Order.left_minor > 0))
        or 0
    )


def count_until(group_buy_id: int, until: datetime) -> int:
    """Orders that nothing happened to since count by what is kept beside them; the others are read anew."""
    placed = select(Order).where(Order.group_buy_id == group_buy_id, ~Order.test, Order.placed_at <= until)
    later = exists().where(OrderEvent.order_id == Order.id, OrderEvent.occurred_at > until)
    unchanged = placed.where(~later, Order.paid_at.is_not(None), Order.cancelled_at.is_(None), Order.left_minor > 0)
    found = session.scalar(select(func.count()).select_from(unchanged.with_only_columns(Order.id).subquery())) or 0
    changed = session.scalars(placed.where(later)).all()
    for start in range(0, len(changed), PORTION):
        for standing in standings(changed[start : start + PORTION], until=until):
            state = standing.state
            found += state.paid_at is not None and state.cancelled_at is None and standing.goods.sold > 0
    return found
