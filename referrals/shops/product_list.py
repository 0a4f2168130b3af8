"""The products of a shop, each with the rate of its own that holds now."""

from datetime import datetime

from sqlalchemy import func, select

from referrals.listing import Listing, Shape, Wish
from referrals.people.rules import Actor
from referrals.shops.models import RateOverride, Shop, ShopProduct
from referrals.shops.queries import visible_to


class ProductList(Listing):
    """The products of a shop that the viewer may see."""

    shape = Shape(
        keys={"title": ShopProduct.title_key, "sku": ShopProduct.sku, "since": ShopProduct.created_at},
        default="title",
        ident=ShopProduct.id,
        searched=ShopProduct.title_key + "\n" + func.lower(ShopProduct.sku),
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish, *, at: datetime) -> None:
        own_rate = (
            select(RateOverride.rate_bp)
            .where(
                RateOverride.shop_id == shop.id,
                RateOverride.kind == "product",
                RateOverride.target_id == ShopProduct.id,
                RateOverride.effective_at <= at,
            )
            .order_by(RateOverride.effective_at.desc(), RateOverride.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        statement = (
            select(
                ShopProduct.id,
                ShopProduct.sku,
                ShopProduct.title,
                ShopProduct.url,
                ShopProduct.created_at,
                own_rate.label("rate_bp"),
            )
            .join(Shop, Shop.id == ShopProduct.shop_id)
            .where(ShopProduct.shop_id == shop.id, visible_to(viewer))
        )
        super().__init__(wish, statement)
