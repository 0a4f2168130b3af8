"""What a shop sells and shows: products, articles, group-buys; and the groups of its salespeople."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.money import LARGEST
from referrals.normal_form import normal_form
from referrals.people.rules import Actor
from referrals.shops.hosts import page_of
from referrals.shops.models import GroupBuy, SalespersonGroup, Shop, ShopArticle, ShopProduct
from referrals.shops.queries import LONGEST_KEY, find_article, find_product, group_buy
from referrals.shops.typed import cleaned
from referrals.wording import N_

LONGEST_TITLE = 300
MOST_TIERS = 50
MOST_ORDERS = 10**9


class NotAKey(RuleBroken):
    """The shop's own id of something is empty or too long."""

    sentence = N_("Write an id of at most 255 characters.")


class NotATitle(RuleBroken):
    """The title is empty or too long."""

    sentence = N_("Write a title of at most 300 characters.")


class NotTiers(RuleBroken):
    """The tiers make no sense."""

    sentence = N_("Each tier needs a number of orders, larger than the one before, and an amount of 0 or more.")


class GroupNameTaken(Conflict):
    """Another group of the shop has this name."""

    sentence = N_("There is already a group with this name.")


def put_product(shop: Shop, sku: str, *, title: str, url: str = "", by: Actor, at: datetime) -> ShopProduct:
    """Add a product or change one. Raises NotAKey, NotATitle, OffTheShop."""
    by.require("manage")
    sku = checked_key(sku, "sku")
    lock_names([f"product:{shop.id}:{sku}"])
    product = find_product(shop.id, sku)
    title, url = checked_title(title), page_of(shop, url) if url.strip() else ""
    if product is None:
        product = ShopProduct(shop_id=shop.id, sku=sku, created_at=at)
        session.add(product)
    product.title, product.title_key, product.url = title, normal_form(title), url
    session.flush()
    return product


def put_article(shop: Shop, external_id: str, *, title: str, url: str, by: Actor, at: datetime) -> ShopArticle:
    """Add a page that salespeople share, or change one. Raises NotAKey, NotATitle, OffTheShop."""
    by.require("manage")
    external_id = checked_key(external_id, "id")
    lock_names([f"article:{shop.id}:{external_id}"])
    article = find_article(shop.id, external_id)
    title, url = checked_title(title), page_of(shop, url)
    if article is None:
        article = ShopArticle(shop_id=shop.id, external_id=external_id, created_at=at)
        session.add(article)
    article.title, article.url = title, url
    session.flush()
    return article


def put_group_buy(
    shop: Shop, external_id: str, *, title: str, tiers: Iterable[tuple[int, int]], by: Actor, at: datetime
) -> GroupBuy:
    """Add a campaign or change one; tiers are pairs of orders and cashback per order. Raises NotTiers and the like."""
    by.require("manage")
    external_id = checked_key(external_id, "id")
    lock_names([f"group-buy:{shop.id}:{external_id}"])
    campaign = group_buy(shop.id, external_id)
    title, stored = checked_title(title), checked_tiers(list(tiers))
    if campaign is None:
        campaign = GroupBuy(shop_id=shop.id, external_id=external_id, created_at=at)
        session.add(campaign)
    campaign.title, campaign.title_key, campaign.tiers = title, normal_form(title), stored
    session.flush()
    return campaign


def add_group(shop: Shop, name: str, *, by: Actor, at: datetime) -> SalespersonGroup:
    """A new group of salespeople. Raises NotATitle, GroupNameTaken."""
    by.require("manage")
    group = SalespersonGroup(shop_id=shop.id, name=free_group_name(shop, name), created_at=at)
    session.add(group)
    session.flush()
    return group


def rename_group(shop: Shop, group: SalespersonGroup, name: str, *, by: Actor) -> None:
    """Call a group otherwise. Raises NotATitle, GroupNameTaken."""
    by.require("manage")
    group.name = free_group_name(shop, name, but=group.id)
    session.flush()


def get_group(shop_id: int, group_id: int) -> SalespersonGroup:
    """A group of a shop's salespeople; raises NotFound."""
    found = session.scalar(
        select(SalespersonGroup).where(SalespersonGroup.id == group_id, SalespersonGroup.shop_id == shop_id)
    )
    if found is None:
        raise NotFound
    return found


def free_group_name(shop: Shop, name: str, *, but: int = 0) -> str:
    name = checked_title(name, field="name")
    lock_names([f"groups:{shop.id}"])
    other = session.scalar(
        select(SalespersonGroup).where(SalespersonGroup.shop_id == shop.id, SalespersonGroup.name == name)
    )
    if other is not None and other.id != but:
        raise GroupNameTaken(field="name")
    return name


def checked_key(text: str, field: str) -> str:
    """A shop's own id of something, as it is stored."""
    key = cleaned(text, field)
    if not key or len(key) > LONGEST_KEY:
        raise NotAKey(field=field)
    return key


def checked_title(text: str, *, field: str = "title") -> str:
    title = cleaned(text, field)
    if not title or len(title) > LONGEST_TITLE:
        raise NotATitle(field=field)
    return title


def checked_tiers(tiers: Sequence[tuple[int, int]]) -> list[Any]:
    reached = 0
    for orders, cashback in tiers:
        if not reached < orders <= MOST_ORDERS or not 0 <= cashback <= LARGEST:
            raise NotTiers(field="tiers")
        reached = orders
    if len(tiers) > MOST_TIERS:
        raise NotTiers(field="tiers")
    return [[orders, cashback] for orders, cashback in tiers]
