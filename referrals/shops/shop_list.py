"""The shops as staff see them, with their salespeople counted."""

from sqlalchemy import func, select

from referrals.listing import Listing, Shape, Wish
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, Shop, ShopHost
from referrals.shops.queries import visible_to

ACTIVE = (
    select(func.count())
    .select_from(Salesperson)
    .where(Salesperson.shop_id == Shop.id, Salesperson.status == "active")
    .scalar_subquery()
)
HOST = select(ShopHost.host).where(ShopHost.shop_id == Shop.id, ShopHost.position == 0).limit(1).scalar_subquery()


class ShopList(Listing):
    """The shops that the viewer may see."""

    shape = Shape(
        keys={"name": Shop.name_key, "since": Shop.created_at, "currency": Shop.currency},
        default="name",
        ident=Shop.id,
        searched=Shop.name_key,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        columns = (Shop.slug, Shop.name, Shop.currency, Shop.created_at)
        counted = (ACTIVE.label("salespeople"), HOST.label("host"))
        super().__init__(wish, select(*columns, *counted).where(visible_to(viewer)))
