"""Orders and webhooks answer whatever is sent, as their description generates it and worse."""

import json
import random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from sqlalchemy import func, select

from referrals.db import session
from referrals.orders.inbox import accept
from referrals.orders.models import Delivery, Order
from tests.making import Making
from tests.orders import payloads
from tests.orders.conftest import OrderMaking

OPERATIONS = ["POST /api/v1/orders", "POST /api/v1/orders/{external_id}/events", "GET /api/v1/orders/{external_id}"]
SEED = 20261123
ODD: list[Any] = [
    None, True, "", "\0", "\u202e", "x" * 300, -1, 0, 10**25, 1.5, "1e400", "NaN", [], [None], {}, {"a": {}}, "9" * 40,
    "0000-00-00T00:00:00", "9999-12-31T23:59:59Z", "-5.00", "💸", ["a", 1],
]  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_call_brings_the_server_down(make: Making, operation: str, mode: schemathesis.GenerationMode) -> None:
    shop = OrderMaking(make)
    secret = shop.key(shop.shop_of_all)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", make.app)
    method, _, path = operation.partition(" ")
    answered = []

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case) -> None:
        session.rollback()
        response = case.call(headers={"Authorization": f"Bearer {secret}"})
        case.validate_response(response, checks=(not_a_server_error,))
        answered.append(response.status_code)

    call()
    assert answered


def mangled(told: Any, chance: random.Random) -> Any:
    """The payload with something odd in one place, or several."""
    if isinstance(told, dict) and told and chance.random() < 0.9:
        name = chance.choice(list(told))
        return told | {name: mangled(told[name], chance)}
    if isinstance(told, list) and told and chance.random() < 0.7:
        place = chance.randrange(len(told))
        return [*told[:place], mangled(told[place], chance), *told[place + 1 :]]
    return chance.choice(ODD)


@pytest.mark.parametrize(
    ("source", "topic", "told"),
    [
        ("shopify", "orders/updated", payloads.shopify_order() | {"refunds": [payloads.shopify_refund()]}),
        ("shopify", "refunds/create", payloads.shopify_refund()),
        ("woocommerce", "order.updated", payloads.woo_order()),
        ("woocommerce", "order.refunded", payloads.woo_refund()),
        ("youzan", "youzan_trade_RefundSuccess", payloads.youzan("youzan_trade_RefundSuccess", {"tid": "E1"})),
        ("youzan", "trade_TradePaid", payloads.youzan("youzan_", payloads.youzan_order())),
    ],
)
def test_every_mangled_delivery_is_applied_ignored_or_parked(make: Making, source: str, topic: str, told: Any) -> None:
    shop = OrderMaking(make, currency="CNY" if source == "youzan" else "USD")
    chance = random.Random(f"{SEED} {source} {topic}")
    for number in range(150):
        body = json.dumps(mangled(mangled(told, chance), chance)).encode()
        accept(shop.shop_of_all, source, f"d{number}", topic, body, at=shop.at)
        session.flush()
    session.commit()
    assert session.scalar(select(func.count(Delivery.id))) == 150
    orders = session.scalars(select(Order)).all()
    assert all(order.left_minor <= order.goods_minor for order in orders)
