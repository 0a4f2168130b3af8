"""A buyer who is forgotten: nothing names them any more, and what they were bound to stays."""

from sqlalchemy import select

from referrals.db import session
from referrals.links.erasure import forget_customer
from referrals.links.models import Click, CustomerKey
from tests.links.journey import Journey
from tests.shops_making import ShopMaking


def test_nothing_names_a_forgotten_buyer_and_bindings_stay(shops: ShopMaking) -> None:
    journey = Journey(shops)
    click = journey.click("anna", "v1", -9)
    session.get_one(Click, click.id).user_agent = "Phone of Li"
    customer = journey.named(-8, visitor="v1", id="c1", email="li@example.org", phone="+48600700800")
    forget_customer(customer)
    session.commit()
    session.expire_all()
    assert session.scalars(select(CustomerKey)).all() == []
    assert session.get_one(Click, click.id).user_agent == ""
    assert journey.told(customer) == [("anna", -9, None)]
    assert journey.named(-1, email="li@example.org").id != customer.id
