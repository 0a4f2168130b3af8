"""What shops are called, for whoever belongs to them."""

from collections.abc import Iterable

from sqlalchemy import select

from referrals.db import session
from referrals.shops.models import Shop


def names_of_shops(ids: Iterable[int | None]) -> dict[int, str]:
    """The names of these shops; one query."""
    wanted = {shop_id for shop_id in ids if shop_id is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Shop.id, Shop.name).where(Shop.id.in_(wanted)))
    return {shop_id: name for shop_id, name in rows}
