"""The inbox of a shop: every delivery of its platforms, and what became of it (P5)."""

from sqlalchemy import func, select

from referrals.listing import Listing, Shape, Wish
from referrals.orders.models import Delivery
from referrals.people.rules import Actor
from referrals.shops.models import Shop
from referrals.shops.queries import visible_to


class DeliveryList(Listing):
    """The deliveries of a shop that the viewer may see, the newest first."""

    shape = Shape(
        keys={"received": Delivery.received_at, "source": Delivery.source, "topic": Delivery.topic},
        default="-received",
        ident=Delivery.id,
        searched=func.lower(Delivery.order_external_id) + "\n" + func.lower(Delivery.delivery_id),
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        statement = (
            select(
                Delivery.id,
                Delivery.source,
                Delivery.topic,
                Delivery.delivery_id,
                Delivery.order_external_id,
                Delivery.received_at,
                Delivery.status,
                Delivery.reason,
            )
            .join(Shop, Shop.id == Delivery.shop_id)
            .where(Delivery.shop_id == shop.id, visible_to(viewer))
        )
        for name, column in (("status", Delivery.status), ("source", Delivery.source)):
            if wish.get(name):
                statement = statement.where(column == wish.get(name))
        super().__init__(wish, statement)
