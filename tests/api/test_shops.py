"""The calls of a shop's own programs: settings, salespeople, products, group-buys."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.clock import now
from referrals.db import session
from referrals.links.models import Link
from referrals.people.queries import find_key
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key, revoke_key
from referrals.shops.models import RateOverride, Salesperson, SettingsVersion, Shop, ShopProduct
from referrals.shops.queries import rate_book, settings_of
from tests.api.calling import Caller, cny
from tests.leads.test_ownership import at_once
from tests.making import Making
from tests.shops_making import ShopMaking

PHONE = "+8613900002210"


@pytest.fixture
def shops(make: Making) -> ShopMaking:
    return ShopMaking(make)


@pytest.fixture
def shop(shops: ShopMaking) -> Shop:
    return shops.shop("north")


@pytest.fixture
def call(app: Flask, shops: ShopMaking, shop: Shop) -> Caller:
    """Calls with the key of the shop north."""
    return Caller(app, shops.key(shop))


@pytest.fixture
def foreign(app: Flask, shops: ShopMaking) -> Caller:
    """Calls with the key of another shop."""
    return Caller(app, shops.key(shops.shop("south")))


def on(days: float) -> str:
    return (now() + timedelta(days=days)).isoformat()


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    body: dict[str, Any] = answer.get_json()
    assert body["status"] == status
    return body


def count(table: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table)) or 0


CALLS = [
    ("GET", "/settings", None),
    ("PATCH", "/settings", {"rate_bp": 5}),
    ("GET", "/salespeople", None),
    ("POST", "/salespeople", {"phone": PHONE}),
    ("GET", "/salespeople/5", None),
    ("PATCH", "/salespeople/5", {"rate_bp": 5}),
    ("GET", "/products", None),
    ("GET", "/products/A", None),
    ("PUT", "/products/A", {"title": "A"}),
    ("GET", "/group-buys", None),
    ("GET", "/group-buys/A", None),
    ("PUT", "/group-buys/A", {"tiers": []}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_each_call_wants_a_good_key_of_a_shop(
    app: Flask, make: Making, shops: ShopMaking, shop: Shop, method: str, path: str, body: Any
) -> None:
    partner = make.partner()
    spent = shops.key(shop)
    revoke_key(find_key(spent), by=SYSTEM, at=make.at)
    partners = make_key("partner", partner_id=partner.id, name="x", scopes=["leads", "shop"], by=SYSTEM, at=make.at)
    session.commit()
    for secret in ("", "rk_shop_nothing", spent):
        problem(Caller(app, secret)(method, path, body), 401)
    for secret in (partners, shops.operator_key()):
        problem(Caller(app, secret)(method, path, body), 403)
    looking = make_key("shop", shop_id=shop.id, name="x", scopes=["read"], by=SYSTEM, at=make.at)
    session.commit()
    answer = Caller(app, looking)(method, path, body)
    assert answer.status_code == (403 if method != "GET" else 404 if path[-2:] in {"/5", "/A"} else 200)


def test_the_settings_begin_with_the_defaults(app: Flask, shops: ShopMaking) -> None:
    from referrals.shops.operations import create_shop

    shop = create_shop("new", "New", "CNY", ["new.example.org"], by=SYSTEM, at=shops.at)
    session.commit()
    assert Caller(app, shops.key(shop)).get("/settings") == {
        "programme": False,
        "applications": "automatic",
        "rate_bp": 1000,
        "validity": "permanent",
        "binding": "last_click",
        "protect_days": 30,
        "auto_settle": True,
        "completion_days": 7,
        "own_purchases_earn": False,
        "refunds_after_settlement": "keep",
        "minimum_withdrawal": cny("0.00"),
        "leaderboard": False,
        "recruitment_text": "",
        "commission_note": "",
    }


def test_settings_change_in_part_and_from_a_moment_on(call: Caller, foreign: Caller, shop: Shop) -> None:
    before = call.get("/settings")
    changed = call.good(
        "PATCH", "/settings", {"binding": "protected", "protect_days": 9, "minimum_withdrawal": cny("10.50")}
    )
    assert changed == before | {"binding": "protected", "protect_days": 9, "minimum_withdrawal": cny("10.50")}
    assert call.get("/settings") == changed
    future = call.good("PATCH", "/settings", {"rate_bp": 0, "effective_at": on(5)})
    assert future["rate_bp"] == 0
    assert call.get("/settings")["rate_bp"] == 1000
    call.good("PATCH", "/settings", {"rate_bp": 300, "effective_at": on(-3)})
    history = settings_of(shop.id)
    assert [history.at(now() + timedelta(days=days)).rate_bp for days in (-4, -2, 0, 6)] == [1000, 300, 300, 0]
    assert call.good("PATCH", "/settings", {}) == call.get("/settings")
    assert foreign.get("/settings") == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rate_bp": 9001}, "rate_bp"),
        ({"rate_bp": -1}, "rate_bp"),
        ({"rate_bp": "1000"}, "rate_bp"),
        ({"rate_bp": True}, "rate_bp"),
        ({"rate_bp": 10.5}, "rate_bp"),
        ({"rate_bp": None}, "rate_bp"),
        ({"programme": 1}, "programme"),
        ({"programme": "on"}, "programme"),
        ({"binding": "any"}, "binding"),
        ({"protect_days": 0}, "protect_days"),
        ({"completion_days": 366}, "completion_days"),
        ({"minimum_withdrawal": cny("1.001")}, "minimum_withdrawal"),
        ({"minimum_withdrawal": cny("-1.00")}, "minimum_withdrawal"),
        ({"minimum_withdrawal": {"amount": "1.00", "currency": "USD"}}, "minimum_withdrawal"),
        ({"minimum_withdrawal": "1.00"}, "minimum_withdrawal"),
        ({"recruitment_text": "a\x00b"}, "recruitment_text"),
        ({"recruitment_text": "x" * 10_001}, "recruitment_text"),
        ({"nothing": 5}, "nothing"),
        ({"version_id": 5}, "version_id"),
        ({"effective_at": "2026-01-01"}, "effective_at"),
        ({"effective_at": "2026-01-01T00:00:00"}, "effective_at"),
        ({"effective_at": "0001-01-01T00:00:00+14:00"}, "effective_at"),
        ({"effective_at": 5}, "effective_at"),
    ],
)
def test_what_no_setting_takes_is_refused_beside_its_field(call: Caller, body: dict[str, Any], field: str) -> None:
    before = count(SettingsVersion)
    refused = problem(call("PATCH", "/settings", {"auto_settle": False} | body), 422)
    assert field in refused.get("errors", {}), refused
    assert count(SettingsVersion) == before


@pytest.mark.parametrize("body", [[], "x", 5])
def test_bodies_of_another_shape_are_refused(call: Caller, body: Any) -> None:
    for method, path, _ in CALLS:
        if method != "GET":
            assert call(method, path, body).status_code in {400, 404, 415, 422}


def test_the_past_changes_only_where_nothing_is_later(call: Caller) -> None:
    call.good("POST", "/salespeople", {"phone": PHONE, "joined_at": on(-10)})
    refused = problem(call("PATCH", "/settings", {"rate_bp": 5, "effective_at": on(-11)}), 409)
    assert "effective_at" in refused["errors"]
    call.good("PATCH", "/settings", {"rate_bp": 5, "effective_at": on(-9)})


def test_a_salesperson_is_added_once_with_a_link_to_the_shop(call: Caller, shop: Shop) -> None:
    body = {
        "phone": "+86 139 0000 2210",
        "nickname": "安",
        "email": "ann@example.org",
        "coupon_code": "ANN10",
        "joined_at": on(-3),
    }
    first = call("POST", "/salespeople", body)
    assert first.status_code == 201
    made = first.get_json()
    assert made["id"].isdigit()
    assert (made["status"], made["name"], made["coupon_code"]) == ("active", "安", "ANN10")
    link = session.scalars(select(Link).where(Link.code == made["code"])).one()
    assert (str(link.salesperson_id), link.target) == (made["id"], "shop")
    again = call("POST", "/salespeople", {"phone": PHONE, "nickname": "Other"})
    assert (again.status_code, again.get_json()) == (200, made)
    assert count(Salesperson) == 1
    shown = call.get(f"/salespeople/{made['id']}")
    money = {"balance": cny("0.00"), "pending": cny("0.00"), "settled": cny("0.00")}
    assert shown == made | money | {"rate_bp": None}
    assert PHONE not in str(shown)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone"),
        ({"phone": "nothing"}, "phone"),
        ({"phone": "0600700800"}, "phone"),
        ({"phone": 48600700800}, "phone"),
        ({"phone": PHONE, "email": "nothing"}, "email"),
        ({"phone": PHONE, "coupon_code": "x" * 61}, "coupon_code"),
        ({"phone": PHONE, "joined_at": "yesterday"}, "joined_at"),
        ({"phone": PHONE, "joined_at": on(1)}, "joined_at"),
        ({"phone": PHONE, "status": "active"}, "status"),
        ({"phone": PHONE, "nickname": ["A"]}, "nickname"),
    ],
)
def test_a_salesperson_who_cannot_be_is_refused(call: Caller, body: dict[str, Any], field: str) -> None:
    assert field in problem(call("POST", "/salespeople", body), 422)["errors"]
    assert count(Salesperson) == 0


def test_a_coupon_code_is_of_one_salesperson(call: Caller, foreign: Caller) -> None:
    call.good("POST", "/salespeople", {"phone": PHONE, "coupon_code": "ANN10"})
    problem(call("POST", "/salespeople", {"phone": "+48600700800", "coupon_code": "ann10"}), 409)
    foreign.good("POST", "/salespeople", {"phone": "+48600700800", "coupon_code": "ann10"})


def test_a_salesperson_is_changed_and_found_changed(call: Caller, shop: Shop) -> None:
    ident = call.good("POST", "/salespeople", {"phone": PHONE, "joined_at": on(-10)})["id"]
    changed = call.good(
        "PATCH",
        f"/salespeople/{ident}",
        {"status": "suspended", "rate_bp": 0, "effective_at": on(-2), "coupon_code": "A"},
    )
    assert (changed["status"], changed["rate_bp"], changed["coupon_code"]) == ("suspended", 0, "A")
    assert call.get(f"/salespeople/{ident}") == changed
    book = rate_book(shop.id)
    rates = [book.rate("X", int(ident), now() + timedelta(days=days)).bp for days in (-3, -1)]
    assert rates == [1000, 0]
    assert call.good("PATCH", f"/salespeople/{ident}", {"status": "suspended"})["status"] == "suspended"
    assert call.good("PATCH", f"/salespeople/{ident}", {"status": "left", "rate_bp": None})["rate_bp"] is None
    for body in ({"status": "suspended"}, {"rate_bp": 9001}, {"status": "applied"}, {"status": 1}, {"id": "7"}):
        problem(call("PATCH", f"/salespeople/{ident}", body), 422)
    problem(call("PATCH", f"/salespeople/{ident}", {"status": "active", "effective_at": on(-5)}), 409)


def test_salespeople_are_listed_in_pages(call: Caller, foreign: Caller) -> None:
    made = [call.good("POST", "/salespeople", {"phone": f"+48600700{number:03}"})["id"] for number in range(30)]
    first = call.get("/salespeople")
    second = call.get(f"/salespeople?cursor={first['next']}")
    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    call.good("PATCH", f"/salespeople/{made[0]}", {"status": "suspended"})
    assert [one["id"] for one in call.get("/salespeople?status=suspended")["items"]] == made[:1]
    assert foreign.get("/salespeople") == {"items": [], "next": None}
    problem(call("GET", "/salespeople?status=nothing"), 422)


def test_a_strangers_salesperson_answers_like_an_unknown_one(call: Caller, foreign: Caller) -> None:
    ident = call.good("POST", "/salespeople", {"phone": PHONE})["id"]
    unknown = foreign("GET", "/salespeople/5")
    problem(unknown, 404)
    for strange in (ident, "0", "x", "9" * 18, "9" * 30, "-1"):
        for method, body in (("GET", None), ("PATCH", {"rate_bp": 5})):
            answer = foreign(method, f"/salespeople/{strange}", body)
            assert (answer.status_code, answer.get_data()) == (404, unknown.get_data())
    assert call.get(f"/salespeople/{ident}")["rate_bp"] is None


def test_products_are_put_and_read_with_their_rate(call: Caller, foreign: Caller, shop: Shop) -> None:
    body = {"title": "Żółw", "url": "https://north.example.org/zolw", "rate_bp": 700, "effective_at": on(-5)}
    made = call.good("PUT", "/products/A%2F1", body)
    assert made == {"sku": "A/1", "title": "Żółw", "url": "https://north.example.org/zolw", "rate_bp": 700}
    assert call.good("PUT", "/products/A%2F1", body) == made
    assert (count(ShopProduct), count(RateOverride)) == (1, 1)
    assert call.get("/products/A%2F1") == made
    assert call.get("/products") == {"items": [made], "next": None}
    assert call.good("PUT", "/products/A%2F1", {"rate_bp": None}) == made | {"rate_bp": None}
    assert call.good("PUT", "/products/B", {})["title"] == "B"
    book = rate_book(shop.id)
    assert [book.rate("A/1", None, now() + timedelta(days=days)).bp for days in (-6, -4, 0)] == [1000, 700, 1000]
    unknown = foreign("GET", "/products/nothing")
    assert foreign("GET", "/products/A%2F1").get_data() == unknown.get_data()
    problem(unknown, 404)
    assert foreign.get("/products") == {"items": [], "next": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 301}, "title"),
        ({"title": 5}, "title"),
        ({"title": "A", "url": "https://evil.example.com/"}, "url"),
        ({"title": "A", "url": "https://south.example.org/"}, "url"),
        ({"title": "A", "url": "javascript:alert(1)"}, "url"),
        ({"title": "A", "rate_bp": 9001}, "rate_bp"),
        ({"title": "A", "rate_bp": "5"}, "rate_bp"),
        ({"title": "A", "price": 5}, "price"),
    ],
)
def test_a_product_that_cannot_be_is_refused(call: Caller, foreign: Caller, body: dict[str, Any], field: str) -> None:
    assert field in problem(call("PUT", "/products/A", body), 422)["errors"]
    assert count(ShopProduct) == 0


def test_a_product_needs_a_sku_that_can_be(call: Caller) -> None:
    assert call("PUT", "/products/%00", {"title": "A"}).status_code == 400
    assert "sku" in problem(call("PUT", "/products/" + "x" * 256, {"title": "A"}), 422)["errors"]


def test_group_buys_are_put_and_read(call: Caller, foreign: Caller) -> None:
    tiers = [{"orders": 3, "cashback": cny("3.00")}, {"orders": 5, "cashback": cny("8.00")}]
    made = call.good("PUT", "/group-buys/G1", {"title": "Spring", "tiers": tiers})
    assert made == {"id": "G1", "title": "Spring", "tiers": tiers}
    assert call.get("/group-buys/G1") == made
    assert call.good("PUT", "/group-buys/G1", {"tiers": tiers[:1]}) == made | {"tiers": tiers[:1]}
    assert [one["id"] for one in call.get("/group-buys")["items"]] == ["G1"]
    assert foreign("GET", "/group-buys/G1").get_data() == foreign("GET", "/group-buys/G2").get_data()
    assert foreign.get("/group-buys")["items"] == []


@pytest.mark.parametrize(
    "tiers",
    [
        None,
        {},
        [{"orders": 0, "cashback": cny("1.00")}],
        [{"orders": True, "cashback": cny("1.00")}],
        [{"orders": "3", "cashback": cny("1.00")}],
        [{"orders": 3}],
        [{"orders": 3, "cashback": cny("1.001")}],
        [{"orders": 3, "cashback": cny("-1.00")}],
        [{"orders": 3, "cashback": {"amount": "1.00", "currency": "USD"}}],
        [{"orders": 3, "cashback": {"amount": 1, "currency": "CNY"}}],
        [{"orders": 3, "cashback": cny("1.00")}, {"orders": 3, "cashback": cny("2.00")}],
        [{"orders": 3, "cashback": cny("99999999999999999999.00")}],
    ],
)
def test_tiers_that_make_no_sense_are_refused(call: Caller, tiers: Any) -> None:
    problem(call("PUT", "/group-buys/G1", {"title": "G", "tiers": tiers}), 422)
    problem(call("GET", "/group-buys/G1"), 404)


def test_the_same_idempotency_key_does_nothing_again(call: Caller) -> None:
    sent = {"phone": PHONE}
    first = call("POST", "/salespeople", sent, **{"Idempotency-Key": "one"})
    again = call("POST", "/salespeople", sent, **{"Idempotency-Key": "one"})
    assert (first.status_code, first.get_data()) == (again.status_code, again.get_data())
    problem(call("POST", "/salespeople", {"phone": "+48600700800"}, **{"Idempotency-Key": "one"}), 422)
    assert count(Salesperson) == 1
    before = count(SettingsVersion)
    for _ in range(2):
        call.good("PATCH", "/settings", {"rate_bp": 5}, **{"Idempotency-Key": "two"})
    assert count(SettingsVersion) == before + 1


def test_many_at_once_add_one_salesperson(app_on_both: Flask, make_on_both: Making) -> None:
    shops = ShopMaking(make_on_both)
    key = shops.key(shops.shop())
    answers: list[tuple[int, str]] = []

    def send() -> None:
        answer = Caller(app_on_both, key)("POST", "/salespeople", {"phone": PHONE})
        answers.append((answer.status_code, answer.get_json()["id"]))

    at_once(app_on_both, [send] * 20)
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    assert len({ident for _, ident in answers}) == 1
    assert count(Salesperson) == count(Link) == 1
