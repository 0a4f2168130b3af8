"""Ways by which orders come in and money moves, as webhooks, the API and the jobs do it."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from referrals.clock import now
from referrals.commissions.models import Commission
from referrals.db import session
from referrals.ledger.operations import STORE, Owner, salesperson
from referrals.ledger.queries import balance
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.settlement.withdrawals import request_withdrawal
from referrals.settling import settle_asked, settle_due, settle_shop
from referrals.shops.webhook_secrets import PURPOSE, make_webhook_secret
from tests.faults.crashing import REHEARSAL
from tests.faults.wholeness import Census
from tests.making import Making
from tests.orders import payloads
from tests.settlement.selling import Selling
from tests.web.browsing import Browser

PORTION = 2
CURRENCY = "USD"
# In the order in which they are settled, with what a balance of 46.00 leaves of each: the skip rule at work.
EARNED = (1_000, 3_000, 500, 4_000, 0, 100, 200)
BALANCE = 4_600
DAY = timedelta(days=1)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def shopify_order(number: int, at: datetime) -> dict[str, Any]:
    """An order of 175.00 with Anna's coupon, paid, and sent so long ago that it is due."""
    placed = stamp(at - 30 * DAY)
    return payloads.shopify_order() | {
        "id": 500_000 + number,
        "created_at": placed,
        "updated_at": placed,
        "processed_at": placed,
        "financial_status": "paid",
        "fulfillment_status": "fulfilled",
        "fulfillments": [{"status": "success", "created_at": stamp(at - 28 * DAY)}],
        "discount_codes": [{"code": "anna"}],
    }


def shopify_refund(number: int, at: datetime) -> dict[str, Any]:
    """The first line of that order is given back: 75.00."""
    return payloads.shopify_refund() | {
        "id": 900_000 + number, "order_id": 500_000 + number, "created_at": stamp(at - DAY),
    }  # fmt: skip


