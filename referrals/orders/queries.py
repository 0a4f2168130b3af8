"""What is read of orders; always from what the reader may see (P13)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, false, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.orders.models import Attribution, Delivery, Order, OrderContact, OrderEvent, OrderLine
from referrals.people.rules import Actor
from referrals.shops.models import GroupBuy


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all orders, a shop's members and keys those of the shop, salespeople their own."""
    if viewer.salesperson_id is not None:
        return Order.salesperson_id == viewer.salesperson_id
    if not viewer.may("view_shop"):
        return false()
    return true() if viewer.is_staff else Order.shop_id == (viewer.shop_id or 0)


def get_order(viewer: Actor, shop_id: int, external_id: str) -> Order:
    """The order of a shop with this id, if the viewer may see it; raises NotFound."""
    order = session.scalar(
        select(Order).where(Order.shop_id == shop_id, Order.external_id == external_id, visible_to(viewer))
    )
    if order is None:
        raise NotFound
    return order


def get_order_by_id(viewer: Actor, order_id: int | None) -> Order:
    """The order with our own id, if the viewer may see it; raises NotFound."""
    order = session.scalar(select(Order).where(Order.id == (order_id or 0), visible_to(viewer)))
    if order is None:
        raise NotFound
    return order


def find_order(shop_id: int, external_id: str) -> Order | None:
    """The order of a shop with this id, as it stands now."""
    return session.scalar(
        select(Order)
        .where(Order.shop_id == shop_id, Order.external_id == external_id)
        .execution_options(populate_existing=True)
    )


def orders_with(order_ids: Sequence[int]) -> Sequence[Order]:
    """The orders with these ids of ours, as they stand now."""
    return session.scalars(select(Order).where(Order.id.in_(order_ids)).execution_options(populate_existing=True)).all()


def contact_of(order: Order) -> OrderContact | None:
    """By what the buyer was named; None where nothing was said, and nothing left in it once it was erased."""
    return session.get(OrderContact, order.id)


def campaign_of(order: Order) -> GroupBuy | None:
    """The group-buy that an order belongs to."""
    return session.get(GroupBuy, order.group_buy_id) if order.group_buy_id is not None else None


def events_of(order: Order) -> Sequence[OrderEvent]:
    """Everything that happened to an order, in order of time."""
    return session.scalars(
        select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.occurred_at, OrderEvent.id)
    ).all()


def find_event(shop_id: int, external_id: str, event_id: str) -> OrderEvent | None:
    """The event of an order by the source's id of it, also while its order is not there yet."""
    return session.scalar(
        select(OrderEvent).where(
            OrderEvent.shop_id == shop_id,
            OrderEvent.order_external_id == external_id,
            OrderEvent.event_id == event_id,
        )
    )


def waiting_events(shop_id: int, external_id: str) -> Sequence[OrderEvent]:
    """The events that came before their order, in the order of arrival."""
    return session.scalars(
        select(OrderEvent)
        .where(
            OrderEvent.shop_id == shop_id,
            OrderEvent.order_external_id == external_id,
            OrderEvent.order_id.is_(None),
        )
        .order_by(OrderEvent.id)
    ).all()


def lines_of(order: Order, event_id: int | None) -> Sequence[OrderLine]:
    """The lines of an order as placed (None), or as an amendment left them, in the order in which they came."""
    version = OrderLine.event_id.is_(None) if event_id is None else OrderLine.event_id == event_id
    return session.scalars(
        select(OrderLine).where(OrderLine.order_id == order.id, version).order_by(OrderLine.id)
    ).all()


def attributions_of(order: Order) -> Sequence[Attribution]:
    """Every answer to whose order it is, the latest first."""
    return session.scalars(
        select(Attribution).where(Attribution.order_id == order.id).order_by(Attribution.id.desc())
    ).all()


def find_delivery(shop_id: int, source: str, delivery_id: str) -> Delivery | None:
    """The delivery of a platform with this id."""
    return session.scalar(
        select(Delivery).where(
            Delivery.shop_id == shop_id, Delivery.source == source, Delivery.delivery_id == delivery_id
        )
    )


def get_delivery(viewer: Actor, shop_id: int, delivery_id: int | None) -> Delivery:
    """A delivery by our own id, for those who may manage the shop that got it; raises NotFound."""
    viewer.require("manage")
    found = session.scalar(select(Delivery).where(Delivery.id == (delivery_id or 0), Delivery.shop_id == shop_id))
    if found is None or not (viewer.is_staff or viewer.shop_id == shop_id):
        raise NotFound
    return found
