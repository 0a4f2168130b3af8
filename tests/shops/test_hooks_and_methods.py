"""Secrets of webhooks, and who collects the money of a payment method; on both databases."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotAllowed, RuleBroken
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.shops.models import PaymentMethod, WebhookSecret
from referrals.shops.payment_methods import collector_of, methods_of, set_collector
from referrals.shops.webhook_secrets import (
    PURPOSE,
    NotASource,
    keep_webhook_secret,
    make_webhook_secret,
    secrets_of,
    webhook_secrets_of,
)
from tests.leads.test_ownership import at_once
from tests.shops_making import ShopMaking

BOX = SecretsBox("for-tests-alone", PURPOSE)


@pytest.fixture
def shops(shops_on_both: ShopMaking) -> ShopMaking:
    """Everything here runs on SQLite and on PostgreSQL."""
    return shops_on_both


@pytest.mark.parametrize(
    ("name", "collector"),
    [
        ("", "platform"),
        ("  ", "platform"),
        ("cod", "cash_on_delivery"),
        ("Cash on Delivery (COD)", "cash_on_delivery"),
        ("货到付款", "cash_on_delivery"),
        ("Bank  Deposit", "merchant"),
        ("bank-deposit", "merchant"),
        ("manual", "merchant"),
        ("bacs", "merchant"),
        ("shopify_payments", "platform"),
        ("wechat", "platform"),
        ("something new", "platform"),
    ],
)
def test_well_known_methods_need_no_mapping(shops: ShopMaking, name: str, collector: str) -> None:
    assert collector_of(shops.shop().id, name, at=shops.at) == collector


def test_an_unknown_method_is_noted_once_and_waits_for_its_mapping(shops: ShopMaking) -> None:
    shop, other = shops.shop(), shops.shop()
    for name in ("Klarna", "KLARNA ", "cod", ""):
        collector_of(shop.id, name, at=shops.at)
    assert [(one.name, one.collected_by) for one in methods_of(shop.id)] == [("klarna", None)]
    assert list(methods_of(other.id)) == []
    set_collector(shop, " Klarna", "merchant", by=SYSTEM, at=shops.at)
    set_collector(shop, "cod", "platform", by=SYSTEM, at=shops.at)
    assert collector_of(shop.id, "klarna", at=shops.at) == "merchant"
    assert collector_of(shop.id, "COD", at=shops.at) == "platform", "the merchant knows better"
    assert collector_of(other.id, "cod", at=shops.at) == "cash_on_delivery"
    collector_of(shop.id, "a", at=shops.at)
    assert [one.name for one in methods_of(shop.id)] == ["a", "cod", "klarna"], "those to map come first"


def test_many_orders_at_once_note_a_method_once(app_on_both: Flask, shops: ShopMaking) -> None:
    shop_id = shops.shop().id
    results = at_once(app_on_both, [lambda: collector_of(shop_id, "klarna", at=shops.at)] * 12)
    assert results == ["stored"] * 12
    assert session.scalar(select(func.count()).select_from(PaymentMethod)) == 1


def test_only_who_manages_says_who_collects_and_only_what_there_is(shops: ShopMaking) -> None:
    shop = shops.shop()
    with pytest.raises(RuleBroken):
        set_collector(shop, "klarna", "nobody", by=SYSTEM, at=shops.at)
    with pytest.raises(RuleBroken):
        set_collector(shop, " ", "merchant", by=SYSTEM, at=shops.at)
    with pytest.raises(NotAllowed):
        set_collector(shop, "klarna", "merchant", by=shops.seller(shops.salesperson(shop)), at=shops.at)


def test_a_replaced_secret_stays_good_for_a_day(shops: ShopMaking) -> None:
    shop, other, at = shops.shop(), shops.shop(), shops.at
    assert secrets_of(shop.id, "shopify", BOX, at=at) == []
    first = make_webhook_secret(shop, "shopify", BOX, by=SYSTEM, at=at)
    assert secrets_of(shop.id, "shopify", BOX, at=at + timedelta(days=999)) == [first]
    second = keep_webhook_secret(shop, "shopify", "given by the platform", BOX, by=SYSTEM, at=at)
    soon = at + timedelta(hours=1)
    third = make_webhook_secret(shop, "shopify", BOX, by=SYSTEM, at=soon)
    day = timedelta(days=1)
    assert secrets_of(shop.id, "shopify", BOX, at=at + day - timedelta(microseconds=1)) == [third, second, first]
    assert secrets_of(shop.id, "shopify", BOX, at=at + day) == [third, second]
    assert secrets_of(shop.id, "shopify", BOX, at=soon + day) == [third]
    assert secrets_of(shop.id, "woocommerce", BOX, at=at) == []
    assert secrets_of(other.id, "shopify", BOX, at=at) == []
    assert len(webhook_secrets_of(shop.id)) == 3


def test_secrets_are_stored_locked(shops: ShopMaking) -> None:
    secret = make_webhook_secret(shops.shop(), "youzan", BOX, by=SYSTEM, at=shops.at)
    stored = session.scalars(select(WebhookSecret)).one()
    assert secret not in stored.secret_locked
    assert secrets_of(stored.shop_id, "youzan", SecretsBox("another key", PURPOSE), at=shops.at) == []


def test_secrets_are_of_known_sources_and_for_managers(shops: ShopMaking) -> None:
    shop = shops.shop()
    with pytest.raises(NotASource):
        make_webhook_secret(shop, "magento", BOX, by=SYSTEM, at=shops.at)
    with pytest.raises(NotAllowed):
        make_webhook_secret(shop, "shopify", BOX, by=shops.merchant(shop, frozenset({"finance"})), at=shops.at)
