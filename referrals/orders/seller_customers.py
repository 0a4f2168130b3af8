"""The customers of a salesperson: since when, until when, and what they ordered (`SPEC §5`)."""

from datetime import datetime

from sqlalchemy import BigInteger, ScalarSelect, cast, func, or_, select
from sqlalchemy.orm import aliased

from referrals.links.models import Binding, CustomerKey
from referrals.listing import Listing, Shape, Wish
from referrals.orders.models import Order
from referrals.people.rules import Actor

Later = aliased(Binding)
Earlier = aliased(Binding)
OF_THE_SAME = (Later.customer_id == Binding.customer_id, Later.salesperson_id == Binding.salesperson_id)
# A customer's latest binding to the salesperson stands for all of theirs.
IS_LATEST = ~(
    select(Later.id)
    .where(*OF_THE_SAME, Later.superseded_at.is_(None))
    .where((Later.from_at > Binding.from_at) | ((Later.from_at == Binding.from_at) & (Later.id > Binding.id)))
    .exists()
)
FIRST = (
    select(func.min(Earlier.from_at))
    .where(Earlier.customer_id == Binding.customer_id, Earlier.salesperson_id == Binding.salesperson_id)
    .where(Earlier.superseded_at.is_(None))
    .correlate(Binding)
    .scalar_subquery()
)
BOUGHT = (
    Order.customer_id == Binding.customer_id,
    Order.salesperson_id == Binding.salesperson_id,
    Order.cancelled_at.is_(None),
)
ORDERS = select(func.count(Order.id)).where(*BOUGHT).correlate(Binding).scalar_subquery()
# PostgreSQL makes numerics of sums; amounts are whole numbers.
SALES = cast(
    select(func.coalesce(func.sum(Order.left_minor), 0)).where(*BOUGHT).correlate(Binding).scalar_subquery(),
    BigInteger(),
)


def key_of(kind: str) -> ScalarSelect[str]:
    """By which e-mail, phone or number of the shop a customer is known."""
    return (
        select(func.min(CustomerKey.value))
        .where(CustomerKey.customer_id == Binding.customer_id, CustomerKey.kind == kind)
        .correlate(Binding)
        .scalar_subquery()
    )


class SellerCustomers(Listing):
    """The customers who are, or once were, bound to the salesperson who looks."""

    shape = Shape(
        keys={"since": Binding.from_at, "orders": ORDERS, "sales": SALES},
        default="-since",
        ident=Binding.id,
    )

    def __init__(self, viewer: Actor, wish: Wish, *, at: datetime) -> None:
        in_force = or_(Binding.until_at.is_(None), Binding.until_at > at)
        statement = select(
            Binding.from_at,
            Binding.until_at,
            FIRST.label("first_at"),
            key_of("phone").label("phone"),
            key_of("email").label("email"),
            key_of("id").label("shop_customer"),
            ORDERS.label("orders"),
            SALES.label("sales_minor"),
        ).where(
            Binding.salesperson_id == viewer.salesperson_id,
            Binding.shop_id == viewer.shop_id,
            Binding.superseded_at.is_(None),
            IS_LATEST,
        )
        if wish.get("state") == "mine":
            statement = statement.where(in_force)
        elif wish.get("state") == "gone":
            statement = statement.where(~in_force)
        super().__init__(wish, statement)