def signed(secret: str, topic: str, name: str, told: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """What Shopify sends: body and headers. The same name again is a redelivery."""
    body = json.dumps(told).encode()
    mark = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    return body, {
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": mark,
        "X-Shopify-Webhook-Id": name,
        "Content-Type": "application/json",
    }


class MoneyWorks:
    """Each is done for a number, ends with its commits, and is safe to do again: redelivered, or with the same key.

    Two shops: what the rehearsal does to one is still to be done in the other. Of the many in each shop, the numbers
    after 0 stand for the same: the database is put back before each run.
    """

    def __init__(self, make: Making) -> None:
        settings = {"currency": CURRENCY, "refunds_after_settlement": "claw_back", "completion_days": 7}
        self.make = make
        self.app = make.app
        self.shops = {one: Selling(make, slug, **settings) for one, slug in ((0, "tea"), (REHEARSAL, "mill"))}
        box = SecretsBox(self.app.extensions["referrals"].config.secret_key, PURPOSE)
        self.secrets, self.keys = {}, {}
        for number, shop in self.shops.items():
            self.secrets[number] = make_webhook_secret(shop.store, "shopify", box, by=SYSTEM, at=make.at)
            session.commit()
            self.keys[number] = shop.key(shop.store)
        # Of the shops what outlives sessions.
        self.ids = {number: (shop.store.id, shop.store.slug, shop.anna.id) for number, shop in self.shops.items()}
        self.browser = Browser(make)

    def which(self, number: int) -> int:
        return number if number == REHEARSAL else 0

    def deliver(self, number: int, topic: str, name: str, told: dict[str, Any]) -> list[Any]:
        which = self.which(number)
        body, headers = signed(self.secrets[which], topic, name, told)
        path = f"/webhooks/shopify/{self.ids[which][1]}"
        answer = self.browser.call("POST", path, data=body, headers=headers)
        return [answer.status_code, (answer.get_json() or {}).get("status")]

    def call(self, number: int, path: str, body: dict[str, Any]) -> list[Any]:
        """A call of the API; repeated it is answered as before."""
        which = self.which(number)
        headers = {"Authorization": f"Bearer {self.keys[which]}", "Idempotency-Key": f"{path} {which}"}
        answer = self.browser.call("POST", f"/api/v1{path}", json=body, headers=headers)
        return [answer.status_code, answer.get_json().get("amount")]

    def order(self, number: int) -> list[Any]:
        """An order with all that is known of it: two events, an attribution, a commission."""
        return self.deliver(number, "orders/create", f"order {number}", shopify_order(number, self.make.at))

    def refund(self, number: int) -> list[Any]:
        """A refund of an order that is settled; see `prepare_refunds`."""
        which = self.which(number)
        return self.deliver(number, "refunds/create", f"refund {which}", shopify_refund(which, self.make.at))

    def late_order(self, number: int) -> list[Any]:
        """An order of which a refund came before."""
        which = self.which(number)
        return self.deliver(number, "orders/create", f"order {which}", shopify_order(which, self.make.at))

    def settle(self, number: int) -> list[Any]:
        """A run over what `prepare_due` made, in portions of two; what it cannot settle waits."""
        settle_shop(self.ids[self.which(number)][0], started_by="hand", by=SYSTEM, at=self.make.at)
        return self.became(number)

    def top_up(self, number: int) -> list[Any]:
        return self.call(number, "/top-ups", {"id": "T1", "amount": {"amount": "80.00", "currency": CURRENCY}})

    def top_up_and_settle(self, number: int) -> list[Any]:
        """A top-up, the run that it asks for, and the one that the scheduler makes when it starts again."""
        told = self.top_up(number)
        at = now()
        settle_asked(at=at)
        settle_due(at=at)
        return [*told, *self.became(number)]

    def withdraw(self, number: int) -> list[Any]:
        anna = str(self.ids[self.which(number)][2])
        body = {"salesperson": anna, "amount": {"amount": "4.00", "currency": CURRENCY}}
        return self.call(number, "/withdrawals", body)

    def pay(self, number: int) -> list[Any]:
        """The withdrawal that `prepare_withdrawals` asked for is paid."""
        return self.call(number, f"/withdrawals/{self.asked[self.which(number)]}/payment", {"reference": "T1"})

    def became(self, number: int) -> list[Any]:
        """The commissions of a shop in order of their orders, and where its money is."""
        shop_id, _, anna = self.ids[self.which(number)]
        rows = session.execute(
            select(Commission.order_key, Commission.status, Commission.reason)
            .where(Commission.shop_id == shop_id)
            .order_by(Commission.order_key)
        )
        owner = Owner("shop", shop_id, CURRENCY)
        return [[list(row) for row in rows], balance(owner, STORE), balance(owner, salesperson(anna))]

    def prepare_due(self, balance: int = BALANCE) -> None:
        """Due commissions in both shops, more than the balance covers."""
        for shop in self.shops.values():
            for number, earned in enumerate(EARNED):
                shop.done(str(number), earned * 10 or 4, completed_ago=20 - number)
            shop.top_up(balance)

    def prepare_refunds(self) -> None:
        """A settled order in each shop."""
        for number, shop in self.shops.items():
            self.order(number)
            shop.top_up(BALANCE)
            shop.run(at=now())

    def prepare_early_refunds(self) -> None:
        for number in self.shops:
            self.refund(number)

    def prepare_withdrawals(self) -> None:
        """Money that is Anna's, some of it asked for."""
        self.prepare_refunds()
        self.asked: dict[int, int] = {}
        for number, shop in self.shops.items():
            self.asked[number] = request_withdrawal(shop.anna, 500, by=SYSTEM, at=self.make.at).id
            session.commit()


def whole_portions(whole: Census, left: Census) -> str:
    """So many whole portions of commissions were decided on, and everything that goes with them."""
    decided = sum(left.get(kind, 0) for kind in ("settled ", "pending insufficient_balance", "void zero"))
    return "" if decided % PORTION == 0 or left == whole else f"a torn portion: {left} of {whole}"


def top_up_first(whole: Census, left: Census) -> str:
    """Nothing at all, or the top-up with its answer and whole portions."""
    if left and not (left.get("top_ups") == left.get("api_answers") == 1):
        return f"a torn top-up: {left} of {whole}"
    return whole_portions(whole, left)
