"""Tables of links, clicks, customers and bindings."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of
from referrals.shops.models import BINDINGS, VALIDITIES

LINK_KINDS = ("link", "qr")
OUTCOMES = (
    "bound",
    "renewed",
    "protected",
    "already_bound",
    "link_expired",
    "salesperson_inactive",
    "programme_off",
)
CUSTOMER_KEYS = ("id", "email", "phone")
IN_FORCE = text("superseded_at IS NULL")


class Link(Base):
    """What a salesperson shares: `/r/<code>` leads to `target_url`. QR codes never expire.

    `validity` is that of the settings when it was shared; a link of short validity stops at `expires_at`, and a
    binding made by scanning a QR code of short validity ends 15 days after the scan.
    """

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint(one_of("kind", LINK_KINDS), name="kind"),
        CheckConstraint(one_of("validity", VALIDITIES), name="validity"),
        Index("ix_links_salesperson_id", "salesperson_id", "shared_at", "id"),
        Index("ix_links_shop_id", "shop_id", "shared_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(KeyText, unique=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    kind: Mapped[str]
    target: Mapped[str]
    target_url: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    validity: Mapped[str]
    shared_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    clicks: Mapped[int] = mapped_column(default=0)


class Click(Base):
    """A click on a link, and what came of it. Its id is the `ref` that travels through the shop."""

    __tablename__ = "clicks"
    __table_args__ = (
        CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
        Index("ix_clicks_visitor", "shop_id", "visitor", "occurred_at", "id"),
        Index("ix_clicks_shop_id", "shop_id", "occurred_at", "id"),
        Index("ix_clicks_salesperson_id", "salesperson_id", "occurred_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    link_id: Mapped[int] = mapped_column(ForeignKey("links.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    visitor: Mapped[str] = mapped_column(KeyText)
    outcome: Mapped[str]
    source: Mapped[str] = mapped_column(default="link")
    ip_hash: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")
    referrer: Mapped[str] = mapped_column(default="")


class Customer(Base):
    """A buyer of a shop, who has no account. Joined into another one, `merged_into_id` names that."""

    __tablename__ = "customers"
    __table_args__ = (Index("ix_customers_shop_id", "shop_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    created_at: Mapped[datetime]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    merged_at: Mapped[datetime | None]


class CustomerKey(Base):
    """By what a customer is known: the shop's own id, an e-mail, a phone, in their normal form. Can be erased."""

    __tablename__ = "customer_keys"
    __table_args__ = (CheckConstraint(one_of("kind", CUSTOMER_KEYS), name="kind"),)

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(KeyText, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    since: Mapped[datetime]


class Identification(Base):
    """A customer was seen behind a visitor cookie, which lends them its clicks of before that nobody had yet."""

    __tablename__ = "identifications"
    __table_args__ = (
        UniqueConstraint("shop_id", "visitor", "occurred_at", "customer_id"),
        Index("ix_identifications_customer_id", "customer_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    visitor: Mapped[str] = mapped_column(KeyText)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    source: Mapped[str]


class Binding(Base):
    """A customer belongs to a salesperson in `[from_at, until_at)`, by a click and the rule it was judged by.

    Rows are added, and closed once (`closed_at` says when that was known); `ends_at` is when one ends by itself. One
    that a join or a late click proved wrong is marked superseded, with the cause.
    """

    __tablename__ = "bindings"
    __table_args__ = (
        CheckConstraint(one_of("rule", BINDINGS), name="rule"),
        Index("ix_bindings_customer_id", "customer_id", "from_at", "id"),
        Index(
            "ix_bindings_salesperson_id", "salesperson_id", "from_at", sqlite_where=IN_FORCE, postgresql_where=IN_FORCE
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    click_id: Mapped[int] = mapped_column(ForeignKey("clicks.id"))
    rule: Mapped[str]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    superseded_at: Mapped[datetime | None]
    superseded_by: Mapped[str | None]
