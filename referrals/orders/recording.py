"""Writing orders, lines and events into their tables. Facts are only ever added."""

from collections.abc import Sequence
from datetime import datetime

from referrals.db import session
from referrals.ids import new_id
from referrals.orders.attribution import Answer, Buyer
from referrals.orders.contradictions import stored_lines
from referrals.orders.incoming import IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import Order, OrderContact, OrderEvent, OrderLine
from referrals.shops.models import GroupBuy, Shop


def record_order(
    shop: Shop,
    incoming: IncomingOrder,
    answer: Answer,
    buyer: Buyer,
    *,
    collected_by: str,
    campaign: GroupBuy | None,
    source: str,
    at: datetime,
) -> Order:
    """The rows of a new order: its facts, its contact, its lines as placed."""
    goods = sum(line.amount_minor for line in incoming.lines)
    order = Order(
        id=new_id(),
        shop_id=shop.id,
        external_id=incoming.external_id,
        source=source,
        placed_at=incoming.placed_at,
        received_at=at,
        currency=incoming.currency,
        payment_method=incoming.payment_method,
        collected_by=collected_by,
        test=incoming.test,
        requires_shipping=incoming.requires_shipping,
        group_buy_id=campaign.id if campaign is not None else None,
        shipping_minor=incoming.shipping_minor,
        tax_minor=incoming.tax_minor,
        visitor=incoming.visitor,
        ref=incoming.ref,
        ref_problem=buyer.ref_problem,
        coupon_codes=list(incoming.coupon_codes),
        lines_as_of=incoming.lines_as_of,
        goods_minor=goods,
        left_minor=goods,
        customer_id=buyer.customer.id if buyer.customer is not None else None,
        salesperson_id=answer.salesperson_id,
        via=answer.via,
        click_id=answer.click_id,
        binding_id=answer.binding_id,
        reason=answer.reason,
    )
    session.add(order)
    session.flush()
    if incoming.customer.is_known:
        who = incoming.customer
        session.add(OrderContact(order_id=order.id, customer_ref=who.id, email=who.email, phone=who.phone))
    record_lines(order, incoming.lines, None)
    return order


def record_lines(order: Order, lines: Sequence[IncomingLine], event_id: int | None) -> None:
    """The lines of an order as placed, or as an amendment leaves them."""
    session.add_all(
        OrderLine(
            order_id=order.id,
            event_id=event_id,
            line_id=line.id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            amount_minor=line.amount_minor,
        )
        for line in lines
    )
    session.flush()


def record_event(
    shop_id: int, external_id: str, incoming: IncomingEvent, order: Order | None, *, source: str, at: datetime
) -> OrderEvent:
    """The row of a new event; without its order it waits."""
    event = OrderEvent(
        id=new_id(),
        shop_id=shop_id,
        order_external_id=external_id,
        order_id=order.id if order is not None else None,
        event_id=incoming.id,
        type=incoming.type,
        occurred_at=incoming.occurred_at,
        recorded_at=at,
        amount_minor=incoming.amount_minor,
        lines=stored_lines(incoming),
        summary_of=incoming.summary_of,
        source=source,
    )
    session.add(event)
    session.flush()
    if order is not None and event.type == "amended":
        record_lines(order, incoming.new_lines, event.id)
    return event


def join_waiting(order: Order, events: Sequence[OrderEvent]) -> None:
    """Events that came before their order belong to it now."""
    for event in events:
        event.order_id = order.id
    session.flush()
    for event in events:
        if event.type == "amended":
            record_lines(order, [IncomingLine(*line) for line in event.lines], event.id)
