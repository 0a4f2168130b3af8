"""The group-buys of a shop, each with the orders that count for its tiers (`SPEC §8`)."""

from sqlalchemy import func, select

from referrals.listing import Listing, Shape, Wish
from referrals.orders.models import Order
from referrals.people.rules import Actor
from referrals.shops.models import GroupBuy, Shop
from referrals.shops.queries import visible_to

COUNTED = (
    select(func.count(Order.id))
    .where(
        Order.group_buy_id == GroupBuy.id,
        Order.paid_at.is_not(None),
        Order.cancelled_at.is_(None),
        Order.left_minor > 0,
        ~Order.test,
    )
    .correlate(GroupBuy)
    .scalar_subquery()
)


class GroupBuyList(Listing):
    """The group-buys of a shop that the viewer may see."""

    shape = Shape(
        keys={"title": GroupBuy.title_key, "id": GroupBuy.external_id, "orders": COUNTED, "since": GroupBuy.created_at},
        default="-since",
        ident=GroupBuy.id,
        searched=GroupBuy.title_key + "\n" + func.lower(GroupBuy.external_id),
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        statement = (
            select(
                GroupBuy.id,
                GroupBuy.external_id,
                GroupBuy.title,
                GroupBuy.tiers,
                GroupBuy.created_at,
                COUNTED.label("orders"),
            )
            .join(Shop, Shop.id == GroupBuy.shop_id)
            .where(GroupBuy.shop_id == shop.id, visible_to(viewer))
        )
        super().__init__(wish, statement)
