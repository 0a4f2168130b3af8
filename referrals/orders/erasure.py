"""Forgetting a buyer on their request (`SPEC §1`): orders, commissions and books stay, without who it was."""

from datetime import datetime

from sqlalchemy import delete, or_, select, update

from referrals.db import session
from referrals.links.models import Customer, CustomerKey
from referrals.orders.inbox import BLANKED
from referrals.orders.models import Delivery, Order, OrderContact
from referrals.people.audit import record
from referrals.people.rules import Actor
from referrals.shops.models import Shop

PORTION = 500


def forget_buyer(shop: Shop, customer: Customer, *, by: Actor, at: datetime) -> int:
    """Erase a customer's keys, the contacts of their orders, and what platforms delivered about these.

    Answers how many orders there were. A delivery that was erased cannot be replayed.
    """
    by.require("manage")
    family = select(Customer.id).where(or_(Customer.id == customer.id, Customer.merged_into_id == customer.id))
    orders = session.execute(
        select(Order.id, Order.external_id).where(Order.shop_id == shop.id, Order.customer_id.in_(family))
    ).all()
    for start in range(0, len(orders), PORTION):
        portion = orders[start : start + PORTION]
        forget_contacts([order.id for order in portion])
        blank_deliveries(shop.id, [order.external_id for order in portion])
    session.execute(delete(CustomerKey).where(CustomerKey.customer_id.in_(family)))
    record("buyer_erased", by=by, at=at, subject=shop.slug, customer=str(customer.id))
    return len(orders)


def forget_contacts(order_ids: list[int]) -> None:
    session.execute(
        update(OrderContact)
        .where(OrderContact.order_id.in_(order_ids))
        .values(customer_ref=None, email=None, phone=None)
        .execution_options(synchronize_session=False)
    )


def blank_deliveries(shop_id: int, external_ids: list[str]) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.shop_id == shop_id, Delivery.order_external_id.in_(external_ids))
        .values(body=BLANKED)
        .execution_options(synchronize_session=False)
    )
