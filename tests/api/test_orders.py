"""The JSON API of orders, as other programs rely on it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.models import Order, OrderEvent
from tests.making import Making
from tests.orders.conftest import OrderMaking
from tests.web.browsing import Browser

Call = Callable[..., Any]
CNY = {"currency": "CNY"}
ORDER: dict[str, Any] = {
    "external_id": "1001",
    "placed_at": "2026-10-01T10:00:00Z",
    "currency": "CNY",
    "payment_method": "alipay",
    "customer": {"id": "77", "email": "Li@Example.org", "phone": "+8613800138000"},
    "lines": [
        {"id": "1", "sku": "TEA", "title": "Green tea", "quantity": 2, "amount": {"amount": "88.00"} | CNY},
        {"id": "2", "sku": "CUP", "title": "Cup", "quantity": 1, "amount": {"amount": "12.00"} | CNY},
    ],
    "shipping": {"amount": "5.00"} | CNY,
}
REFUND: dict[str, Any] = {
    "id": "r1",
    "type": "refunded",
    "occurred_at": "2026-10-05T10:00:00Z",
    "amount": {"amount": "8.00"} | CNY,
    "lines": [{"id": "1", "amount": {"amount": "8.00"} | CNY}],
}


@pytest.fixture
def shop(make: Making) -> OrderMaking:
    made = OrderMaking(make)
    made.click(made.anna)
    return made


@pytest.fixture
def call(shop: OrderMaking, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the API with the shop's key."""
    browser, secret = Browser(shop.make), shop.key(session.merge(shop.shop_of_all))

    def send(
        method: str, path: str, body: Any = None, *, raw: bytes | None = None, key: str = secret, **more: str
    ) -> Any:
        content = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {key}"} | {name.replace("_", "-"): value for name, value in more.items()}
        return browser.call(method, f"/api/v1{path}", data=content, content_type="application/json", headers=headers)

    return send


def test_an_order_is_told_once_and_again(shop: OrderMaking, call: Call) -> None:
    first = call("POST", "/orders", ORDER)
    made = first.get_json()
    assert first.status_code == 201
    assert made["attribution"] == {
        "salesperson": str(shop.anna.id),
        "click": made["attribution"]["click"],
        "via": "binding",
        "reason": None,
    }
    assert made["commission"]["amount"] == {"amount": "10.00", "currency": "CNY"}
    assert (made["commission"]["status"], made["commission"]["reason"]) == ("pending", "waiting")
    assert made["customer"] == {"id": "77", "email": "li@example.org", "phone": "+8613800138000"}
    assert (made["status"], made["goods"]["amount"], made["lines"]) == ("placed", "100.00", ORDER["lines"])
    again = call("POST", "/orders", ORDER)
    assert (again.status_code, again.get_json()) == (200, made)
    assert call("GET", "/orders/1001").get_json() == made


def test_a_contradiction_is_a_conflict_that_names_the_difference(call: Call) -> None:
    call("POST", "/orders", ORDER)
    answer = call("POST", "/orders", ORDER | {"placed_at": "2026-10-01T10:00:01Z"})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    told = answer.get_json()
    assert set(told["errors"]) == {"placed_at"}
    assert (told["ours"], told["theirs"]) == ("2026-10-01T10:00:00+00:00", "2026-10-01T10:00:01+00:00")
    assert call("GET", "/orders/1001").get_json()["placed_at"] == "2026-10-01T10:00:00+00:00"


def test_events_are_new_known_or_in_conflict(call: Call) -> None:
    call("POST", "/orders", ORDER)
    assert call("POST", "/orders/1001/events", REFUND).status_code == 201
    assert call("POST", "/orders/1001/events", REFUND).status_code == 200
    other = REFUND | {"amount": {"amount": "9.00"} | CNY, "lines": None}
    answer = call("POST", "/orders/1001/events", other)
    assert (answer.status_code, answer.get_json()["ours"], answer.get_json()["theirs"]) == (409, "8.00", "9.00")
    order = call("GET", "/orders/1001").get_json()
    assert (order["left"]["amount"], order["commission"]["amount"]["amount"]) == ("92.00", "9.20")
    assert [event["id"] for event in order["events"]] == ["r1"]


