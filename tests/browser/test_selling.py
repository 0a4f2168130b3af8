"""The salesperson programme from beginning to end, in a real browser before a real server, over eight days."""

import base64
import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from referrals import create_app
from referrals.db import db, session
from referrals.links.sharing import share
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.shops.models import Shop, ShopHost
from referrals.shops.operations import create_shop
from referrals.shops.webhook_secrets import PURPOSE, make_webhook_secret
from tests.browser.conftest import start, wait_for
from tests.browser.shop_page.serving import ShopPage, shop_page
from tests.conftest import config_for
from tests.making import PASSWORD, Making
from tests.orders.payloads import shopify_order, shopify_refund
from tests.shops_making import ShopMaking
from tests.web.sell.test_signing_in import code_for

PHONE_SIZE = {"width": 360, "height": 740}
ANNA, BEN = "+8613912342210", "+8613912349917"


class World:
    """A server that can be started on a later day, a shop's own pages, and people with browsers."""

    def __init__(self, folder: Path, chromium: Browser, page: ShopPage) -> None:
        self.folder, self.chromium, self.page = folder, chromium, page
        self.process, self.url = start(folder)
        self.app = create_app(config_for(f"sqlite:///{folder / 'referrals.db'}", folder))
        self.contexts: list[Any] = []
        self.days = 0

    def open_shop(self) -> Shop:
        """As the command makes it: with the programme off, and a merchant."""
        self.making = ShopMaking(Making(self.app, datetime.now(UTC)))
        shop = create_shop("tea", "Tea house", "USD", [self.page.host], by=SYSTEM, at=self.making.at)
        session.add(ShopHost(host=f"{self.page.host}:{self.page.port}", shop_id=shop.id, position=-1))
        box = SecretsBox("for-tests-alone", PURPOSE)
        self.secret = make_webhook_secret(shop, "shopify", box, by=SYSTEM, at=self.making.at)
        session.commit()
        self.making.merchant(shop, name="Wei Li", email="wei@example.org")
        return shop

    def browser(self, **context: Any) -> Page:
        made = self.chromium.new_context(base_url=self.url, **{"locale": "en-GB", **context})
        self.contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(20_000)
        return page

    def later(self, days: int) -> None:
        """The server stops, and runs again some days from now at the same address."""
        self.process.terminate()
        self.process.wait(30)
        self.days = days
        port = int(self.url.rsplit(":", 1)[1])
        self.process, _ = start(self.folder, port, module="tests.browser.later", REFERRALS_TEST_DAYS=str(days))

    def send(self, topic: str, body: dict[str, Any]) -> None:
        """What the platform sends, signed."""
        raw = json.dumps(body).encode()
        signature = base64.b64encode(hmac.digest(self.secret.encode(), raw, hashlib.sha256)).decode()
        headers = {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Webhook-Id": hashlib.sha256(topic.encode() + raw).hexdigest(),
        }
        with urlopen(Request(f"{self.url}/webhooks/shopify/tea", raw, headers)) as answer:
            assert answer.status == 200

    def end(self) -> None:
        for context in self.contexts:
            context.close()
        self.process.terminate()
        self.process.wait(30)
        session.remove()
        db.engine.dispose()


@pytest.fixture
def world(chromium: Browser, tmp_path: Path, template_database: Path) -> Iterator[World]:
    shutil.copyfile(template_database, tmp_path / "referrals.db")
    with shop_page() as page:
        made = World(tmp_path, chromium, page)
        with made.app.app_context():
            yield made
            made.end()


def switch_on(page: Page) -> None:
    """The merchant looks at the rules, sees what changes, and keeps it."""
    page.goto("/login")
    page.fill("#email", "wei@example.org")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    expect(page.locator("main")).to_contain_text("The salesperson programme is off.")
    page.click(".notice a.button")
    page.check("#programme")
    page.check("input[name=refunds_after_settlement][value=claw_back]")
    page.click("button[value=try]")
    expect(page.locator("#preview")).to_contain_text("This is what you change")
    page.click("button[value=save]")
    expect(page.locator(".toast")).to_be_visible()
    page.goto("/shops/tea")
    expect(page.locator("main")).to_contain_text("The salesperson programme is on.")


def apply(page: Page, phone: str, nickname: str) -> None:
    """Somebody becomes a salesperson with their phone."""
    page.goto("/recruit/tea")
    page.fill("#phone", phone)
    page.click("main button.primary")
    page.wait_for_selector("#code")
    page.fill("#nickname", nickname)
    page.fill("#code", code_for(phone))
    page.click("main button.primary")
    page.wait_for_url("**/sell")


def shared_link(page: Page) -> str:
    """The path of the salesperson's link to the shop."""
    page.goto("/sell")
    written = page.locator(".share code").inner_text()
    return "/r/" + written.rsplit("/", 1)[1]


def click_through(world: World, page: Page, path: str) -> str:
    """A buyer opens a link and lands on the shop; answers the `ref` there, if one came along."""
    page.goto(path)
    page.wait_for_url(re.compile(re.escape(world.page.url)))
    found = re.search(r"[?&]ref=(\d+)", page.url)
    return found.group(1) if found else ""


