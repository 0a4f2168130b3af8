"""A market for the tests of merchants' pages: a stall with orders in every state, and all that waits for a merchant."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.inbox import accept
from referrals.orders.incoming import IncomingEvent
from referrals.orders.models import Delivery
from referrals.orders.operations import receive_event
from referrals.outbox.endpoints import PURPOSE, add_endpoint
from referrals.outbox.hook_events import EVENTS
from referrals.outbox.hooks import announce
from referrals.outbox.models import HookDelivery
from referrals.people.models import ApiKey
from referrals.people.operations import make_link
from referrals.people.rules import SYSTEM, Actor
from referrals.secrets_box import SecretsBox
from referrals.settlement.models import SettlementRun
from referrals.settlement.withdrawals import request_withdrawal
from referrals.shops.material import put_material, questions_of
from referrals.web.members import public_id
from tests.making import Making
from tests.web.sell.stall import Stall, set_up

CANARY = "Zyzzyva"


@dataclass
class Market:
    """A stall, its merchant, and the ids of everything in it by the names that addresses give them."""

    stall: Stall
    merchant: Actor
    ids: dict[str, str]

    @property
    def base(self) -> str:
        return f"/shops/{self.stall.shop.slug}"


def webhook_box(make: Making) -> SecretsBox:
    """What locks the secrets of outgoing webhooks."""
    return SecretsBox(make.app.extensions["referrals"].config.secret_key, PURPOSE)


def open_market(make: Making, **stall_settings: Any) -> Market:
    """Everything that pages of merchants can be about, once."""
    stall = set_up(make, refunds_after_settlement="claw_back", **stall_settings)
    shop, at = stall.shop, make.at
    product = stall.shops.product(shop, "SKU-1", rate_bp=1500)
    merchant = stall.shops.merchant(shop, name=f"{CANARY} Merchant")
    long_ago = at - timedelta(days=20)
    sold = stall.order("A-1", "+8613500000001", 8_800, placed_at=long_ago, paid_at=long_ago, shipped_at=long_ago)
    stall.settle()
    stall.order("A-2", "+8613500000002", 5_000, paid_at=at - timedelta(minutes=50))
    stall.order("A-3", "+8613500000003", 7_000, cancelled_at=at - timedelta(minutes=40))
    stall.order("A-4", "+8613500000004", 9_000, collected_by="merchant", paid_at=at - timedelta(minutes=40))
    refund = IncomingEvent("r-4", "refunded", at, amount_minor=3_000, lines=(("A-4-1", 3_000),))
    receive_event(shop, "A-4", refund, source="api", by=SYSTEM, at=at)
    withdrawal = request_withdrawal(stall.salesperson, 500, method="Bank", by=SYSTEM, at=at)
    accept(shop, "shopify", "d-1", "orders/create", b"no json", at=at)
    stall.shops.key(shop)
    material = put_material(
        shop, None, title=f"{CANARY} text", text="Look what I found", picture_url="", target="shop", by=SYSTEM, at=at
    )
    invitation = {"shop_id": shop.id, "permissions": ["finance"]}
    link = make_link("join", email=f"{CANARY}@invited.example.org".lower(), details=invitation, at=datetime.now(UTC))
    hook, _ = add_endpoint(
        ("shop", shop.id), f"https://{CANARY.lower()}.example.org", EVENTS, webhook_box(make), by=SYSTEM, at=at
    )
    announce("commission.void", {"order": CANARY}, owner=("shop", shop.id), at=at)
    session.commit()
    commissions = {
        row.status: str(row.id) for row in session.scalars(select(Commission).where(Commission.shop_id == shop.id))
    }
    ids = {
        "slug": shop.slug,
        "salesperson_id": str(stall.salesperson.id),
        "group_id": str(stall.shops.group(shop, stall.salesperson).id),
        "order_id": str(sold.id),
        "commission_id": commissions["settled"],
        "withdrawal_id": str(withdrawal.id),
        "run_id": str(session.scalar(select(SettlementRun.id).where(SettlementRun.shop_id == shop.id))),
        "product_id": str(product.id),
        "group_buy_id": str(stall.shops.group_buy(shop, "G-1", (3, 300), (5, 800)).id),
        "delivery_id": str(session.scalar(select(Delivery.id).where(Delivery.shop_id == shop.id))),
        "shop_hook_id": str(hook.id),
        "shop_call_id": str(session.scalar(select(HookDelivery.id).where(HookDelivery.endpoint_id == hook.id))),
        "material_id": str(material.id),
        "question_id": str(questions_of(shop.id)[0].id),
        "membership_id": str(merchant.membership_id),
        "link_id": public_id(link),
        "key_id": str(session.scalar(select(ApiKey.id).where(ApiKey.shop_id == shop.id))),
    }
    session.rollback()
    return Market(stall, merchant, ids | {f"{status}_id": ident for status, ident in commissions.items()})
