"""Lists of a shop's own things, sorted, searched and paged like every list."""

from sqlalchemy import func, select

from referrals.db import KeyText
from referrals.listing import Listing, Shape, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import GroupBuy, Salesperson, Shop, ShopProduct
from referrals.shops.queries import visible_salespeople, visible_to


class SalespersonList(Listing):
    """The salespeople of a shop, the newest first; found by nickname."""

    shape = Shape(
        keys={
            "created": Salesperson.created_at,
            "joined": Salesperson.joined_at,
            "name": func.lower(Person.nickname, type_=KeyText),
            "status": Salesperson.status,
        },
        default="-created",
        ident=Salesperson.id,
        searched=func.lower(Person.nickname, type_=KeyText),
    )

    def __init__(self, viewer: Actor, shop_id: int, wish: Wish) -> None:
        statement = (
            select(
                Salesperson.id,
                Salesperson.code,
                Salesperson.status,
                Salesperson.email,
                Salesperson.coupon_code,
                Salesperson.joined_at,
                Person.nickname,
                Person.phone,
            )
            .join(Person, Person.id == Salesperson.person_id)
            .where(Salesperson.shop_id == shop_id, visible_salespeople(viewer))
        )
        if wish.get("status"):
            statement = statement.where(Salesperson.status == wish.get("status"))
        super().__init__(wish, statement)


class ProductList(Listing):
    """The products of a shop, by title."""

    shape = Shape(
        keys={"title": ShopProduct.title_key, "sku": ShopProduct.sku, "created": ShopProduct.created_at},
        default="title",
        ident=ShopProduct.id,
        searched=ShopProduct.title_key,
    )

    def __init__(self, viewer: Actor, shop_id: int, wish: Wish) -> None:
        statement = (
            select(ShopProduct.id, ShopProduct.sku, ShopProduct.title, ShopProduct.url, ShopProduct.created_at)
            .join(Shop, Shop.id == ShopProduct.shop_id)
            .where(ShopProduct.shop_id == shop_id, visible_to(viewer))
        )
        super().__init__(wish, statement)


class GroupBuyList(Listing):
    """The group-buys of a shop, the newest first."""

    shape = Shape(
        keys={"created": GroupBuy.created_at, "title": GroupBuy.title_key},
        default="-created",
        ident=GroupBuy.id,
        searched=GroupBuy.title_key,
    )

    def __init__(self, viewer: Actor, shop_id: int, wish: Wish) -> None:
        statement = (
            select(GroupBuy.id, GroupBuy.external_id, GroupBuy.title, GroupBuy.tiers, GroupBuy.created_at)
            .join(Shop, Shop.id == GroupBuy.shop_id)
            .where(GroupBuy.shop_id == shop_id, visible_to(viewer))
        )
        super().__init__(wish, statement)