def order(number: int, ref: str, at: datetime, price: str) -> dict[str, Any]:
    """An order of one line, paid at once."""
    made = shopify_order(ref)
    line = {**made["line_items"][0], "id": number * 10, "price": price}
    moment = at.isoformat()
    return made | {
        "id": number, "name": f"#{number}", "created_at": moment, "processed_at": moment, "updated_at": moment,
        "financial_status": "paid", "line_items": [line],
    }  # fmt: skip


def shipped(body: dict[str, Any], at: datetime) -> dict[str, Any]:
    return body | {
        "fulfillment_status": "fulfilled",
        "updated_at": at.isoformat(),
        "fulfillments": [{"id": 1, "status": "success", "created_at": at.isoformat()}],
    }


def refund(number: int, amount: str, at: datetime) -> dict[str, Any]:
    """Something of the one line is given back."""
    made = shopify_refund()
    line = {**made["refund_line_items"][0], "line_item_id": number * 10, "subtotal": amount}
    return made | {
        "id": number * 100, "order_id": number, "created_at": at.isoformat(), "refund_line_items": [line],
        "order_adjustments": [], "transactions": [{"kind": "refund", "status": "success", "amount": amount}],
    }  # fmt: skip


def see(page: Page, path: str, *texts: str) -> None:
    """All of this comes to stand on a page."""

    def shown() -> bool:
        page.goto(path)
        words = page.locator("main").inner_text()
        return all(text in words for text in texts)

    try:
        wait_for(shown, 40)
    except AssertionError:
        raise AssertionError(f"{path} lacks one of {texts}: {page.locator('main').inner_text()}") from None


def withdraw(page: Page, phone: str, amount: str) -> None:
    """The salesperson shows again that it is them, and asks for money."""
    page.goto("/sell/withdrawals/new")
    page.click("main form button.primary")
    page.wait_for_selector("#code")
    page.fill("#code", code_for(phone))
    page.click("main form button.primary")
    page.fill("#amount", amount)
    page.fill("#payout_details", "DE02 1203 0000 0000 2020 51")
    page.click("main form button.primary")


def test_from_a_shared_link_to_a_settled_commission_and_its_withdrawal(world: World) -> None:
    shop = world.open_shop()
    wei, anna = world.browser(), world.browser(viewport=PHONE_SIZE)
    switch_on(wei)
    apply(anna, ANNA, "Anna")
    buyer = world.browser()
    ref = click_through(world, buyer, shared_link(anna))
    assert ref

    now = datetime.now(UTC)
    bodies = {number: order(number, ref if number == 7001 else "", now, price) for number, price in ORDERS.items()}
    for body in bodies.values():
        world.send("orders/create", body)
    see(anna, "/sell/orders", "7001", "$10.00", "7002", "$20.00")
    see(wei, "/shops/tea/pending", "7001", "Anna", "7003")
    world.send("refunds/create", refund(7002, "100.00", datetime.now(UTC)))
    see(anna, "/sell/orders", "$10.00")
    for body in bodies.values():
        world.send("orders/fulfilled", shipped(body, datetime.now(UTC)))
    away_and_back(world, shop, wei, anna, buyer)

    world.later(8)
    see(wei, "/shops/tea", "A top-up of exactly $50.00 settles all of them")
    wei.click(".notice a.button")
    wei.click("#top-up button.primary")
    see(wei, "/shops/tea/settled", "7001", "7002", "7003")
    see(anna, "/sell", "$50.00")
    world.send("refunds/create", refund(7003, "300.00", datetime.now(UTC) + timedelta(days=7, hours=12)))
    see(anna, "/sell", "$20.00")
    see(wei, "/shops/tea/balance", "$30.00")

    withdraw(anna, ANNA, "20.00")
    see(anna, "/sell", "$0.00")
    see(wei, "/shops/tea/withdrawals", "Anna", "$20.00")
    wei.click("td.first a")
    wei.fill("#reference", "SEPA 1")
    wei.click("form[action$='/payment'] button.primary")
    see(wei, "/shops/tea/withdrawals?state=all", "Paid out")
    see(wei, "/shops/tea/balance", "$30.00")


ORDERS = {7001: "100.00", 7002: "200.00", 7003: "300.00"}


def away_and_back(world: World, shop: Shop, wei: Page, anna: Page, buyer: Page) -> None:
    """The buyer clicks another salesperson's link, runs away with that, and comes back by the first one's."""
    ben = world.making.salesperson(shop, BEN)
    link = share(ben, f"{world.page.url}/coffee", at=datetime.now(UTC))
    session.commit()
    sign_in_to_the_shop(world, shop, click_through(world, buyer, f"/r/{link.code}"))
    see(wei, "/shops/tea/relations?q=li%40example.org", "This customer belongs to 139****9917")
    sign_in_to_the_shop(world, shop, click_through(world, buyer, shared_link(anna)))
    see(wei, "/shops/tea/relations?q=li%40example.org", "This customer belongs to Anna")
    expect(wei.locator(".timeline").first.locator("li")).to_have_count(3)


def sign_in_to_the_shop(world: World, shop: Shop, ref: str) -> None:
    """The shop tells who came by the click."""
    body = {"customer": {"email": "li@example.org"}, "ref": ref, "occurred_at": datetime.now(UTC).isoformat()}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {world.making.key(shop)}"}
    with urlopen(Request(f"{world.url}/api/v1/identify", json.dumps(body).encode(), headers)) as answer:
        assert answer.status == 200
