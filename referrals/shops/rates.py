"""Rates of their own for products, salespeople and groups; each change has a start time (`SPEC §5`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import NotFound
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.shops.history import latest_order, refuse_to_change_history
from referrals.shops.models import RateOverride, Salesperson, SalespersonGroup, Shop, ShopProduct
from referrals.shops.settings import checked_number

TARGETS = {"product": ShopProduct, "salesperson": Salesperson, "group": SalespersonGroup}


def set_rate(
    shop: Shop,
    kind: str,
    target_id: int,
    rate_bp: int | None,
    *,
    effective_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> RateOverride | None:
    """Give a product, salesperson or group of a shop a rate of its own from a moment on; None ends it.

    Answers None where that rate is in force then already. Raises NotARate, NotFound, and HistoryExists for a past
    moment that orders came after.
    """
    by.require("manage")
    if rate_bp is not None:
        checked_number("rate_bp", rate_bp)
    table: Any = TARGETS[kind]
    if session.scalar(select(table.id).where(table.id == target_id, table.shop_id == shop.id)) is None:
        raise NotFound
    effective_at = effective_at or at
    lock_names([f"rate:{shop.id}:{kind}:{target_id}"])
    if own_rate(shop.id, kind, target_id, effective_at) == rate_bp:
        return None
    refuse_to_change_history(latest_order(shop.id), effective_at, at=at)
    override = RateOverride(
        shop_id=shop.id,
        kind=kind,
        target_id=target_id,
        rate_bp=rate_bp,
        effective_at=effective_at,
        created_at=at,
        by_person_id=by.person_id,
    )
    session.add(override)
    session.flush()
    audit.record("rate_set", by=by, at=at, subject=shop.slug, kind=kind, target=str(target_id), rate_bp=rate_bp)
    return override


def own_rate(shop_id: int, kind: str, target_id: int, t: datetime) -> int | None:
    """The rate that a product, salesperson or group has of its own at a moment, in basis points; None for none."""
    return session.scalar(
        select(RateOverride.rate_bp)
        .where(RateOverride.shop_id == shop_id, RateOverride.kind == kind, RateOverride.target_id == target_id)
        .where(RateOverride.effective_at <= t)
        .order_by(RateOverride.effective_at.desc(), RateOverride.id.desc())
        .limit(1)
    )


def own_rates(shop_id: int, kind: str, t: datetime) -> dict[int, int]:
    """The rates that products, salespeople or groups of a shop have of their own at a moment, by whose they are."""
    overrides = session.execute(
        select(RateOverride.target_id, RateOverride.rate_bp)
        .where(RateOverride.shop_id == shop_id, RateOverride.kind == kind, RateOverride.effective_at <= t)
        .order_by(RateOverride.effective_at, RateOverride.id)
    )
    latest = {override.target_id: override.rate_bp for override in overrides}
    return {target_id: rate_bp for target_id, rate_bp in latest.items() if rate_bp is not None}
