"""Clicks and order webhooks against a server of ours and one that does it straightforwardly (S7, S8)."""

import base64
import hmac
import itertools
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from referrals.clock import now
from referrals.db import db, insert_rows, session
from referrals.ids import new_id
from referrals.links.models import Click
from referrals.links.sharing import welcome
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.settlement.balance import top_up
from referrals.shops.queries import find_shop
from referrals.shops.webhook_secrets import PURPOSE, make_webhook_secret
from tests.benchmarks.measuring import Figure, ms
from tests.benchmarks.served import OURS, Kind, Times, in_turn, request_of, serving
from tests.making import Making
from tests.orders.payloads import shopify_order
from tests.settlement.bulk import fill_due
from tests.settlement.selling import Selling

SALESPEOPLE, EARLIER_CLICKS, AMOUNT = 50, 100_000, 100
STRAIGHTFORWARD = "tests.benchmarks.straightforward"
CLICK = (
    "id", "shop_id", "link_id", "salesperson_id", "occurred_at", "recorded_at", "visitor", "outcome", "source",
    "ip_hash", "user_agent", "referrer",
)  # fmt: skip


@dataclass
class Market:
    """A shop with salespeople, their links, and what was clicked before; another one with commissions that are due."""

    app: Flask
    codes: Iterator[str]
    refs: Iterator[int]
    secret: str
    due: int

    @property
    def file(self) -> str:
        return self.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")

    def runs(self) -> list[str]:
        """The states of settlement runs."""
        with closing(sqlite3.connect(self.file)) as connection:
            return [status for (status,) in connection.execute("SELECT status FROM settlement_runs ORDER BY id")]

    def click(self, **headers: str) -> bytes:
        return request_of("GET", f"/r/{next(self.codes)}", **headers)

    def order(self, topic: str = "orders/create", *, forged: bool = False) -> bytes:
        """A new order of a new buyer who came by a click."""
        number, moment = new_id(), datetime.now(UTC).isoformat()
        told: dict[str, Any] = shopify_order() | {
            "id": number,
            "created_at": moment,
            "updated_at": moment,
            "processed_at": moment,
            "currency": "CNY",
            "email": f"buyer{number}@example.org",
            "customer": {"id": number, "email": f"buyer{number}@example.org", "phone": None},
            "financial_status": "paid",
            "note_attributes": [{"name": "ref", "value": str(next(self.refs))}],
        }
        body = json.dumps(told).encode()
        key = "nobody's" if forged else self.secret
        return request_of(
            "POST",
            "/webhooks/shopify/tea",
            body,
            X_Shopify_Topic=topic,
            X_Shopify_Webhook_Id=str(number),
            X_Shopify_Hmac_Sha256=base64.b64encode(hmac.digest(key.encode(), body, "sha256")).decode(),
        )


def market_on(app: Flask, due: int) -> Market:
    """Fill an empty database."""
    with app.app_context():
        sales = Selling(Making(app, now()))
        people = [sales.anna, *(sales.salesperson(sales.store) for _ in range(SALESPEOPLE - 1))]
        links = [welcome(one, at=sales.at) for one in people]
        box = SecretsBox(app.extensions["referrals"].config.secret_key, PURPOSE)
        secret = make_webhook_secret(sales.store, "shopify", box, by=SYSTEM, at=sales.at)
        refs = []
        for number in range(EARLIER_CLICKS):
            link, moment = links[number % SALESPEOPLE], sales.at - timedelta(seconds=EARLIER_CLICKS - number)
            refs.append((new_id(), link.shop_id, link.id, link.salesperson_id, moment, moment, f"visitor {number}",
                         "bound", "link", "", "Mozilla/5.0", ""))  # fmt: skip
        insert_rows(Click, CLICK, refs)
        session.commit()
        other = Selling(Making(app, now()), "coffee", auto_settle=True)
        fill_due(other, due, salespeople=tuple(other.salesperson(other.store).id for _ in range(SALESPEOPLE)))
        codes = itertools.cycle([link.code for link in links])
        session.remove()
        db.engine.dispose()
    return Market(app, codes, itertools.cycle([row[0] for row in reversed(refs)]), secret, due)


