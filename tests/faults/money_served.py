"""The real server with a shop on it, and those who call it: the shop's platform, buyers who click, the merchant."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from referrals.links.models import Click
from referrals.orders.models import Delivery, Order
from referrals.settlement.models import TopUp
from tests.faults.money_works import CURRENCY, shopify_order, signed
from tests.faults.served import NoAnswer, Server
from tests.faults.wholeness import engine_for
from tests.test_cli import Shell

KINDS = ("webhook", "webhook", "webhook", "click", "click", "top_up")
TOP_UP_MINOR = 3_000
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile"


@dataclass(frozen=True)
class Shopfront:
    """A data folder with a shop that has a salesperson, and what is needed to call there."""

    folder: Path
    key: str
    secret: str
    code: str


def furnish(folder: Path) -> Shopfront:
    """Make a shop by the commands, and the rest by its own API."""
    shell = Shell(folder)
    made = shell.json("create-shop", "tea", "--name", "Tea", "--currency", CURRENCY, "--host", "tea.example.org")
    secret = shell.json("webhook-secret", "tea", "shopify")["secret"]
    server, at = Server(folder, made["api_key"]), datetime.now(UTC)
    since = {"effective_at": (at - timedelta(days=40)).isoformat()}
    try:
        server.start()
        settings = {"programme": True, "completion_days": 7, "refunds_after_settlement": "claw_back"}
        assert server.call("PATCH", "/api/v1/settings", settings | since).status == 200
        joined = {"phone": "+48600700800", "coupon_code": "ANNA", "joined_at": (at - timedelta(days=39)).isoformat()}
        anna = server.call("POST", "/api/v1/salespeople", joined)
        assert anna.status == 201, anna
        assert server.stop() == 0
    finally:
        server.end()
    return Shopfront(folder, made["api_key"], secret, anna.body["code"])


class ShopServer(Server):
    """`referrals serve` on the data folder of a shop. What is answered leaves a name by which it is to be found."""

    def __init__(self, front: Shopfront, folder: Path, **more: Any) -> None:
        super().__init__(folder, front.key, **more)
        self.front = front
        self.at = datetime.now(UTC)

    def do(self, kind: str, number: int) -> tuple[int, str]:
        """Deliver an order, click, or top up; answers the status and where the trace of it is. Raises NoAnswer."""
        if kind == "click":
            return self.follow()
        if kind == "top_up":
            name = f"T{number}"
            body = {"id": name, "amount": {"amount": f"{TOP_UP_MINOR // 100}.00", "currency": CURRENCY}}
            return self.call("POST", "/api/v1/top-ups", body, **{"Idempotency-Key": name}).status, name
        name = f"order {number}"
        body, headers = signed(self.front.secret, "orders/create", name, shopify_order(number, self.at))
        return self.send("POST", "/webhooks/shopify/tea", body, headers)[0], str(500_000 + number)

    def follow(self) -> tuple[int, str]:
        status, headers, _ = self.send("GET", f"/r/{self.front.code}", None, {"User-Agent": PHONE})
        found = re.search(r"[?&]ref=(\d+)$", headers.get("Location", ""))
        return (200 if status == 302 else status), found[1] if found else ""

    def traces(self) -> dict[str, set[str]]:
        """What is on record, by kind."""
        with engine_for(self.database).connect() as connection:
            applied = select(Order.external_id).join(
                Delivery, (Delivery.order_external_id == Order.external_id) & (Delivery.status == "applied")
            )
            return {
                "webhook": set(connection.scalars(applied)),
                "click": {str(ident) for ident in connection.scalars(select(Click.id))},
                "top_up": set(connection.scalars(select(TopUp.external_id))),
            }


__all__ = ["KINDS", "NoAnswer", "ShopServer", "Shopfront", "furnish"]
