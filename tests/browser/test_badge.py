"""The badge script on a page of a shop, in a real browser: it carries `ref` into the cart, and shares its page."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from referrals.db import session
from referrals.links.models import Click, Link
from referrals.links.sharing import share
from referrals.shops.models import ShopHost
from referrals.web.badge import snippet
from tests.browser.conftest import Site
from tests.browser.shop_page.serving import ShopPage, shop_page
from tests.web.sell.stall import Stall, set_up
from tests.web.sell.test_signing_in import code_for

Visit = Callable[..., Page]
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def shop() -> Iterator[ShopPage]:
    """A shop on a port of its own."""
    with shop_page() as running:
        yield running


@pytest.fixture
def stall(site: Site, shop: ShopPage) -> Stall:
    """Salespeople of that shop, whose page carries the badge script."""
    site.make.at = datetime.now(UTC)
    made = set_up(site.make, hosts=(shop.host,), phone=f"+86139{shop.port:08}")
    # Shops have ports of their own in tests alone.
    session.add(ShopHost(host=f"{shop.host}:{shop.port}", shop_id=made.shop.id, position=-1))
    session.commit()
    shop.badge_home = site.url
    session.rollback()
    with site.make.app.test_request_context():
        shop.snippet = snippet(made.shop).replace("http://127.0.0.1:8000", site.url)
    return made


def newest(query: Any) -> Any:
    """The first row of a query, and the database free again for the server."""
    session.rollback()
    found = session.scalars(query).first()
    session.expunge(found)
    session.rollback()
    return found


def share_address(stall: Stall, shop: ShopPage, path: str = "/coffee") -> str:
    """The code of a link to a page of the shop."""
    link = share(stall.salesperson, f"{shop.url}{path}", at=datetime.now(UTC))
    session.commit()
    return link.code


def visiting(visit: Visit, stall: Stall) -> Page:
    """A phone on which the salesperson signs in with a code and goes to the shop."""
    page = visit(path="/login/code", viewport=PHONE)
    phone = str(stall.salesperson.person.phone)
    session.rollback()
    page.fill("#phone", phone)
    page.click("main button.primary")
    page.wait_for_selector("#code")
    page.fill("#code", code_for(phone))
    page.click("main button.primary")
    page.wait_for_url("**/sell")
    page.click("text=Visit my shop")
    page.wait_for_url("http://*.localhost:*/")
    return page


def test_a_click_lands_on_the_shop_and_the_cart_carries_its_ref(
    visit: Visit, site: Site, stall: Stall, shop: ShopPage
) -> None:
    page = visit(path=f"/r/{share_address(stall, shop)}")
    expect(page).to_have_url(re.compile(r"^http://shop\d+\.localhost:\d+/coffee\?ref=\d+$"))
    click = newest(select(Click).order_by(Click.id.desc()))
    assert page.url.endswith(f"?ref={click.id}")
    page.click("text=Another page")
    assert "ref=" not in page.url
    expect(page.locator("input[name=ref]")).to_have_value(str(click.id))
    assert page.evaluate("window.referrals.ref") == str(click.id)
    page.click("text=Buy")
    page.wait_for_selector("text=Thank you")
    assert shop.cart == [{"article": ["coffee"], "ref": [str(click.id)]}]
    assert page.errors == []  # type: ignore[attr-defined]


def test_without_a_visit_from_ones_page_there_is_no_badge(visit: Visit, stall: Stall, shop: ShopPage) -> None:
    page = visit(path=f"{shop.url}/coffee")
    page.wait_for_function("window.referrals")
    assert page.locator("#referrals-badge").count() == 0
    assert stall.shop


def test_a_salesperson_shares_exactly_the_page_they_look_at(
    visit: Visit, site: Site, stall: Stall, shop: ShopPage
) -> None:
    page = visiting(visit, stall)
    expect(page.locator("#referrals-badge button.open")).to_be_visible()
    assert "seller" not in page.url
    page.goto(f"{shop.url}/coffee?size=500&ref=7#reviews")
    page.click("#referrals-badge button.open")
    field = page.locator("#referrals-badge input")
    expect(field).to_have_value(re.compile(rf"^{re.escape('http://127.0.0.1')}:\d+/r/\w+$"))
    link = newest(select(Link).order_by(Link.id.desc()))
    assert field.input_value().endswith(f"/r/{link.code}")
    assert (link.target_url, link.kind) == (f"{shop.url}/coffee?size=500", "link")
    page.click("#referrals-badge >> text=QR code")
    expect(page.locator("#referrals-badge svg path")).to_have_attribute("d", re.compile(r"^M0 0h1"))
    assert newest(select(Link).order_by(Link.id.desc())).kind == "qr"
    assert page.errors == []  # type: ignore[attr-defined]

    buyer = visit(path=f"/r/{link.code}")
    buyer.wait_for_url(re.compile(r"/coffee\?size=500&ref=\d+$"))
    click = newest(select(Click).order_by(Click.id.desc()))
    assert (click.link_id, click.salesperson_id, click.outcome) == (link.id, stall.salesperson.id, "bound")
    buyer.click("text=Buy")
    buyer.wait_for_selector("text=Thank you")
    assert shop.cart[-1]["ref"] == [str(click.id)]


def test_the_badge_stays_until_it_is_hidden(visit: Visit, stall: Stall, shop: ShopPage) -> None:
    page = visiting(visit, stall)
    page.goto(f"{shop.url}/other")
    page.click("#referrals-badge button.open")
    page.keyboard.press("Escape")
    expect(page.locator("#referrals-badge section")).to_be_hidden()
    page.click("#referrals-badge button.open")
    page.click("#referrals-badge >> text=Hide this here")
    assert page.locator("#referrals-badge").count() == 0
    page.reload()
    page.wait_for_function("window.referrals")
    page.wait_for_timeout(300)
    assert page.locator("#referrals-badge").count() == 0


def test_a_suspended_salesperson_reads_that_links_do_not_count(visit: Visit, stall: Stall, shop: ShopPage) -> None:
    page = visiting(visit, stall)
    stall.shops.status(stall.salesperson, "suspended")
    page.goto(f"{shop.url}/other")
    page.click("#referrals-badge button.open")
    expect(page.locator("#referrals-badge section")).to_contain_text("do not count")
    assert page.locator("#referrals-badge input").count() == 0