def clicks(market: Market, requests: int) -> Iterator[Figure]:
    """S7: a click that is recorded against the same redirect of a bot, which is not."""
    arguments = (market.app.config["SQLALCHEMY_DATABASE_URI"], str(market.app.secret_key))
    with serving(market.app, *OURS) as ours, serving(market.app, STRAIGHTFORWARD, *arguments) as straight:
        kinds = {
            "bot": Kind(ours, lambda: market.click(User_Agent="Googlebot/2.1"), b"302"),
            "click": Kind(ours, market.click, b"302"),
            "straight": Kind(straight, market.click, b"302"),
        }
        for clients in (1, 4, 8):
            yield from compared(in_turn(kinds, clients, requests), f"{clients} at once")


def compared(found: Mapping[str, Times], when: str) -> Iterator[Figure]:
    bot, click = found["bot"], found["click"]
    straight = found.get("straight")
    told = f", straightforward {bot.share / straight.share:.2g}× ({ms(straight.share)})" if straight else ""
    note = f"{ms(bot.share)} : {ms(click.share)} a request{told}"
    yield Figure("S7", f"click against redirect alone, {when}", 0.6, bot.share / click.share, note, at_least=True)
    told = f", straightforward {straight.percentile(99) / bot.percentile(99):.2g}×" if straight else ""
    note = f"{ms(bot.percentile(99))} : {ms(click.percentile(99))}{told}"
    yield Figure("S7", f"the slowest of a hundred, {when}", 2, click.percentile(99) / bot.percentile(99), note)


def clicks_while_settling(market: Market, requests: int) -> Iterator[Figure]:
    """S7: the same while the scheduler of the same process settles another shop after a top-up."""
    with market.app.app_context():
        shop = find_shop("coffee")
        assert shop is not None
        top_up(shop, market.due * AMOUNT, by=SYSTEM, at=now())
        session.commit()
        session.remove()
        db.engine.dispose()
    with serving(market.app, *OURS, scheduler=True) as ours:
        kinds = {
            "bot": Kind(ours, lambda: market.click(User_Agent="Googlebot/2.1"), b"302"),
            "click": Kind(ours, market.click, b"302"),
        }
        while not market.runs():
            in_turn(kinds, 1, 1, portion=5)
        found = in_turn(kinds, 4, requests, until=lambda: market.runs() != ["running"])
        yield from compared(found, f"4 at once, {market.due:,} settling")


def webhooks(market: Market, requests: int) -> Iterator[Figure]:
    """S8: an order that is taken in against verifying one, whose signature is wrong."""
    arguments = (market.app.config["SQLALCHEMY_DATABASE_URI"], str(market.app.secret_key))
    with serving(market.app, *OURS) as ours, serving(market.app, STRAIGHTFORWARD, *arguments) as straight:
        kinds = {
            "forged": Kind(ours, lambda: market.order(forged=True), b"401"),
            "kept": Kind(ours, lambda: market.order("products/update"), b"200"),
            "order": Kind(ours, market.order, b"200"),
            "straight": Kind(straight, market.order, b"200"),
        }
        for clients in (1, 4):
            found = in_turn(kinds, clients, requests)
            forged, kept, order, other = (found[name].share for name in kinds)
            when = f"{clients} at once"
            note = f"{ms(forged)} : {ms(order)} a request; kept and not yet read {forged / kept:.2g}× ({ms(kept)})"
            yield Figure("S8", f"order against verifying alone, {when}", 0.6, forged / order, note, at_least=True)
            note = f"{ms(other)} : {ms(order)} a request"
            yield Figure("S8", f"straightforward against ours, {when}", 7, other / order, note, at_least=True)