def test_an_event_before_its_order_is_kept_until_that_comes(call: Call) -> None:
    early = call("POST", "/orders/1001/events", REFUND)
    assert (early.status_code, early.get_json()["waiting"]) == (202, True)
    assert call("POST", "/orders/1001/events", REFUND).status_code == 202
    assert call("GET", "/orders/1001").status_code == 404
    assert call("POST", "/orders", ORDER).get_json()["refunded"]["amount"] == "8.00"


def test_an_amendment_tells_all_lines_anew(call: Call) -> None:
    call("POST", "/orders", ORDER)
    event = {"id": "a1", "type": "amended", "occurred_at": "2026-10-02T10:00:00Z", "lines": ORDER["lines"][1:]}
    assert call("POST", "/orders/1001/events", event).status_code == 201
    order = call("GET", "/orders/1001").get_json()
    assert (order["lines"], order["commission"]["amount"]["amount"]) == (ORDER["lines"][1:], "1.20")


def test_the_answer_to_an_idempotency_key_is_given_again(call: Call) -> None:
    first = call("POST", "/orders", ORDER, Idempotency_Key="k1")
    again = call("POST", "/orders", ORDER, Idempotency_Key="k1")
    assert (first.status_code, again.status_code, first.get_data()) == (201, 201, again.get_data())
    assert call("POST", "/orders", ORDER | {"external_id": "1002"}, Idempotency_Key="k1").status_code == 422


def test_orders_of_another_shop_do_not_exist(shop: OrderMaking, call: Call) -> None:
    call("POST", "/orders", ORDER)
    stranger = shop.key(shop.shop("coffee"))
    foreign, unknown = call("GET", "/orders/1001", key=stranger), call("GET", "/orders/9999", key=stranger)
    assert (foreign.status_code, foreign.get_data()) == (404, unknown.get_data())
    assert call("POST", "/orders", ORDER, key=stranger).status_code == 201


def test_an_unattributed_order_has_a_reason_and_no_commission(call: Call) -> None:
    order = call("POST", "/orders", ORDER | {"customer": {"email": "nobody@example.org"}}).get_json()
    assert (order["attribution"]["reason"], order["attribution"]["salesperson"], order["commission"]) == (
        "no_click",
        None,
        None,
    )


WRONG_ORDERS: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"external_id": ""}, "external_id"),
    "long id": ({"external_id": "x" * 256}, "external_id"),
    "NUL": ({"external_id": "a\0b"}, "external_id"),
    "number for id": ({"external_id": 5}, "external_id"),
    "no offset": ({"placed_at": "2026-10-01T10:00:00"}, "placed_at"),
    "future": ({"placed_at": "2999-10-01T10:00:00Z"}, "placed_at"),
    "other currency": ({"currency": "USD"}, "currency"),
    "text for flag": ({"test": "yes"}, "test"),
    "one for flag": ({"test": 1}, "test"),
    "no lines": ({"lines": []}, "lines"),
    "lines missing": ({"lines": None}, "lines"),
    "e-mail": ({"customer": {"email": "nobody"}}, "customer.email"),
    "phone": ({"customer": {"phone": "12"}}, "customer.phone"),
    "customer": ({"customer": "me"}, "customer"),
    "unknown field": ({"salesperson_id": "1"}, "salesperson_id"),
    "collector": ({"collected_by": "me"}, "collected_by"),
    "codes": ({"coupon_codes": "SAVE"}, "coupon_codes"),
    "shipping": ({"shipping": "5.00"}, "shipping"),
    "negative": ({"shipping": {"amount": "-5.00"} | CNY}, "shipping"),
    "decimals": ({"lines": [ORDER["lines"][0] | {"amount": {"amount": "1.005"} | CNY}]}, "lines.0.amount"),
    "wrong money": (
        {"lines": [ORDER["lines"][0] | {"amount": {"amount": "1.00", "currency": "USD"}}]},
        "lines.0.amount",
    ),
    "overflow": ({"lines": [ORDER["lines"][0] | {"amount": {"amount": "9" * 19} | CNY}]}, "lines.0.amount"),
    "quantity": ({"lines": [ORDER["lines"][0] | {"quantity": 0}]}, "lines"),
    "true for a number": ({"lines": [ORDER["lines"][0] | {"quantity": True}]}, "lines"),
    "twice": ({"lines": [ORDER["lines"][0], ORDER["lines"][0]]}, "lines"),
}


