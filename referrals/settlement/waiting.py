"""How much waits for the merchant where; one query, for every page."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import InstrumentedAttribute

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.models import Delivery
from referrals.settlement.models import Withdrawal
from referrals.shops.models import Salesperson, Shop

MOST = 1000


@dataclass(frozen=True)
class Waiting:
    """Counts, each of at most MOST: nobody reads more, and counting on takes its time."""

    applications: int
    pending: int
    by_hand: int
    withdrawals: int
    parked: int


def waiting_in(shop: Shop) -> Waiting:
    """What waits in a shop."""
    by_hand = (Commission.by_hand_due_minor != 0) | (Commission.status == "by_hand")
    row = session.execute(
        select(
            counted(Salesperson.id, Salesperson.shop_id == shop.id, Salesperson.status == "applied"),
            counted(Commission.id, Commission.shop_id == shop.id, Commission.status == "pending"),
            counted(Commission.id, Commission.shop_id == shop.id, by_hand),
            counted(Withdrawal.id, Withdrawal.shop_id == shop.id, Withdrawal.status == "requested"),
            counted(Delivery.id, Delivery.shop_id == shop.id, Delivery.status == "parked"),
        )
    ).one()
    return Waiting(*row)


def counted(ident: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    found = select(ident).where(*conditions).limit(MOST).subquery()
    return select(func.count()).select_from(found).scalar_subquery()
