"""The orders of a shop: whose they are, how far they have come, what is left of them and what they earn."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select

from referrals.commissions.models import Commission
from referrals.db import KeyText
from referrals.listing import Listing, Shape, Statement, Wish
from referrals.orders.models import REASONS, Order
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import visible_to
from referrals.values import parse_id

STAGES = ("placed", "paid", "shipped", "completed", "refunded", "cancelled")
COLUMNS = (
    Order.id,
    Order.external_id,
    Order.placed_at,
    Order.currency,
    Order.goods_minor,
    Order.left_minor,
    Order.collected_by,
    Order.reason,
    Order.via,
    Order.salesperson_id,
    Person.nickname,
    Person.phone,
)


def stage_at(at: datetime) -> ColumnElement[str]:
    """How far an order has come at a moment, as `rules.stage_of` has it."""
    return case(
        (Order.cancelled_at.is_not(None), "cancelled"),
        ((Order.goods_minor > 0) & (Order.left_minor == 0), "refunded"),
        (Order.completed_at <= at, "completed"),
        (Order.shipped_at.is_not(None), "shipped"),
        (Order.paid_at.is_not(None), "paid"),
        else_="placed",
    )


class OrderList(Listing):
    """The orders of a shop that the viewer may see; of one salesperson where `salesperson` names them."""

    shape = Shape(
        keys={
            "placed": Order.placed_at,
            "order": Order.external_id,
            "goods": Order.goods_minor,
            "left": Order.left_minor,
            "salesperson": func.coalesce(Person.called_key, "", type_=KeyText),
        },
        default="-placed",
        ident=Order.id,
        searched=func.lower(Order.external_id) + "\n" + func.coalesce(Person.called_key, "", type_=KeyText),
    )

    def __init__(
        self,
        viewer: Actor,
        shop: Shop,
        wish: Wish,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        at: datetime,
    ) -> None:
        stage = stage_at(at)
        statement: Statement = (
            select(
                *COLUMNS,
                stage.label("stage"),
                Commission.id.label("commission_id"),
                Commission.status,
                Commission.amount_minor,
                Commission.clawed_back_minor,
            )
            .join(Shop, Shop.id == Order.shop_id)
            .outerjoin(Salesperson, Salesperson.id == Order.salesperson_id)
            .outerjoin(Person, Person.id == Salesperson.person_id)
            .outerjoin(
                Commission, (Commission.order_id == Order.id) & (Commission.salesperson_id == Order.salesperson_id)
            )
            .where(Order.shop_id == shop.id, visible_to(viewer))
        )
        super().__init__(wish, narrowed(statement, wish, stage, since, until))


def narrowed(
    statement: Statement, wish: Wish, stage: ColumnElement[str], since: datetime | None, until: datetime | None
) -> Statement:
    whose, salesperson = wish.get("whose"), wish.get("salesperson")
    if wish.get("stage") in STAGES:
        statement = statement.where(stage == wish.get("stage"))
    if whose == "promoted":
        statement = statement.where(Order.salesperson_id.is_not(None))
    elif whose in REASONS:
        statement = statement.where(Order.reason == whose)
    if salesperson:
        statement = statement.where(Order.salesperson_id == (parse_id(salesperson) or 0))
    if since is not None:
        statement = statement.where(Order.placed_at >= since)
    if until is not None:
        statement = statement.where(Order.placed_at < until)
    return statement
