"""Who collects the money of a payment method: an editable table over names that every shop system knows (`SPEC §7`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.shops.models import COLLECTORS, PaymentMethod, Shop
from referrals.wording import N_

# As Shopify, WooCommerce and Youzan call them, in their normal form.
BUILT_IN = (
    dict.fromkeys(
        ("cod", "cash on delivery", "cash on delivery (cod)", "cash_on_delivery", "cash-on-delivery", "货到付款"),
        "cash_on_delivery",
    )
    | dict.fromkeys(
        (
            "bacs",
            "bank deposit",
            "bank transfer",
            "bank-deposit",
            "bank_deposit",
            "bank_transfer",
            "cash",
            "cheque",
            "check payments",
            "direct bank transfer",
            "manual",
            "money order",
            "money-order",
            "money_order",
            "银行转账",
            "线下支付",
        ),
        "merchant",
    )
    | dict.fromkeys(
        (
            "alipay",
            "paypal",
            "ppcp-gateway",
            "shopify payments",
            "shopify_payments",
            "stripe",
            "wechat",
            "weixin",
            "woocommerce_payments",
            "支付宝",
            "微信支付",
        ),
        "platform",
    )
)
LONGEST_NAME = 200


class NotACollector(RuleBroken):
    """Nobody who collects money."""

    sentence = N_("Choose who collects the money.")


def method_key(name: str) -> str:
    """By which a payment method is known: letter case and space around its name make no difference."""
    return " ".join(name.casefold().split())[:LONGEST_NAME]


def collector_of(shop_id: int, name: str, *, at: datetime) -> str:
    """Who collects the money of a payment method: `platform`, `merchant` or `cash_on_delivery`.

    As the merchant says, else as the name is known to mean. An unknown one counts as `platform`, and is noted so that
    the merchant sees it and can say whose it is.
    """
    key = method_key(name)
    if not key:
        return "platform"
    known = session.execute(
        select(PaymentMethod.collected_by).where(PaymentMethod.shop_id == shop_id, PaymentMethod.name == key)
    ).one_or_none()
    if known is not None and known.collected_by is not None:
        return str(known.collected_by)
    if known is None and key not in BUILT_IN:
        note_unknown(shop_id, key, at=at)
    return BUILT_IN.get(key, "platform")


def note_unknown(shop_id: int, key: str, *, at: datetime) -> None:
    dialects: Any = {"postgresql": postgresql.insert}
    insert = dialects.get(session.get_bind().dialect.name, sqlite.insert)
    values = {"shop_id": shop_id, "name": key, "collected_by": None, "seen_at": at}
    session.execute(insert(PaymentMethod).values(values).on_conflict_do_nothing())


def methods_of(shop_id: int) -> Sequence[PaymentMethod]:
    """The payment methods that a merchant mapped or has to map; those to map first."""
    return session.scalars(
        select(PaymentMethod)
        .where(PaymentMethod.shop_id == shop_id)
        .order_by(PaymentMethod.collected_by.is_not(None), PaymentMethod.name)
    ).all()


def set_collector(shop: Shop, name: str, collected_by: str, *, by: Actor, at: datetime) -> PaymentMethod:
    """Say who collects the money of a payment method from now on; orders that are known stay. Raises NotACollector."""
    by.require("manage")
    if collected_by not in COLLECTORS:
        raise NotACollector(field="collected_by")
    key = method_key(name)
    if not key:
        raise NotACollector(field="name")
    method = session.get(PaymentMethod, (shop.id, key))
    if method is None:
        method = PaymentMethod(shop_id=shop.id, name=key, seen_at=at)
        session.add(method)
    method.collected_by = collected_by
    session.flush()
    audit.record("payment_method_set", by=by, at=at, subject=shop.slug, method=key, collected_by=collected_by)
    return method
