"""What a shop's programs hear of its commissions (`SPEC §14`)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.db import among, session
from referrals.listing import AnyRow
from referrals.outbox.hooks import announce_all, money_json
from referrals.shops.models import Shop

# The states of which programs are told as they are reached.
TOLD = {"pending": "commission.pending", "void": "commission.void", "settled": "commission.settled"}


def tell_state(commission: Commission, *, at: datetime) -> None:
    """A commission reached its state; of one that waits to be settled by hand nobody is told."""
    if commission.status in TOLD:
        tell(TOLD[commission.status], commission, at=at)


def tell_clawback(commission: Commission, more_minor: int, *, at: datetime) -> None:
    """A refund took back another part of a settled commission."""
    tell("commission.clawed_back", commission, at=at, taken_back=money_json(more_minor, commission.currency))


def tell_gone(commission: Commission, *, at: datetime) -> None:
    """The order of an unsettled commission belongs to no salesperson any more."""
    tell("commission.void", commission, at=at, status="void", reason="unattributed")


def tell(event: str, commission: Commission, *, at: datetime, **more: Any) -> None:
    shop_id = commission.shop_id
    announce_all(event, lambda: [as_json(commission, slug_of(shop_id)) | more], owner=("shop", shop_id), at=at)


def tell_of_many(status: str, shop_id: int, ids: Sequence[int], *, at: datetime) -> None:
    """All these commissions reached a state by one statement. They are read only if somebody listens."""
    if ids:
        announce_all(TOLD[status], lambda: read(shop_id, ids), owner=("shop", shop_id), at=at)


def read(shop_id: int, ids: Sequence[int]) -> Iterable[dict[str, Any]]:
    slug = slug_of(shop_id)
    table = Commission.__table__.c
    rows = session.execute(select(*table).where(among(table.id, ids)).order_by(table.due_at, table.order_key, table.id))
    return (as_json(row, slug) for row in rows)


def slug_of(shop_id: int) -> str:
    return session.get_one(Shop, shop_id).slug


def as_json(commission: Commission | AnyRow, slug: str) -> dict[str, Any]:
    """A commission as programs outside read of it; takes rows too."""
    return {
        "id": str(commission.id),
        "shop": slug,
        "order": commission.order_key,
        "salesperson": str(commission.salesperson_id),
        "status": commission.status,
        "reason": commission.reason,
        "amount": money_json(commission.amount_minor, commission.currency),
        "clawed_back": money_json(commission.clawed_back_minor, commission.currency),
    }
