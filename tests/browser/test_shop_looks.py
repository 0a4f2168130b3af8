"""How the pages of merchants and salespeople look: axe finds nothing, nothing is cut off, no language is mixed in."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page

from referrals.db import session
from referrals.links.sharing import share
from referrals.people.models import Person
from tests.browser.conftest import Site
from tests.browser.test_looks import PHONE, TOO_WIDE, WIDE, problems_of
from tests.web.browsing import english_left_over
from tests.web.sell.test_signing_in import code_for
from tests.web.shop.market import Market, open_market

Visit = Callable[..., Page]
# Axe looks at each page in one of these, which takes a second; whether all fits is asked at both sizes.
VIEWS = [("light", WIDE, "pl-PL"), ("dark", PHONE, "th-TH"), ("light", PHONE, "vi-VN"), ("dark", WIDE, "zh-CN")]
AT_REST = "() => document.getAnimations().length === 0"
CUT_OFF = """[...document.querySelectorAll("main *, nav.side *, nav.tabs *")].filter(one => {
    const style = getComputedStyle(one);
    const clips = [style.overflowX, style.overflowY].some(value => ["hidden", "clip"].includes(value));
    return clips && !one.closest(".visually-hidden, svg, input") && one.clientWidth > 1
        && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
}).map(one => `${one.localName}.${one.className}: ${one.textContent.trim().slice(0, 40)}`)"""
OF_MERCHANTS = (
    "", "/salespeople", "/salespeople/{salesperson_id}", "/groups", "/groups/{group_id}", "/orders",
    "/orders/{order_id}", "/pending", "/settled", "/by-hand", "/void", "/commissions/{settled_id}",
    "/commissions/{by_hand_id}", "/balance", "/withdrawals", "/withdrawals/{withdrawal_id}", "/runs", "/runs/{run_id}",
    "/settings", "/products", "/products/{product_id}", "/group-buys", "/group-buys/{group_buy_id}",
    "/relations?q=A-1", "/integrations", "/deliveries", "/deliveries/{delivery_id}", "/badge", "/material",
    "/material/{material_id}", "/questions", "/members", "/members/{membership_id}",
)  # fmt: skip
OF_SALESPEOPLE = (
    "/sell", "/sell/share", "/sell/products", "/sell/links", "/sell/links/{link}", "/sell/orders", "/sell/customers",
    "/sell/balance", "/sell/withdrawals", "/sell/withdrawals/new", "/sell/commissions",
    "/sell/commissions/{settled_id}", "/sell/questions", "/sell/profile", "/recruit/{slug}",
)  # fmt: skip


@pytest.fixture(scope="module")
def market(site: Site) -> Market:
    """A shop in which everything has happened."""
    site.make.at = datetime.now(UTC)
    made = open_market(site.make, phone="+8613700000042")
    made.ids["link"] = share(made.stall.salesperson, "shop", at=site.make.at).code
    session.commit()
    made.ids["base"] = made.base
    made.ids["email"] = str(session.get_one(Person, made.merchant.person_id).email)
    session.rollback()
    return made


def as_salesperson(visit: Visit, **context: Any) -> Page:
    page = visit(path="/login/code", **context)
    page.fill("#phone", "+8613700000042")
    page.click("main button.primary")
    page.wait_for_selector("#code")
    page.fill("#code", code_for("+8613700000042"))
    page.click("main button.primary")
    page.wait_for_url("**/sell")
    return page


def faults_of(page: Page, locale: str) -> list[str]:
    """What axe finds, what sticks out or is cut off, wide and narrow, and English on a page of another language."""
    shown = BeautifulSoup(page.content(), "html.parser")
    mixed = english_left_over(SimpleNamespace(soup=shown), locale[:2])  # type: ignore[arg-type]
    found = [*problems_of(page), *(f"English: {text}" for text in mixed)]
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    size = page.viewport_size or WIDE
    for other in (size, PHONE if size == WIDE else WIDE):
        page.set_viewport_size(other)  # type: ignore[arg-type]
        page.wait_for_function(AT_REST)
        found += [f"{px} px too wide at {other['width']}: {name}" for name, px in page.evaluate(TOO_WIDE)]
        found += [f"cut off at {other['width']}: {one}" for one in page.evaluate(CUT_OFF)]
    page.set_viewport_size(size)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_pages_of_shops_are_whole(visit: Visit, market: Market, scheme: str, size: dict[str, int], locale: str) -> None:
    context = {"color_scheme": scheme, "viewport": size, "locale": locale}
    found, place = [], VIEWS.index((scheme, size, locale))
    merchant, seller = visit(market.ids["email"], **context), as_salesperson(visit, **context)
    pages = [(merchant, market.ids["base"] + path) for path in OF_MERCHANTS]
    pages += [(seller, path) for path in OF_SALESPEOPLE]
    for page, path in pages[place :: len(VIEWS)]:
        page.goto(path.format(**market.ids))
        found += [f"{path}: {fault}" for fault in faults_of(page, locale)]
    assert found == []


def test_the_check_sees_what_is_cut_off_and_what_is_not_translated(visit: Visit, market: Market) -> None:
    page = visit(market.ids["email"], market.ids["base"], locale="pl-PL")
    assert faults_of(page, "pl-PL") == []
    page.evaluate("document.querySelector('h1').textContent = 'Balance and top-ups'")
    page.evaluate("Object.assign(document.querySelector('h1').style, {width: '20px', overflow: 'hidden'})")
    found = faults_of(page, "pl-PL")
    assert any(fault.startswith("cut off") for fault in found)
    assert "English: Balance and top-ups" in found
