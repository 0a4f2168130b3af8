"""The badge script and what it asks: of the shop's own pages alone, by the token that *visit my shop* left there."""

from typing import Any

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.links.models import Link
from referrals.web.badge import snippet
from tests.web.browsing import Browser
from tests.web.sell.stall import Stall


def origin(stall: Stall) -> str:
    return f"https://{stall.shop.slug}.example.org"


def token(seller: Browser) -> str:
    return seller.get("/sell/visit").headers["Location"].partition("#seller=")[2]


def ask(seller: Browser, stall: Stall, path: str, bearer: str, **request: Any) -> Any:
    headers = {"Origin": origin(stall), "Authorization": f"Bearer {bearer}", **request.pop("headers", {})}
    method = "POST" if "json" in request else "GET"
    nobody = Browser(stall.make)
    return nobody.call(method, f"/badge/{stall.shop.slug}/{path}", headers=headers, **request)


def test_the_script_may_be_loaded_by_other_sites_in_the_readers_language(stall: Stall) -> None:
    answer = Browser(stall.make).get(f"/badge/{stall.shop.slug}.js")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert f'"http://127.0.0.1:8000/badge/{stall.shop.slug}"' in answer.text
    assert "Accept-Language" in answer.headers["Vary"]
    assert Browser(stall.make).get("/badge/nowhere.js").status == 404


def test_the_snippet_names_the_script(stall: Stall) -> None:
    assert snippet(stall.shop) == f'<script src="http://127.0.0.1:8000/badge/{stall.shop.slug}.js" defer></script>'


def test_the_token_says_who_looks(stall: Stall, seller: Browser) -> None:
    answer = ask(seller, stall, "me", token(seller))
    assert answer.status_code == 200
    assert answer.json["name"] == "Xiaolong"
    assert answer.json["active"] is True
    assert answer.headers["Access-Control-Allow-Origin"] == origin(stall)


def test_a_share_from_a_page_makes_the_link_for_exactly_this_page(stall: Stall, seller: Browser) -> None:
    target = f"{origin(stall)}/products/tea?colour=red"
    answer = ask(seller, stall, "links", token(seller), json={"target": target, "kind": "qr"})
    assert answer.status_code == 201
    link = session.scalars(select(Link).where(Link.code == answer.json["code"])).one()
    assert (link.target_url, link.salesperson_id, link.kind) == (target, stall.salesperson.id, "qr")
    assert answer.json["url"] == f"http://127.0.0.1:8000/r/{link.code}"
    assert answer.json["qr"]["path"].startswith("M0 0h")


@pytest.mark.parametrize("target", ["https://evil.example.org/", "", None, 7, "shop:x"])
def test_other_pages_are_not_shared(stall: Stall, seller: Browser, target: object) -> None:
    answer = ask(seller, stall, "links", token(seller), json={"target": target})
    assert answer.status_code == 422
    assert answer.json["problem"]


@pytest.mark.parametrize("body", [[], "x", {"target": None}, {}])
def test_a_body_of_the_wrong_shape_is_refused(stall: Stall, seller: Browser, body: object) -> None:
    assert ask(seller, stall, "links", token(seller), json=body).status_code == 422


@pytest.mark.parametrize("bearer", ["", "nonsense", "W10.x.y"])
def test_without_a_good_token_nothing_is_told(stall: Stall, seller: Browser, bearer: str) -> None:
    assert ask(seller, stall, "me", bearer).status_code == 401
    assert ask(seller, stall, "links", bearer, json={"target": f"{origin(stall)}/"}).status_code == 401


def test_the_token_of_another_shop_is_not_good_here(stall: Stall, seller: Browser) -> None:
    second = stall.shops.shop()
    theirs = stall.shops.salesperson(second)
    other = Browser(stall.make, stall.shops.seller(theirs))
    assert ask(seller, stall, "me", token(other)).status_code == 401


def test_tokens_end_when_the_salesperson_ends_them(stall: Stall, seller: Browser) -> None:
    old = token(seller)
    seller.post("/sell/badge/revocation")
    assert ask(seller, stall, "me", old).status_code == 401
    assert ask(seller, stall, "me", token(seller)).status_code == 200


def test_whoever_is_not_active_sees_that_links_do_not_count(stall: Stall, seller: Browser) -> None:
    stall.shops.status(stall.salesperson, "suspended")
    answer = ask(seller, stall, "me", token(seller))
    assert answer.json["active"] is False
    shared = ask(seller, stall, "links", token(seller), json={"target": f"{origin(stall)}/"})
    assert shared.status_code == 422


@pytest.mark.parametrize("foreign", ["https://evil.example.org", "null", "https://[", ""])
def test_pages_of_other_hosts_may_read_nothing(stall: Stall, seller: Browser, foreign: str) -> None:
    answer = ask(seller, stall, "me", token(seller), headers={"Origin": foreign})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_browsers_may_ask_before(stall: Stall) -> None:
    headers = {"Origin": origin(stall), "Access-Control-Request-Method": "POST"}
    answer = Browser(stall.make).call("OPTIONS", f"/badge/{stall.shop.slug}/links", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
