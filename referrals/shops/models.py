"""Tables of shops. What a setting was at a moment follows from rows that are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import Person, one_of
from referrals.shops.lifecycle import SALESPERSON

APPLICATIONS = ("automatic", "reviewed")
VALIDITIES = ("short", "permanent")
BINDINGS = ("last_click", "protected", "first_click")
REFUND_RULES = ("keep", "claw_back")
COLLECTORS = ("platform", "merchant", "cash_on_delivery")
RATED = ("product", "salesperson", "group")
HOOK_SOURCES = ("shopify", "woocommerce", "youzan")


def or_null(column: str, values: tuple[str, ...]) -> str:
    """The text of a CHECK that a column holds one of these values or nothing."""
    return f"{column} IS NULL OR {one_of(column, values)}"


class Shop(Base):
    """A merchant's shop. `settle_wanted_at`: a top-up asks for a run at once."""

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(KeyText, unique=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(KeyText)
    currency: Mapped[str]
    time_zone: Mapped[str] = mapped_column(default="UTC")
    created_at: Mapped[datetime]
    settle_wanted_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)


class ShopHost(Base):
    """A host whose pages links may lead to; it belongs to one shop. The first one is the shop's own address."""

    __tablename__ = "shop_hosts"

    host: Mapped[str] = mapped_column(KeyText, primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)


class SettingsVersion(Base):
    """What a merchant changed at a moment: the columns that are set hold from `effective_at` on."""

    __tablename__ = "settings_versions"
    __table_args__ = (
        Index("ix_settings_versions_shop_id", "shop_id", "effective_at", "id"),
        CheckConstraint(or_null("applications", APPLICATIONS), name="applications"),
        CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 9000", name="rate_bp"),
        CheckConstraint(or_null("validity", VALIDITIES), name="validity"),
        CheckConstraint(or_null("binding", BINDINGS), name="binding"),
        CheckConstraint("protect_days IS NULL OR protect_days BETWEEN 1 AND 3650", name="protect_days"),
        CheckConstraint("completion_days IS NULL OR completion_days BETWEEN 0 AND 365", name="completion_days"),
        CheckConstraint(or_null("refunds_after_settlement", REFUND_RULES), name="refunds_after_settlement"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    effective_at: Mapped[datetime]
    created_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    programme: Mapped[bool | None]
    applications: Mapped[str | None]
    rate_bp: Mapped[int | None]
    validity: Mapped[str | None]
    binding: Mapped[str | None]
    protect_days: Mapped[int | None]
    auto_settle: Mapped[bool | None]
    completion_days: Mapped[int | None]
    own_purchases_earn: Mapped[bool | None]
    refunds_after_settlement: Mapped[str | None]
    minimum_withdrawal_minor: Mapped[int | None]
    leaderboard: Mapped[bool | None]
    recruitment_text: Mapped[str | None]
    commission_note: Mapped[str | None]


class RateOverride(Base):
    """A rate of its own for a product, a salesperson or a group, from a moment on; without one it ends."""

    __tablename__ = "rate_overrides"
    __table_args__ = (
        Index("ix_rate_overrides_target", "shop_id", "kind", "target_id", "effective_at", "id"),
        CheckConstraint(one_of("kind", RATED), name="kind"),
        CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 9000", name="rate_bp"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    kind: Mapped[str]
    target_id: Mapped[int]
    rate_bp: Mapped[int | None]
    effective_at: Mapped[datetime]
    created_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class ShopProduct(Base):
    """Something the shop sells, by its SKU."""

    __tablename__ = "shop_products"
    __table_args__ = (UniqueConstraint("shop_id", "sku"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    sku: Mapped[str] = mapped_column(KeyText)
    title: Mapped[str]
    title_key: Mapped[str] = mapped_column(KeyText, default="")
    url: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]


class ShopArticle(Base):
    """A page of the shop that salespeople share, which sells nothing by itself."""

    __tablename__ = "shop_articles"
    __table_args__ = (UniqueConstraint("shop_id", "external_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    external_id: Mapped[str] = mapped_column(KeyText)
    title: Mapped[str]
    url: Mapped[str]
    created_at: Mapped[datetime]


class GroupBuy(Base):
    """A campaign with cashback by tiers: `tiers` are pairs of orders and cashback per order in minor units."""

    __tablename__ = "group_buys"
    __table_args__ = (UniqueConstraint("shop_id", "external_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    external_id: Mapped[str] = mapped_column(KeyText)
    title: Mapped[str]
    title_key: Mapped[str] = mapped_column(KeyText, default="")
    tiers: Mapped[list[Any]]
    created_at: Mapped[datetime]


class SalespersonGroup(Base):
    """Salespeople who share a rate."""

    __tablename__ = "salesperson_groups"
    __table_args__ = (UniqueConstraint("shop_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    name: Mapped[str] = mapped_column(KeyText)
    created_at: Mapped[datetime]


class Salesperson(Base):
    """Somebody who promotes one shop. `code` is that of their link to the shop; `coupon_key` finds `coupon_code`.

    `email` is what the shop knows; the person's own e-mail and phone stand with the person.
    """

    __tablename__ = "salespeople"
    __table_args__ = (
        UniqueConstraint("shop_id", "person_id"),
        UniqueConstraint("shop_id", "coupon_key"),
        CheckConstraint(one_of("status", SALESPERSON.states), name="status"),
        Index("ix_salespeople_shop_id_status", "shop_id", "status"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    code: Mapped[str] = mapped_column(KeyText, unique=True)
    status: Mapped[str]
    coupon_code: Mapped[str | None]
    coupon_key: Mapped[str | None] = mapped_column(KeyText)
    email: Mapped[str] = mapped_column(default="")
    badge_digest: Mapped[str | None] = mapped_column(KeyText, unique=True)
    joined_at: Mapped[datetime]
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")


class SalespersonChange(Base):
    """The history of a salesperson: their state from `at` on, and the group they then belong to."""

    __tablename__ = "salesperson_changes"
    __table_args__ = (Index("ix_salesperson_changes_salesperson_id", "salesperson_id", "at", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    salesperson_id: Mapped[int] = mapped_column(ForeignKey("salespeople.id"))
    at: Mapped[datetime]
    created_at: Mapped[datetime]
    status: Mapped[str | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("salesperson_groups.id"))
    changes_group: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(default="")
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class PaymentMethod(Base):
    """Who collects the money of a gateway, by its name; None while nobody has said so (it counts as `platform`)."""

    __tablename__ = "payment_methods"
    __table_args__ = (CheckConstraint(or_null("collected_by", COLLECTORS), name="collected_by"),)

    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    name: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collected_by: Mapped[str | None]
    seen_at: Mapped[datetime]


class WebhookSecret(Base):
    """What a platform signs its webhooks with, locked; a replaced one stays good for a day."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        CheckConstraint(one_of("source", HOOK_SOURCES), name="source"),
        Index("ix_webhook_secrets_shop_id", "shop_id", "source"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    source: Mapped[str]
    secret_locked: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]


class Material(Base):
    """Something salespeople promote with: a text, a picture, a page to share."""

    __tablename__ = "materials"

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), index=True)
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    picture_url: Mapped[str] = mapped_column(default="")
    target: Mapped[str] = mapped_column(default="shop")
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Question(Base):
    """A question of salespeople and the shop's answer."""

    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), index=True)
    question: Mapped[str]
    answer: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
