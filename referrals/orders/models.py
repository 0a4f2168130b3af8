"""Tables of orders. Facts with money in them are only ever added; what follows from them is kept beside them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.orders.lifecycle import DELIVERY
from referrals.people.models import one_of
from referrals.shops.models import COLLECTORS, or_null

REASONS = (
    "test_order",
    "cash_on_delivery",
    "programme_off",
    "no_click",
    "binding_expired",
    "salesperson_inactive",
    "own_purchase",
)
VIA = ("coupon", "binding", "hand")
EVENTS = ("paid", "shipped", "completed", "cancelled", "refunded", "amended", "cashback")
SOURCES = ("api", "shopify", "woocommerce", "youzan", "csv")
WAITING = text("order_id IS NULL")


class Order(Base):
    """An order as it was placed, and what its events make of it.

    `paid_at` … `cancelled_at` are the earliest times known; `completed_at` is when it counts as completed (`SPEC
    §7`). `goods_minor` is what the lines in force sum to, `left_minor` the goods still sold (N of `SPEC §8`),
    `excess_minor` what was refunded beyond the order. `lines_as_of`: as of when a platform, which tells an order whole
    at each change, last told the lines in force; what it told earlier and comes later is out of date. Attribution:
    salesperson and how (`via`), or the reason why nobody.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        CheckConstraint(one_of("collected_by", COLLECTORS), name="collected_by"),
        CheckConstraint(or_null("reason", REASONS), name="reason"),
        CheckConstraint(or_null("via", VIA), name="via"),
        CheckConstraint("(salesperson_id IS NULL) = (reason IS NOT NULL)", name="attributed_or_not"),
        Index("ix_orders_placed_at", "shop_id", "placed_at", "id"),
        Index("ix_orders_salesperson_id", "salesperson_id", "placed_at", "id"),
        Index("ix_orders_customer_id", "customer_id", "placed_at"),
        Index("ix_orders_group_buy_id", "group_buy_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    external_id: Mapped[str] = mapped_column(KeyText)
    source: Mapped[str]
    placed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    currency: Mapped[str]
    payment_method: Mapped[str] = mapped_column(default="")
    collected_by: Mapped[str]
    test: Mapped[bool] = mapped_column(default=False)
    requires_shipping: Mapped[bool] = mapped_column(default=True)
    group_buy_id: Mapped[int | None] = mapped_column(ForeignKey("group_buys.id"))
    shipping_minor: Mapped[int] = mapped_column(default=0)
    tax_minor: Mapped[int] = mapped_column(default=0)
    visitor: Mapped[str | None] = mapped_column(KeyText)
    ref: Mapped[str | None]
    ref_problem: Mapped[str | None]
    coupon_codes: Mapped[list[Any]] = mapped_column(default=list)

    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    lines_as_of: Mapped[datetime | None]
    goods_minor: Mapped[int]
    left_minor: Mapped[int]
    refunded_minor: Mapped[int] = mapped_column(default=0)
    excess_minor: Mapped[int] = mapped_column(default=0)

    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("salespeople.id"))
    via: Mapped[str | None]
    click_id: Mapped[int | None] = mapped_column(ForeignKey("clicks.id"))
    binding_id: Mapped[int | None] = mapped_column(ForeignKey("bindings.id"))
    reason: Mapped[str | None]


class OrderContact(Base):
    """By what the buyer of an order was named; can be erased without touching the order."""

    __tablename__ = "order_contacts"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    customer_ref: Mapped[str | None] = mapped_column(KeyText)
    email: Mapped[str | None] = mapped_column(KeyText)
    phone: Mapped[str | None] = mapped_column(KeyText)


class OrderLine(Base):
    """What was bought: `amount_minor` is paid for the whole line after all discounts, without tax and shipping.

    Lines of an amendment name its event and replace all earlier ones.
    """

    __tablename__ = "order_lines"
    __table_args__ = (Index("ix_order_lines_order_id", "order_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))
    line_id: Mapped[str] = mapped_column(KeyText)
    sku: Mapped[str] = mapped_column(KeyText, default="")
    title: Mapped[str] = mapped_column(default="")
    quantity: Mapped[int] = mapped_column(default=1)
    amount_minor: Mapped[int]


class OrderEvent(Base):
    """Something that happened to an order, known or not yet. `event_id` is the platform's, unique in the order.

    `lines`: of a refund pairs of line id and minor amount (empty: of the order as a whole); of an amendment the new
    lines as they came, until the order is there to hold them. `summary_of`: a refund of which only the total is known,
    by the refund's id, which the refund itself replaces; empty: the total of all refunds, which adds what it exceeds
    those known one by one.
    """

    __tablename__ = "order_events"
    __table_args__ = (
        UniqueConstraint("shop_id", "order_external_id", "event_id"),
        CheckConstraint(one_of("type", EVENTS), name="type"),
        Index("ix_order_events_order_id", "order_id", "occurred_at", "id"),
        Index(
            "ix_order_events_waiting",
            "shop_id",
            "order_external_id",
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    order_external_id: Mapped[str] = mapped_column(KeyText)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    event_id: Mapped[str] = mapped_column(KeyText)
    type: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    amount_minor: Mapped[int | None]
    lines: Mapped[list[Any]] = mapped_column(default=list)
    summary_of: Mapped[str | None] = mapped_column(KeyText)
    source: Mapped[str]


class Attribution(Base):
    """Each answer to whose order this is: when it was received, and by hand later, with the reason for it."""

    __tablename__ = "attributions"
    __table_args__ = (Index("ix_attributions_order_id", "order_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    at: Mapped[datetime]
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("salespeople.id"))
    via: Mapped[str | None]
    click_id: Mapped[int | None] = mapped_column(ForeignKey("clicks.id"))
    binding_id: Mapped[int | None] = mapped_column(ForeignKey("bindings.id"))
    reason: Mapped[str | None]
    reason_code: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class Delivery(Base):
    """What a platform sent, as it came, and what became of it. Parked ones can be replayed."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("shop_id", "source", "delivery_id"),
        CheckConstraint(one_of("status", DELIVERY.states), name="status"),
        CheckConstraint(one_of("source", SOURCES), name="source"),
        Index("ix_deliveries_shop_id", "shop_id", "received_at", "id"),
        Index("ix_deliveries_shop_id_status", "shop_id", "status", "received_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    source: Mapped[str]
    delivery_id: Mapped[str] = mapped_column(KeyText)
    topic: Mapped[str]
    received_at: Mapped[datetime]
    body: Mapped[str]
    body_digest: Mapped[str]
    order_external_id: Mapped[str] = mapped_column(KeyText, default="")
    status: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    handled_at: Mapped[datetime | None]
