"""Links, clicks, customers and relations by the API."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from referrals.clock import now
from referrals.db import session
from referrals.links.models import Link
from referrals.shops.models import Salesperson, Shop
from tests.api.calling import Caller
from tests.making import Making
from tests.shops_making import ShopMaking


@pytest.fixture
def shops(make: Making) -> ShopMaking:
    return ShopMaking(make)


@pytest.fixture
def shop(shops: ShopMaking) -> Shop:
    return shops.shop("tea", hosts=("tea.example.org",))


@pytest.fixture
def anna(shops: ShopMaking, shop: Shop) -> Salesperson:
    return shops.salesperson(shop)


@pytest.fixture
def call(app: Flask, shops: ShopMaking, shop: Shop) -> Caller:
    return Caller(app, shops.key(shop))


@pytest.fixture
def stranger(app: Flask, shops: ShopMaking) -> Caller:
    return Caller(app, shops.key(shops.shop("coffee", hosts=("coffee.example.org",))))


def share(call: Caller, salesperson: Salesperson, **body: Any) -> Any:
    return call.good("POST", f"/salespeople/{salesperson.id}/links", {"target": "shop"} | body)


def moment(hours: float = 0) -> str:
    return (now() + timedelta(hours=hours)).isoformat()


def test_a_link_is_shared(call: Caller, anna: Salesperson) -> None:
    answer = call("POST", f"/salespeople/{anna.id}/links", {"target": "https://tea.example.org/cup"})
    link = answer.get_json()
    assert answer.status_code == 201
    assert link["url"] == f"http://127.0.0.1:8000/r/{link['code']}"
    assert link["expires_at"] is None
    assert link["target_url"] == "https://tea.example.org/cup"


def test_links_of_short_validity_expire_and_qr_codes_do_not(
    call: Caller, shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    shops.settings(shop, validity="short")
    shared_at = now() - timedelta(hours=1)
    link = share(call, anna, shared_at=shared_at.isoformat())
    assert link["expires_at"] == (shared_at + timedelta(days=15)).isoformat()
    assert share(call, anna, kind="qr")["expires_at"] is None


WRONG = [
    ({"target": "https://evil.example.org"}, "target"),
    ({"target": "product:NONE"}, "target"),
    ({"target": "sh\u0000op"}, "target"),
    ({"target": "shop", "kind": "poster"}, "kind"),
    ({"target": "shop", "shared_at": "yesterday"}, "shared_at"),
    ({"target": "shop", "shared_at": "2999-01-01T00:00:00Z"}, "shared_at"),
    ({"target": 7}, "target"),
    ({}, "target"),
]


@pytest.mark.parametrize(("body", "field"), WRONG)
def test_a_link_that_cannot_be_shared_names_its_field(
    call: Caller, anna: Salesperson, body: dict[str, Any], field: str
) -> None:
    answer = call("POST", f"/salespeople/{anna.id}/links", body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert field in str(answer.get_json()["errors"])


def test_clicks_bind_and_relations_tell_it(call: Caller, shops: ShopMaking, shop: Shop, anna: Salesperson) -> None:
    ben = shops.salesperson(shop)
    first, second = share(call, anna)["code"], share(call, ben)["code"]
    times = {hour: moment(hour) for hour in (-9, -6, -5)}
    one = call.good("POST", "/clicks", {"code": first, "visitor": "v1", "occurred_at": times[-9]})
    two = call.good("POST", "/clicks", {"code": second, "visitor": "v1", "occurred_at": times[-6]})
    assert (one["bound"], one["outcome"]) == (True, "bound")
    named = call.good(
        "POST", "/identify",
        {"customer": {"id": "c1", "email": "B@Example.org", "phone": "+48 600 700 800"}, "visitor": "v1",
         "occurred_at": times[-5]},
    )  # fmt: skip
    assert named["relation"]["salesperson"] == str(ben.id)
    everything = call.get("/relations?customer_id=c1")
    assert everything["next"] is None
    assert [(row["salesperson"], row["click"], row["rule"]) for row in everything["items"]] == [
        (str(anna.id), one["id"], "last_click"), (str(ben.id), two["id"], "last_click"),
    ]  # fmt: skip
    assert everything["items"][0]["until"] == everything["items"][1]["from"]
    assert everything["items"][1]["until"] is None
    for query in ("email=b%40example.org", "phone=%2B48600700800", "phone=+48600700800", "phone=48600700800"):
        assert call.get(f"/relations?{query}") == everything
    at = times[-6].replace("+", "%2B")
    assert call.get(f"/relations?customer_id=c1&at={at}")["items"] == everything["items"][1:]
    at = times[-9].replace("+", "%2B")
    assert call.get(f"/relations?customer_id=c1&at={at}")["items"] == everything["items"][:1]


def test_a_click_that_binds_nobody_is_kept_all_the_same(call: Caller, shops: ShopMaking, anna: Salesperson) -> None:
    code = share(call, anna)["code"]
    shops.status(anna, "suspended", at=now() - timedelta(hours=1))
    answer = call("POST", "/clicks", {"code": code})
    assert answer.status_code == 201
    assert answer.get_json()["bound"] is False
    assert answer.get_json()["outcome"] == "salesperson_inactive"


def test_the_code_of_a_salesperson_is_a_link(call: Caller) -> None:
    made = call.good("POST", "/salespeople", {"phone": "+48600700801"})
    assert call.good("POST", "/clicks", {"code": made["code"]})["bound"] is True


def test_identify_by_ref_and_why_a_ref_counts_for_nothing(call: Caller, anna: Salesperson) -> None:
    code = share(call, anna)["code"]
    click = call.good("POST", "/clicks", {"code": code, "occurred_at": moment(-2)})
    named = call.good("POST", "/identify", {"customer": {"id": "c1"}, "ref": click["id"]})
    assert named["relation"]["click"] == click["id"]
    assert named["ref_problem"] is None
    early = {"customer": {"id": "c2"}, "ref": click["id"], "occurred_at": moment(-3)}
    assert call.good("POST", "/identify", early)["ref_problem"] == "later"
    assert call.good("POST", "/identify", {"customer": {"id": "c3"}, "ref": "17"})["ref_problem"] == "unknown"


BAD = [
    ("/clicks", {"code": "none"}, "code"),
    ("/clicks", {"code": "none", "visitor": "x" * 256}, "visitor"),
    ("/clicks", {}, "code"),
    ("/identify", {}, "customer"),
    ("/identify", {"customer": {"email": "nobody"}}, "customer.email"),
    ("/identify", {"customer": {"phone": "12"}}, "customer.phone"),
    ("/identify", {"customer": {"id": "x" * 256}}, "customer.id"),
    ("/identify", {"customer": {"id": "a\u0000b"}}, "customer.id"),
    ("/identify", {"customer": {"id": 7}}, "customer"),
    ("/identify", {"customer": {"id": "c1"}, "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
    ("/identify", {"customer": {"id": "c1"}, "visitor": "v\u0001"}, "visitor"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD)
def test_what_cannot_be_read_names_its_field(call: Caller, path: str, body: dict[str, Any], field: str) -> None:
    answer = call("POST", path, body)
    assert answer.status_code == 422
    assert field in str(answer.get_json()["errors"])


@pytest.mark.parametrize("query", ["", "?email=nobody", "?phone=12", "?at=now&customer_id=c1", "?customer_id=%01"])
def test_a_question_that_cannot_be_read_is_refused(call: Caller, query: str) -> None:
    assert call("GET", f"/relations{query}").status_code == 422


def test_somebody_unknown_has_no_relations_and_an_unknown_order_is_not_found(call: Caller) -> None:
    assert call.get("/relations?email=nobody@example.org") == {"items": [], "next": None}
    assert call("GET", "/relations?order=none").status_code == 404


def test_strangers_learn_nothing(call: Caller, stranger: Caller, anna: Salesperson) -> None:
    code = share(call, anna)["code"]
    click = call.good("POST", "/clicks", {"code": code, "visitor": "v1", "occurred_at": moment(-2)})
    call.good("POST", "/identify", {"customer": {"id": "c1"}, "visitor": "v1"})
    pairs = [
        ("POST", f"/salespeople/{anna.id}/links", "/salespeople/4611686018427387000/links", {"target": "shop"}),
    ]
    for method, theirs, unknown, body in pairs:
        answers = [stranger(method, path, body) for path in (theirs, unknown)]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].data == answers[1].data
    assert stranger("POST", "/clicks", {"code": code}).data == stranger("POST", "/clicks", {"code": "none"}).data
    assert stranger.get("/relations?customer_id=c1")["items"] == []
    named = stranger.good("POST", "/identify", {"customer": {"id": "c1"}, "visitor": "v1", "ref": click["id"]})
    assert (named["relation"], named["ref_problem"]) == (None, "unknown")


def test_the_same_idempotency_key_records_one_click(call: Caller, anna: Salesperson) -> None:
    code = share(call, anna)["code"]
    again = {"Idempotency-Key": "k1"}
    first, second = (call("POST", "/clicks", {"code": code, "visitor": "v1"}, **again) for _ in range(2))
    assert first.get_json() == second.get_json()
    assert (first.status_code, second.status_code) == (201, 201)
    assert call("POST", "/clicks", {"code": code, "visitor": "v2"}, **again).status_code == 422
    session.rollback()
    assert session.query(Link).filter_by(code=code).one().clicks == 1


def test_a_key_that_may_only_read_shares_nothing(app: Flask, make: Making, shop: Shop, anna: Salesperson) -> None:
    from referrals.people.rules import SYSTEM
    from referrals.people.sign_in import make_key

    secret = make_key("shop", shop_id=shop.id, name="reads", scopes=["read"], by=SYSTEM, at=make.at)
    session.commit()
    reader = Caller(app, secret)
    assert reader("POST", f"/salespeople/{anna.id}/links", {"target": "shop"}).status_code == 403
    assert reader("POST", "/clicks", {"code": anna.code}).status_code == 403
    assert reader.get("/relations?customer_id=c1")["items"] == []


def test_an_order_is_answered_by_what_was_known_when_it_came(
    call: Caller, shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    ben = shops.salesperson(shop)
    first, second = share(call, anna)["code"], share(call, ben)["code"]
    times = {hour: moment(hour) for hour in (-9, -6, -5)}
    call.good("POST", "/clicks", {"code": first, "visitor": "v1", "occurred_at": times[-9]})
    amount = {"amount": "88.00", "currency": "CNY"}
    order = call.good(
        "POST", "/orders",
        {"external_id": "1001", "placed_at": times[-5], "currency": "CNY", "payment_method": "alipay",
         "customer": {"id": "c1"}, "visitor": "v1",
         "lines": [{"id": "1", "sku": "CUP", "title": "Cup", "quantity": 1, "amount": amount}]},
    )  # fmt: skip
    assert order["attribution"]["salesperson"] == str(anna.id)
    assert call.good("POST", "/clicks", {"code": second, "visitor": "v1", "occurred_at": times[-6]})["bound"] is True
    known_then, known_now = call.get("/relations?order=1001")["items"], call.get("/relations?customer_id=c1")["items"]
    assert [(row["salesperson"], row["until"]) for row in known_then] == [(str(anna.id), None)]
    assert [row["salesperson"] for row in known_now] == [str(anna.id), str(ben.id)]
    assert call.get("/orders/1001")["attribution"]["salesperson"] == str(anna.id)
