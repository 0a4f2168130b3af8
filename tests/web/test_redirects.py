"""Nothing that a visitor writes into an address decides where a page leads (P15): on every route, for every role."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask, redirect, request

from referrals.db import session
from referrals.links.sharing import share
from referrals.shops.queries import find_shop
from referrals.web import promo
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.web.browsing import Browser
from tests.web.test_walls import address, routes

EVIL = "evil.example.net"
# By what names programs are told where to go.
NAMES = "u url uri next to target goto go back return return_to returnUrl redirect redirect_to redirect_uri".split()
NAMES += "dest destination continue forward link href r rurl out view from ref callback checkout_url image_url".split()
WAYS = [f"https://{EVIL}/", f"//{EVIL}", f"/\\{EVIL}", f"https:{EVIL}", f"https://tea.example.org@{EVIL}/"]


@pytest.fixture
def values(make: Making) -> dict[str, str]:
    """What stands for the parts of addresses: a shop and a link that exist."""
    shops = ShopMaking(make)
    shop = shops.shop("tea", hosts=("tea.example.org",))
    link = share(shops.salesperson(shop), "shop", at=make.at)
    session.commit()
    return {"slug": shop.slug, "code": link.code, "kind": "csv", "language": "th", "source": "shopify"}


@pytest.fixture
def browsers(make: Making, values: dict[str, str]) -> list[Browser]:
    shop = find_shop("tea")
    assert shop is not None
    people = (None, make.member(), ShopMaking(make).merchant(shop))
    return [Browser(make, one) for one in people]


def led_astray(app: Flask, browsers: list[Browser], values: dict[str, str]) -> Iterator[str]:
    """Every page that leads to the host that the address names."""
    for rule, method in routes(app):
        if method != "GET" or rule.rule.startswith("/static/"):
            continue
        path = address(app, rule, values)
        for browser in browsers:
            # Pages of people take their time; all spellings are tried on those for everybody.
            for way in WAYS if not browser.signed_in else WAYS[:1]:
                answer = browser.call("GET", path, query_string=dict.fromkeys(NAMES, way), headers={"User-Agent": "x"})
                leads = [answer.headers.get(name, "") for name in ("Location", "HX-Redirect", "HX-Location", "Refresh")]
                if any(goes_out(lead) for lead in leads):
                    yield f"{rule.rule} {way} {leads}"


def goes_out(lead: str) -> bool:
    """Whether a browser would end at the stranger's host: it takes backslashes for slashes."""
    host = urlsplit(lead.replace("\\", "/")).hostname or ""
    return host == EVIL or lead.replace("\\", "/").startswith(f"https:{EVIL}")


def test_no_address_leads_where_it_says(app: Flask, browsers: list[Browser], values: dict[str, str]) -> None:
    assert list(led_astray(app, browsers, values)) == []


def test_the_check_sees_a_page_that_does_what_it_is_told(
    app: Flask, values: dict[str, str], make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: `redirect(request.args["u"])`."""
    monkeypatch.setattr(promo, "led_to", lambda _address: redirect(request.args["u"], 302))
    assert any(found.startswith("/r/<code>") for found in led_astray(app, [Browser(make)], values))
