"""What platforms send, with their own signatures, through the door that they use."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from referrals.clock import now
from referrals.commissions.models import Commission
from referrals.commissions.queries import commission_of
from referrals.config import ROOT
from referrals.db import session
from referrals.orders.inbox import replay
from referrals.orders.models import Delivery, Order, OrderEvent
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.shops.models import Shop
from referrals.shops.webhook_secrets import PURPOSE, make_webhook_secret
from tests.making import Making
from tests.orders import payloads
from tests.orders.conftest import OrderMaking
from tests.web.browsing import Browser

SAMPLES = ROOT.parent / "shared" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
Send = Callable[..., Any]


@pytest.fixture
def dollars(make: Making) -> OrderMaking:
    """A shop in dollars."""
    return OrderMaking(make, currency="USD", completion_days=7)


def secret_of(shop: OrderMaking, source: str, *, at: datetime | None = None) -> str:
    box = SecretsBox(shop.app.extensions["referrals"].config.secret_key, PURPOSE)
    made = make_webhook_secret(session.merge(shop.shop_of_all), source, box, by=SYSTEM, at=at or shop.at)
    session.commit()
    return made


def hmac_of(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def sender(shop: OrderMaking, source: str) -> Send:
    """Sends deliveries of a platform, signed; each has an id of its own unless one is given."""
    secret, browser = secret_of(shop, source), Browser(shop.make)
    numbers = iter(range(1, 10**6))

    def send(topic: str, told: Any, *, delivery: str = "", slug: str = "tea", key: str = secret, **more: str) -> Any:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        name = delivery or f"delivery {next(numbers)}"
        headers = {
            "shopify": {
                "X-Shopify-Topic": topic,
                "X-Shopify-Hmac-Sha256": hmac_of(key, body),
                "X-Shopify-Webhook-Id": name,
            },
            "woocommerce": {
                "X-WC-Webhook-Topic": topic,
                "X-WC-Webhook-Signature": hmac_of(key, body),
                "X-WC-Webhook-Delivery-ID": name,
            },
            "youzan": {
                "Event-Type": topic,
                "Client-Id": "the client",
                "Event-Sign": md5(b"the client" + body + key.encode(), usedforsecurity=False).hexdigest(),
            },
        }[source]
        sent = headers | more
        return browser.call(
            "POST", f"/webhooks/{source}/{slug}", data=body, headers=sent, content_type="application/json"
        )

    return send


def last_delivery() -> Delivery:
    session.expire_all()
    found = session.scalar(select(Delivery).order_by(Delivery.id.desc()).limit(1))
    assert found is not None
    return found


def count(table: Any) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def commission(external_id: str, shop: OrderMaking) -> Commission:
    found = commission_of(shop.order(external_id).id)
    assert found is not None
    return found


def test_a_shopify_order_is_attributed_paid_shipped_and_refunded(dollars: OrderMaking) -> None:
    ref = dollars.click(dollars.anna, email="")
    send = sender(dollars, "shopify")
    order = payloads.shopify_order(ref=ref)
    assert send("orders/create", order).status_code == 200
    assert last_delivery().status == "applied"
    assert commission("5001", dollars).amount_minor == 1750
    send("orders/paid", order | {"financial_status": "paid", "updated_at": "2026-10-02T12:00:00Z"})
    shipped = {
        "fulfillment_status": "fulfilled",
        "fulfillments": [{"status": "success", "created_at": "2026-10-03T08:00:00Z"}],
    }
    send("orders/fulfilled", order | shipped | {"financial_status": "paid", "updated_at": "2026-10-03T08:01:00Z"})
    stored = dollars.order("5001")
    assert stored.completed_at is not None
    assert stored.completed_at.isoformat() == "2026-10-10T08:00:00+00:00"
    send("refunds/create", payloads.shopify_refund())
    assert dollars.order("5001").refunded_minor == 7500
    assert commission("5001", dollars).amount_minor == 1000
    assert {one.status for one in session.scalars(select(Delivery))} == {"applied"}


def test_the_refund_within_an_order_and_by_itself_is_one(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    refund = payloads.shopify_refund()
    send("refunds/create", refund)
    send("orders/updated", payloads.shopify_order() | {"refunds": [refund], "updated_at": "2026-10-05T08:00:00Z"})
    assert last_delivery().status == "applied"
    assert (dollars.order("5001").refunded_minor, count(OrderEvent)) == (7500, 1)


def test_lines_that_change_are_an_amendment_and_older_news_come_too_late(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    first = payloads.shopify_order()
    more = payloads.shopify_line("13", "5.00")
    second = first | {"line_items": [*first["line_items"], more], "updated_at": "2026-10-02T09:00:00Z"}
    send("orders/updated", second)
    send("orders/create", first)
    assert dollars.order("5001").goods_minor == 18000
    third = second | {"line_items": [more], "updated_at": "2026-10-04T09:00:00Z"}
    send("orders/edited", third)
    send("orders/updated", second | {"note": "told again"})
    assert dollars.order("5001").goods_minor == 500


def test_other_differences_of_a_repeated_order_are_let_be(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    send("orders/create", payloads.shopify_order())
    send("orders/updated", payloads.shopify_order() | {"note": "Ring twice", "email": "new@example.org"})
    assert (last_delivery().status, count(Order)) == ("applied", 1)


def test_a_contradiction_is_parked_with_the_difference_and_changes_nothing(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    send("orders/create", payloads.shopify_order())
    other = payloads.shopify_order() | {"created_at": "2026-10-01T11:00:00Z", "cancelled_at": "2026-10-02T10:00:00Z"}
    answer = send("orders/updated", other)
    parked = last_delivery()
    assert (answer.status_code, parked.status, parked.reason) == (200, "parked", "contradiction")
    assert parked.details["field"] == "placed_at"
    assert parked.details["values"]["ours"] == "2026-10-01T10:00:00+00:00"
    assert parked.details["values"]["theirs"] == "2026-10-01T11:00:00+00:00"
    assert dollars.order("5001").cancelled_at is None


def test_another_currency_is_parked_and_can_be_replayed(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    send("orders/create", payloads.shopify_order() | {"currency": "EUR"})
    parked = last_delivery()
    assert (parked.status, parked.reason, parked.attempts) == ("parked", "wrong_currency", 1)
    for attempts in (2, 3):
        replay(parked, by=SYSTEM, at=dollars.at)
        assert (parked.status, parked.attempts) == ("parked", attempts)
    session.get_one(Shop, dollars.shop_of_all.id).currency = "EUR"
    replay(parked, by=SYSTEM, at=dollars.at)
    session.commit()
    assert (parked.status, parked.reason, count(Order)) == ("applied", "", 1)


def test_the_same_delivery_again_is_known(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    for _ in range(3):
        assert send("orders/create", payloads.shopify_order(), delivery="one").status_code == 200
    assert (count(Delivery), count(Order)) == (1, 1)


def test_two_orders_that_woocommerce_sends_by_one_id_within_a_second_are_both_taken_in(dollars: OrderMaking) -> None:
    send = sender(dollars, "woocommerce")
    for _ in range(2):
        for number in (801, 802):
            told = payloads.woo_order() | {"id": number}
            assert send("order.created", told, delivery="one").get_json()["status"] == "applied"
    assert (count(Delivery), count(Order)) == (2, 2)


def test_the_same_delivery_with_another_body_contradicts_and_is_parked(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    send("orders/create", payloads.shopify_order(), delivery="one")
    other = payloads.shopify_order() | {"currency": "EUR"}
    assert send("orders/create", other, delivery="one").get_json()["status"] == "parked"
    assert (count(Delivery), count(Order)) == (2, 1)


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "youzan"])
def test_a_bad_signature_stores_nothing_and_answers_like_an_unknown_shop(dollars: OrderMaking, source: str) -> None:
    send = sender(dollars, source)
    bad = send("orders/create", {"id": 1}, key="wrong")
    unknown = send("orders/create", {"id": 1}, slug="nobody")
    assert (bad.status_code, unknown.status_code) == (401, 401)
    assert bad.get_data() == unknown.get_data()
    assert count(Delivery) == 0


def test_a_replaced_secret_is_good_for_a_day_beside_the_new_one(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    replaced_long_ago = secret_of(dollars, "shopify")
    replaced_just_now = secret_of(dollars, "shopify", at=now() - timedelta(days=1, minutes=1))
    secrets = [replaced_long_ago, replaced_just_now, secret_of(dollars, "shopify", at=now() - timedelta(minutes=1))]
    answers = [send("orders/create", payloads.shopify_order(), key=one).status_code for one in secrets]
    assert answers == [401, 200, 200]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"id": 1}\0',
        b'{"id": NaN}',
        b'{"id": 1, "id": 2}',
        b'{"id": 1e400}',
        b'{"id": 1e99999999999999999999}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
        b'{"id": {}, "created_at": 5, "currency": [], "line_items": 7}',
        json.dumps(payloads.shopify_order() | {"id": "x" * 256}).encode(),
        json.dumps(payloads.shopify_order() | {"id": "a\0b"}).encode(),
        json.dumps(payloads.shopify_order() | {"id": True}).encode(),
        json.dumps(payloads.shopify_order() | {"created_at": "yesterday"}).encode(),
        json.dumps(payloads.shopify_order() | {"created_at": "9999-12-31T23:59:59-12:00"}).encode(),
        json.dumps(payloads.shopify_order() | {"line_items": None}).encode(),
        json.dumps(payloads.shopify_order() | {"line_items": [1]}).encode(),
        json.dumps(payloads.shopify_order() | {"line_items": [payloads.shopify_line("1", "1e99")]}).encode(),
        json.dumps(payloads.shopify_order() | {"line_items": [payloads.shopify_line("1", "9" * 30)]}).encode(),
        json.dumps(payloads.shopify_order() | {"line_items": [payloads.shopify_line("1", "1.005")]}).encode(),
        json.dumps(payloads.shopify_order() | {"refunds": {"id": 1}}).encode(),
        json.dumps(payloads.shopify_order() | {"billing_address": "here"}).encode(),
    ],
)
def test_what_cannot_be_understood_is_parked_with_its_body(dollars: OrderMaking, body: bytes) -> None:
    answer = sender(dollars, "shopify")("orders/create", body)
    assert answer.status_code == 200
    parked = last_delivery()
    assert (parked.status, parked.body != "" or body == b"", count(Order)) == ("parked", True, 0)
    assert parked.details["sentence"]
    assert parked.body_digest == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize("properties", [{}, [], {"name": "property 1", "value": 3}, None, "odd"])
def test_odd_properties_of_lines_do_not_matter(dollars: OrderMaking, properties: Any) -> None:
    line = payloads.shopify_line("11", "10.00") | {"properties": properties}
    sender(dollars, "shopify")("orders/create", payloads.shopify_order() | {"line_items": [line]})
    assert last_delivery().status == "applied"


def test_topics_that_are_not_ours_are_ignored_with_a_reason(dollars: OrderMaking) -> None:
    sender(dollars, "shopify")("products/update", {"id": 1})
    assert (last_delivery().status, last_delivery().reason) == ("ignored", "other_topic")


@needs_samples
def test_the_test_notification_of_shopify_earns_nothing(dollars: OrderMaking) -> None:
    dollars.click(dollars.anna, email="jon@example.com")
    told = json.loads((SAMPLES / "shopify/orders_cancelled_test_notification.json").read_text())
    sender(dollars, "shopify")("orders/cancelled", told)
    order = dollars.order("820982911946154508")
    assert (order.test, order.reason, order.goods_minor) == (True, "test_order", 39800)
    assert count(Commission) == 0


@needs_samples
def test_the_samples_of_shopify_go_in(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    order = json.loads((SAMPLES / "shopify/order.json").read_text())["order"]
    assert send("orders/create", order).status_code == 200
    send("refunds/create", json.loads((SAMPLES / "shopify/refund.json").read_text())["refund"])
    stored = dollars.order("450789469")
    assert (stored.goods_minor, stored.refunded_minor, stored.left_minor) == (59700, 39800, 19900)
    later = json.loads((SAMPLES / "shopify/orders.json").read_text())["orders"][0]
    send("orders/updated", later)
    send("orders/create", json.loads((SAMPLES / "shopify/order_with_transaction.json").read_text())["order"])
    assert dollars.order("123456").reason == "test_order"
    assert {one.status for one in session.scalars(select(Delivery))} <= {"applied", "parked"}


@needs_samples
def test_the_samples_of_woocommerce_go_in(dollars: OrderMaking) -> None:
    send = sender(dollars, "woocommerce")
    _, second = json.loads((SAMPLES / "woocommerce/order_3.json").read_text())
    first = json.loads((SAMPLES / "woocommerce/order_1.json").read_text())
    for refund in json.loads((SAMPLES / "woocommerce/refund_3.json").read_text()):
        send("order.refunded", refund)
    send("order.created", first)
    send("order.updated", second)
    paid, refunded = dollars.order("727"), dollars.order("723")
    assert (paid.goods_minor, paid.collected_by, paid.shipping_minor) == (1800, "merchant", 1000)
    assert paid.paid_at is not None
    assert paid.paid_at.isoformat() == "2017-03-22T19:28:08+00:00"
    assert (refunded.goods_minor, refunded.refunded_minor, refunded.left_minor) == (2900, 1900, 1000)
    assert refunded.completed_at is None
    assert refunded.finished_at is not None
    assert {one.status for one in session.scalars(select(Delivery))} == {"applied"}


def test_refunds_that_woocommerce_tells_within_the_order_are_those_it_tells_by_themselves(dollars: OrderMaking) -> None:
    send = sender(dollars, "woocommerce")
    order = payloads.woo_order() | {"refunds": [{"id": 91, "reason": "", "total": "-12.00"}]}
    send("order.updated", order)
    assert dollars.order("801").refunded_minor == 1200
    send("order.refunded", payloads.woo_refund())
    assert (dollars.order("801").refunded_minor, dollars.order("801").left_minor) == (1000, 2000)
    send("order.updated", order | {"date_modified_gmt": "2026-10-09T10:00:00"})
    assert dollars.order("801").refunded_minor == 1000


def test_the_ping_of_woocommerce_is_answered_unsigned_and_stores_nothing(dollars: OrderMaking) -> None:
    browser = Browser(dollars.make)
    for slug in ("tea", "nobody"):
        answer = browser.call("POST", f"/webhooks/woocommerce/{slug}", data={"webhook_id": "143"})
        assert answer.status_code == 200
    assert count(Delivery) == 0


def test_drafts_of_woocommerce_are_ignored(dollars: OrderMaking) -> None:
    sender(dollars, "woocommerce")("order.created", payloads.woo_order() | {"status": "checkout-draft"})
    assert (last_delivery().status, last_delivery().reason) == ("ignored", "draft")


def test_a_trade_of_youzan_from_creation_to_refund(shop: OrderMaking) -> None:
    send = sender(shop, "youzan")
    answer = send("trade_TradeCreate", payloads.youzan("trade_TradeCreate", payloads.youzan_order()))
    assert (answer.status_code, "success" in answer.get_data(as_text=True)) == (200, True)
    tid = "E20261001100000000000001"
    order = shop.order(tid)
    assert (order.goods_minor, order.shipping_minor, order.paid_at, order.collected_by) == (
        8800,
        1000,
        None,
        "platform",
    )
    send("trade_TradePaid", payloads.youzan("trade_TradePaid", payloads.youzan_order(pay_time="2026-10-01 18:05:00")))
    send(
        "trade_TradeSellerShip",
        payloads.youzan("trade_TradeSellerShip", {"tid": tid, "update_time": "2026-10-02 09:00:00"}),
    )
    send(
        "trade_TradeSuccess", payloads.youzan("trade_TradeSuccess", {"tid": tid, "update_time": "2026-10-05 09:00:00"})
    )
    order = shop.order(tid)
    assert order.paid_at is not None
    assert order.paid_at.isoformat() == "2026-10-01T10:05:00+00:00"
    assert order.completed_at is not None
    assert order.completed_at.isoformat() == "2026-10-05T01:00:00+00:00"
    refund = {
        "tid": tid,
        "oid": "9001",
        "refund_id": "R1",
        "refunded_fee": "8.00",
        "update_time": "2026-10-06 09:00:00",
    }
    send("trade_refund_RefundSellerAgree", payloads.youzan("trade_refund_RefundSellerAgree", refund))
    send(
        "youzan_trade_RefundSuccess",
        payloads.youzan("youzan_trade_RefundSuccess", refund | {"update_time": "2026-10-06 09:00:05"}),
    )
    assert shop.order(tid).refunded_minor == 800
    send(
        "trade_TradeClose",
        payloads.youzan("trade_TradeClose", {"tid": tid, "close_type": 1, "update_time": "2026-10-07 09:00:00"}),
    )
    assert shop.order(tid).cancelled_at is not None
    assert {one.status for one in session.scalars(select(Delivery))} == {"applied"}


def test_the_older_signature_within_the_body_of_youzan_is_good_too(shop: OrderMaking) -> None:
    secret = secret_of(shop, "youzan")
    push = payloads.youzan("trade_TradeCreate", payloads.youzan_order())
    push["sign"] = md5(f"{push['client_id']}{push['msg']}{secret}".encode(), usedforsecurity=False).hexdigest()
    answer = Browser(shop.make).call("POST", "/webhooks/youzan/tea", data=json.dumps(push).encode())
    assert answer.status_code == 200
    push["sign"] = "0" * 32
    assert Browser(shop.make).call("POST", "/webhooks/youzan/tea", data=json.dumps(push).encode()).status_code == 401


def test_a_push_of_youzan_that_cannot_be_read_is_parked(shop: OrderMaking) -> None:
    send = sender(shop, "youzan")
    for msg in ("%7B", quote("[1]"), quote('{"full_order_info": {"order_info": {}}}'), 7):
        send("trade_TradePaid", {"id": "E1", "msg": msg, "version": "x"})
        assert last_delivery().status == "parked"
    send("trade_TradeMemoModified", payloads.youzan("trade_TradeMemoModified", {"tid": "E1"}))
    assert last_delivery().status == "ignored"


def test_prices_that_hold_their_tax_are_taken_without_it(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    line = payloads.shopify_line("11", "120.00") | {"tax_lines": [{"price": "20.00", "rate": 0.2}]}
    send("orders/create", payloads.shopify_order() | {"taxes_included": True, "line_items": [line]})
    assert dollars.order("5001").goods_minor == 10000
    refunded = {"line_item_id": 11, "quantity": 1, "subtotal": "120.00", "total_tax": "20.00", "line_item": line}
    send("refunds/create", payloads.shopify_refund() | {"refund_line_items": [refunded]})
    assert (dollars.order("5001").refunded_minor, dollars.order("5001").left_minor) == (10000, 0)


def test_discounts_are_taken_off_the_lines_that_they_were_given_for(dollars: OrderMaking) -> None:
    line = payloads.shopify_line("11", "60.00", 2) | {"discount_allocations": [{"amount": "12.50"}, {"amount": "7.50"}]}
    sender(dollars, "shopify")("orders/create", payloads.shopify_order() | {"line_items": [line]})
    assert dollars.order("5001").goods_minor == 10000


def test_a_restocking_fee_makes_the_refund_smaller_and_money_beyond_the_lines_names_none(dollars: OrderMaking) -> None:
    send = sender(dollars, "shopify")
    send("orders/create", payloads.shopify_order())
    fee = [{"kind": "refund_discrepancy", "amount": "5.00"}]
    send("refunds/create", payloads.shopify_refund() | {"order_adjustments": fee})
    assert dollars.order("5001").refunded_minor == 7000
    more = {
        "id": 3002,
        "order_adjustments": [{"kind": "refund_discrepancy", "amount": "-10.00"}],
        "refund_line_items": [],
    }
    send("refunds/create", payloads.shopify_refund() | more)
    assert dollars.order("5001").refunded_minor == 8000
