"""Forgetting a buyer: what names them goes, clicks and bindings stay and name nobody (`SPEC §1`)."""

from sqlalchemy import delete, select, update

from referrals.db import session
from referrals.links.customers import living_id
from referrals.links.models import Click, Customer, CustomerKey, Identification


def forget_customer(customer: Customer) -> None:
    """Take away by what a customer is known, and what browsers told with their clicks."""
    customer_id = living_id(customer.id)
    session.execute(delete(CustomerKey).where(CustomerKey.customer_id == customer_id))
    visitors = select(Identification.visitor).where(
        Identification.shop_id == customer.shop_id, Identification.customer_id == customer_id
    )
    session.execute(
        update(Click)
        .where(Click.shop_id == customer.shop_id, Click.visitor.in_(visitors))
        .values(ip_hash="", user_agent="", referrer="")
        .execution_options(synchronize_session=False)
    )
