"""Walls of the API (P13): with a key of another shop or of a partner, what exists and what does not answer alike."""

import pytest
from flask import Flask

from referrals.db import session
from referrals.people.sign_in import make_key
from tests.api.calling import Caller
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.web.shop.market import CANARY, Market, open_market
from tests.web.test_walls import address, routes

UNKNOWN = dict.fromkeys(("commission_id", "salesperson_id", "run_id", "withdrawal_id"), "987654") | {
    "external_id": "no-such", "sku": "no-such", "ref": "L-ZZZZZZZ",
}  # fmt: skip
BODIES = (
    {},
    {"reference": "x"},
    {"reason": "x"},
    {"nickname": "x"},
    {"target": "shop"},
    {"reason": "x", "amount": "1"},
)


@pytest.fixture
def market(make: Making) -> Market:
    return open_market(make)


@pytest.fixture
def keys(app: Flask, market: Market, make: Making) -> dict[str, Caller]:
    shops = ShopMaking(make)
    partner = make.partner()
    member = make.member(partner)
    secret = make_key("partner", partner_id=partner.id, name="x", scopes=["leads"], by=member, at=make.at)
    session.commit()
    return {
        "shop": Caller(app, shops.key(shops.shop())),
        "partner": Caller(app, secret),
        "none": Caller(app, "nothing"),
    }


def test_a_strangers_thing_answers_like_an_unknown_one_on_every_call(
    app: Flask, market: Market, keys: dict[str, Caller]
) -> None:
    theirs = market.ids | {"external_id": "A-1", "sku": "SKU-1", "ref": "L-ZZZZZZZ"}
    found = checked = 0
    for rule, method in routes(app):
        if not rule.rule.startswith("/api/v1/") or not rule.arguments or method == "PUT":
            continue
        for who, call in keys.items():
            for body in BODIES if method != "GET" else (None,):
                known, unknown = (
                    call(method, address(app, rule, values).removeprefix("/api/v1"), body)
                    for values in (theirs, UNKNOWN)
                )
                about = (who, method, rule.rule, body)
                assert (known.status_code, known.get_data()) == (unknown.status_code, unknown.get_data()), about
                assert known.status_code in {401, 403, 404, 422}, about
                assert CANARY not in known.get_data(as_text=True), about
                found += known.status_code == 404
                checked += 1
    assert checked > 100
    assert found > 10
