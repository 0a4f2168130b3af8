"""What a salesperson sees of their selling: today's figures, orders with what they earn, their place (`SPEC §5`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import aliased

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.links.models import Binding, Click
from referrals.listing import Listing, Shape, Wish
from referrals.normal_form import normal_form
from referrals.orders.models import Order, OrderContact, OrderLine
from referrals.people.rules import Actor


@dataclass(frozen=True)
class Selling:
    """What one salesperson reached: orders and what is left of them in a stretch of time, clicks, customers."""

    orders: int
    sales_minor: int
    clicks: int
    customers: int
    new_customers: int


@dataclass(frozen=True)
class Waiting:
    """Commissions that are not settled yet: how many, and what they come to on today's facts."""

    number: int
    minor: int


def own(viewer: Actor) -> ColumnElement[bool]:
    """The orders that belong to the salesperson who looks, and nobody else's."""
    return (Order.salesperson_id == viewer.salesperson_id) & (Order.shop_id == viewer.shop_id)


def selling(viewer: Actor, since: datetime, until: datetime) -> Selling:
    """What the salesperson reached in `[since, until)`; customers are those bound to them at its end."""
    orders, sales = session.execute(
        select(func.count(Order.id), func.coalesce(func.sum(Order.left_minor), 0)).where(
            own(viewer), Order.cancelled_at.is_(None), Order.placed_at >= since, Order.placed_at < until
        )
    ).one()
    clicks = session.scalar(
        select(func.count(Click.id)).where(
            Click.salesperson_id == viewer.salesperson_id, Click.occurred_at >= since, Click.occurred_at < until
        )
    )
    return Selling(
        orders=orders,
        sales_minor=int(sales),
        clicks=clicks or 0,
        customers=count_customers(viewer, until),
        new_customers=count_new_customers(viewer, since, until),
    )


def mine(viewer: Actor) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Binding.salesperson_id == viewer.salesperson_id, Binding.superseded_at.is_(None)


def count_customers(viewer: Actor, at: datetime) -> int:
    """How many customers are bound to the salesperson at a moment."""
    in_force = (Binding.from_at <= at) & or_(Binding.until_at.is_(None), Binding.until_at > at)
    found = session.scalar(select(func.count(func.distinct(Binding.customer_id))).where(*mine(viewer), in_force))
    return found or 0


def count_new_customers(viewer: Actor, since: datetime, until: datetime) -> int:
    """How many customers were first bound to the salesperson in `[since, until)`."""
    earlier = aliased(Binding)
    known = (
        select(earlier.id)
        .where(
            earlier.customer_id == Binding.customer_id,
            earlier.salesperson_id == Binding.salesperson_id,
            earlier.superseded_at.is_(None),
            earlier.from_at < since,
        )
        .exists()
    )
    found = session.scalar(
        select(func.count(func.distinct(Binding.customer_id))).where(
            *mine(viewer), Binding.from_at >= since, Binding.from_at < until, ~known
        )
    )
    return found or 0


def waiting(viewer: Actor) -> Waiting:
    """The salesperson's pending commissions."""
    number, minor = session.execute(
        select(func.count(Commission.id), func.coalesce(func.sum(Commission.amount_minor), 0)).where(
            Commission.salesperson_id == viewer.salesperson_id, Commission.status == "pending"
        )
    ).one()
    return Waiting(number, int(minor))


def sold_since(viewer: Actor, since: datetime) -> int:
    """What the salesperson promoted since a moment, for their place on the leaderboard."""
    found = session.scalar(
        select(func.sum(Order.left_minor)).where(own(viewer), Order.cancelled_at.is_(None), Order.placed_at >= since)
    )
    return int(found or 0)


NEWEST_LINES = (
    select(OrderLine.title)
    .where(OrderLine.order_id == Order.id)
    .order_by(func.coalesce(OrderLine.event_id, 0).desc(), OrderLine.id)
    .limit(1)
    .scalar_subquery()
)
# What is left after refunds; of cancelled orders nothing.
SALES = case((Order.cancelled_at.is_not(None), 0), else_=Order.left_minor)
EARNED = case(
    (Commission.status == "void", 0),
    else_=func.coalesce(Commission.amount_minor - Commission.clawed_back_minor, 0),
)


class SellerOrders(Listing):
    """The orders that are attributed to the salesperson who looks, each with its commission."""

    shape = Shape(
        keys={
            "placed_at": Order.placed_at,
            "order": Order.external_id,
            "sales": SALES,
            "commission": EARNED,
        },
        default="-placed_at",
        ident=Order.id,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        statement = (
            select(
                Order.external_id,
                Order.placed_at,
                Order.currency,
                Order.goods_minor,
                SALES.label("sales_minor"),
                Order.refunded_minor,
                Order.cancelled_at,
                NEWEST_LINES.label("title"),
                OrderContact.phone,
                OrderContact.email,
                Commission.id.label("commission_id"),
                Commission.status,
                Commission.reason,
                Commission.due_at,
                Commission.settled_at,
                Commission.cashback_minor,
                EARNED.label("earned_minor"),
            )
            .outerjoin(
                Commission, (Commission.order_id == Order.id) & (Commission.salesperson_id == Order.salesperson_id)
            )
            .outerjoin(OrderContact, OrderContact.order_id == Order.id)
            .where(own(viewer))
        )
        if wish.get("status"):
            statement = statement.where(Commission.status == wish.get("status"))
        term = normal_form(wish.q.strip())
        if term:
            titled = select(OrderLine.id).where(
                OrderLine.order_id == Order.id, func.lower(OrderLine.title).contains(term, autoescape=True)
            )
            number = func.lower(Order.external_id).contains(term, autoescape=True)
            statement = statement.where(number | titled.exists())
        super().__init__(wish, statement)


def latest_orders(viewer: Actor, limit: int = 5) -> list[object]:
    """The orders that came last."""
    return list(SellerOrders(viewer, Wish()).slice().rows[:limit])
