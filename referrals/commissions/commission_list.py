"""The commissions of a shop, and of a salesperson: pending, settled, by hand, void, with what explains each amount."""

from datetime import datetime

from sqlalchemy import ColumnElement, column, func, literal, select, table

from referrals.commissions.lifecycle import COMMISSION
from referrals.commissions.models import Commission
from referrals.commissions.queries import visible_to
from referrals.db import KeyText, UTCDateTime
from referrals.listing import Listing, Shape, Statement, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, Shop
from referrals.values import parse_id

# Orders stand above commissions: what a row says of its order is read by name.
ORDERS = table("orders", column("id"), column("placed_at", UTCDateTime()), column("customer_id"), column("goods_minor"))
NEVER = literal(datetime.fromisoformat("9999-12-31T00:00:00+00:00"), UTCDateTime())
IS_BY_HAND = (Commission.by_hand_due_minor != 0) | (Commission.status == "by_hand")
COLUMNS = (
    Commission.id,
    Commission.order_id,
    Commission.order_key,
    ORDERS.c.placed_at,
    ORDERS.c.goods_minor,
    Commission.salesperson_id,
    Person.nickname,
    Person.phone,
    Commission.status,
    Commission.reason,
    Commission.currency,
    Commission.amount_minor,
    Commission.base_minor,
    Commission.rate_bp,
    Commission.cashback_minor,
    Commission.counted_orders,
    Commission.clawed_back_minor,
    Commission.suggested_minor,
    Commission.by_hand_due_minor,
    Commission.collected_by,
    Commission.created_at,
    Commission.due_at,
    Commission.settled_at,
    Commission.run_id,
    Commission.held_at,
    Commission.held_reason,
    Commission.error,
    Shop.slug,
    Shop.name.label("shop_name"),
)


class CommissionList(Listing):
    """The commissions that the viewer may see, of one shop where one is named.

    Filters: `status` (a state, or `by_hand` for all that is to be settled by hand, settled ones with a difference
    among them), `state` (strictly), `reason`, `salesperson` (id), `order` (external id), `by_hand_due` (`true`).
    """

    shape = Shape(
        keys={
            "created": Commission.created_at,
            "due": func.coalesce(Commission.due_at, NEVER, type_=UTCDateTime()),
            "settled": func.coalesce(Commission.settled_at, NEVER, type_=UTCDateTime()),
            "order": Commission.order_key,
            "salesperson": Person.called_key,
            "amount": Commission.amount_minor,
            "reason": func.coalesce(Commission.reason, "", type_=KeyText),
        },
        default="-created",
        ident=Commission.id,
        searched=func.lower(Commission.order_key, type_=KeyText) + "\n" + Person.called_key,
    )

    def __init__(self, viewer: Actor, shop: Shop | None, wish: Wish) -> None:
        statement: Statement = (
            select(*COLUMNS)
            .join(Shop, Shop.id == Commission.shop_id)
            .join(ORDERS, ORDERS.c.id == Commission.order_id)
            .join(Salesperson, Salesperson.id == Commission.salesperson_id)
            .join(Person, Person.id == Salesperson.person_id)
            .where(visible_to(viewer))
        )
        if shop is not None:
            statement = statement.where(Commission.shop_id == shop.id)
        super().__init__(wish, statement.where(*conditions(wish)))


def conditions(wish: Wish) -> list[ColumnElement[bool]]:
    """What the filters of a wish ask of commissions."""
    found: list[ColumnElement[bool]] = []
    status = wish.get("status")
    if status == "by_hand":
        found.append(IS_BY_HAND)
    elif status in COMMISSION.states:
        found.append(Commission.status == status)
    if wish.get("state") in COMMISSION.states:
        found.append(Commission.status == wish.get("state"))
    if wish.get("by_hand_due") == "true":
        found.append(IS_BY_HAND)
    if wish.get("reason"):
        found.append(Commission.reason == wish.get("reason"))
    if wish.get("salesperson"):
        found.append(Commission.salesperson_id == (parse_id(wish.get("salesperson")) or 0))
    if wish.get("order"):
        found.append(Commission.order_key == wish.get("order"))
    return found
