"""Walls of shops (P13): for merchants of other shops, people of partners and nobody, on every route under `/shops`."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule

from referrals.db import session
from referrals.errors import NotFound
from referrals.settlement.models import Withdrawal
from referrals.shops.queries import find_shop
from referrals.values import parse_id
from referrals.web.shop import access, withdrawals
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.web.browsing import Browser
from tests.web.shop.market import CANARY, Market
from tests.web.test_walls import address, routes, without_address, without_chance

UNKNOWN_SLUG = "no-such-shop"
FORM = {"reason": "x", "amount": "1", "name": "x", "title": "x", "source": "shopify"}


def shop_routes(market: Market) -> Iterator[tuple[Rule, str]]:
    for rule, method in routes(market.stall.make.app):
        if rule.rule.startswith("/shops/"):
            yield rule, method


@pytest.fixture
def strangers(market: Market, make: Making) -> dict[str, Browser]:
    shops = ShopMaking(make)
    other = shops.shop()
    return {
        "merchant elsewhere": Browser(make, shops.merchant(other)),
        "merchant elsewhere, only managing": Browser(make, shops.merchant(other, frozenset({"manage"}))),
        "salesperson here": Browser(make, market.stall.shops.seller(market.stall.salesperson)),
        "partner member": Browser(make, make.member()),
        "representative": Browser(make, make.rep()),
        "nobody": Browser(make),
    }


def answers(browser: Browser, market: Market, rule: Rule, method: str, values: dict[str, str]) -> str:
    path = address(market.stall.make.app, rule, values)
    page = browser.get(path) if method == "GET" else browser.post(path, **FORM)
    assert CANARY.lower() not in page.text.lower(), path
    assert page.status < 500, path
    return without_address(path, without_chance(page))


def test_a_strangers_shop_answers_like_an_unknown_one(market: Market, strangers: dict[str, Browser]) -> None:
    checked = 0
    for rule, method in shop_routes(market):
        for role, browser in strangers.items():
            known = answers(browser, market, rule, method, market.ids)
            unknown = answers(browser, market, rule, method, market.ids | {"slug": UNKNOWN_SLUG})
            assert known == unknown, (role, method, rule.rule)
            assert known[:3] in {"303", "302", "403", "404"}, (role, method, rule.rule, known[:3])
            checked += 1
    assert checked > 300


def test_a_strangers_thing_in_the_own_shop_answers_like_an_unknown_one(market: Market, make: Making) -> None:
    shops = ShopMaking(make)
    own = shops.shop("own-shop")
    browser, checked = Browser(make, shops.merchant(own)), 0
    for rule, method in shop_routes(market):
        things = rule.arguments - {"slug", "kind", "step", "source"}
        if not things:
            continue
        stolen = market.ids | {"slug": own.slug}
        unknown = stolen | dict.fromkeys(things, "987654")
        seen = answers(browser, market, rule, method, stolen)
        assert seen == answers(browser, market, rule, method, unknown), (method, rule.rule)
        assert seen[:3] == "404", (method, rule.rule, seen[:3])
        checked += 1
    assert checked > 25


def forget_whose_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: the shop is looked up by its name alone."""
    monkeypatch.setattr(access, "get_shop", lambda _viewer, slug: found(find_shop(slug)))


def forget_whose_withdrawal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: a withdrawal is looked up by its id alone."""
    monkeypatch.setattr(
        withdrawals, "withdrawal_of", lambda _shop, ident: found(session.get(Withdrawal, parse_id(ident)))
    )


def found(thing: Any) -> Any:
    if thing is None:
        raise NotFound
    return thing


def test_the_check_sees_a_forgotten_shop(
    market: Market, strangers: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_whose_shop(monkeypatch)
    with pytest.raises(AssertionError):
        test_a_strangers_shop_answers_like_an_unknown_one(market, strangers)


def test_the_check_sees_a_thing_of_a_forgotten_shop(
    market: Market, make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_whose_withdrawal(monkeypatch)
    with pytest.raises(AssertionError, match="withdrawal"):
        test_a_strangers_thing_in_the_own_shop_answers_like_an_unknown_one(market, make)


def test_who_may_only_look_changes_nothing(market: Market, make: Making) -> None:
    looking = Browser(make, market.stall.shops.merchant(market.stall.shop, frozenset()))
    for rule, method in shop_routes(market):
        path = address(make.app, rule, market.ids)
        status = looking.get(path).status if method == "GET" else looking.post(path, **FORM).status
        assert status == 403 if method == "POST" else status in {200, 403}, (method, rule.rule, status)


def test_an_administrator_looks_into_every_shop(market: Market, make: Making) -> None:
    admin = Browser(make, make.admin())
    assert market.stall.shop.name in admin.get("/shops").words
    page = admin.get(market.base)
    assert page.status == 200
    assert "All shops" in page.all("nav.side a")