@pytest.mark.parametrize("name", WRONG_ORDERS)
def test_an_order_that_cannot_be_meant_is_refused_beside_its_field(call: Call, name: str) -> None:
    changes, field = WRONG_ORDERS[name]
    answer = call("POST", "/orders", ORDER | changes)
    assert (answer.status_code, field in answer.get_json()["errors"]) == (422, True), answer.get_json()
    assert session.scalar(select(func.count(Order.id))) == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "lost"}, "type"),
        ({"id": ""}, "id"),
        ({"amount": None}, "amount"),
        ({"amount": {"amount": "7.99"} | CNY}, "lines"),
        ({"lines": [{"id": "1"}]}, "lines.0"),
        ({"lines": ["1"]}, "lines.0"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
        ({"type": "paid"}, "amount"),
        ({"type": "paid", "amount": None}, "lines"),
        ({"type": "amended", "amount": None, "lines": None}, "lines"),
        ({"type": "amended", "amount": None, "lines": [{"id": "1"}]}, "lines"),
    ],
)
def test_an_event_that_cannot_be_meant_is_refused_beside_its_field(
    call: Call, changes: dict[str, Any], field: str
) -> None:
    call("POST", "/orders", ORDER)
    answer = call("POST", "/orders/1001/events", REFUND | changes)
    assert (answer.status_code, field in answer.get_json()["errors"]) == (422, True), answer.get_json()
    assert session.scalar(select(func.count(OrderEvent.id))) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"external_id": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b"[" * 90_000,
        b"\xff",
    ],
)
def test_a_body_that_is_no_order_is_refused(call: Call, raw: bytes) -> None:
    for path in ("/orders", "/orders/1001/events"):
        assert call("POST", path, raw=raw).status_code in {400, 422}


def test_money_has_the_decimals_of_its_currency(make: Making) -> None:
    shop = OrderMaking(make, currency="JPY")
    shop.click(shop.anna)
    lines = [{"id": "1", "amount": {"amount": "1500", "currency": "JPY"}}]
    body = ORDER | {"currency": "JPY", "lines": lines, "shipping": None}
    sent = Browser(make).call(
        "POST",
        "/api/v1/orders",
        data=json.dumps(body).encode(),
        content_type="application/json",
        headers={"Authorization": f"Bearer {shop.key(session.merge(shop.shop_of_all))}"},
    )
    assert sent.get_json()["commission"]["amount"] == {"amount": "150", "currency": "JPY"}
    assert session.scalar(select(func.count(Commission.id))) == 1


def test_times_that_come_with_the_order_count(call: Call) -> None:
    times = {"paid_at": "2026-10-01T10:05:00Z", "shipped_at": "2026-10-02T10:00:00+02:00"}
    order = call("POST", "/orders", ORDER | times).get_json()
    assert order["completed_at"] == datetime(2026, 10, 9, 8, tzinfo=UTC).isoformat()
    assert [event["id"] for event in order["events"]] == ["paid@order", "shipped@order"]
