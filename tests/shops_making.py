"""Makes what tests of the salesperson programme need: shops, merchants, salespeople, keys; by the real operations."""

from datetime import datetime
from typing import Any

from referrals.db import session
from referrals.people.models import Membership, Person
from referrals.people.queries import actor_of
from referrals.people.rules import SHOP_PERMISSIONS, SYSTEM, Actor
from referrals.people.shop_members import add_merchant, find_membership
from referrals.people.sign_in import make_key
from referrals.shops.catalogue import add_group, put_article, put_group_buy, put_product
from referrals.shops.models import GroupBuy, Salesperson, SalespersonGroup, Shop, ShopArticle, ShopProduct
from referrals.shops.operations import create_shop
from referrals.shops.rates import set_rate
from referrals.shops.salespeople import add_salesperson, change_status, put_in_group
from referrals.shops.settings import change_settings
from tests.making import Making


class ShopMaking:
    """A workshop beside `Making`, bound to the same application and moment. Everything it makes is committed."""

    def __init__(self, make: Making) -> None:
        self.make = make
        self.app = make.app
        self.at = make.at

    def shop(self, slug: str = "", *, currency: str = "CNY", hosts: tuple[str, ...] = (), **settings: Any) -> Shop:
        """A shop whose programme is on since a moment long ago; `settings` hold from then on too."""
        number = next(self.make.numbers)
        slug = slug or f"shop-{number}"
        shop = create_shop(
            slug,
            f"Shop {number}",
            currency,
            hosts or (f"{slug}.example.org",),
            by=SYSTEM,
            at=self.make.later(days=-400),
        )
        session.commit()
        self.settings(shop, effective_at=self.make.later(days=-400), **({"programme": True} | settings))
        return shop

    def settings(self, shop: Shop, *, effective_at: datetime | None = None, **changes: Any) -> None:
        """Change settings, from now on or from `effective_at`."""
        change_settings(shop, changes, effective_at=effective_at, by=SYSTEM, at=self.at)
        session.commit()

    def merchant(self, shop: Shop, permissions: frozenset[str] = frozenset(SHOP_PERMISSIONS), **person: Any) -> Actor:
        made = self.make.person(**person)
        membership = add_merchant(made, shop.id, permissions, by=SYSTEM, at=self.at)
        session.commit()
        return actor_of(made, membership, None)

    def salesperson(self, shop: Shop, phone: str = "", **more: Any) -> Salesperson:
        """A salesperson, active since a moment long ago unless `joined_at` or `status` say otherwise."""
        number = next(self.make.numbers)
        values = {"joined_at": self.make.later(days=-300)} | more
        made = add_salesperson(shop, phone or f"+4860070{number:04}", by=SYSTEM, at=self.at, **values)
        session.commit()
        return made

    def seller(self, salesperson: Salesperson) -> Actor:
        """Who acts when a salesperson does."""
        person = session.get_one(Person, salesperson.person_id)
        membership: Membership | None = find_membership(person.id, salesperson.shop_id, "salesperson")
        return actor_of(person, membership, None)

    def status(self, salesperson: Salesperson, status: str, *, at: datetime | None = None) -> None:
        change_status(salesperson, status, effective_at=at, by=SYSTEM, at=max(at or self.at, self.at))
        session.commit()

    def key(self, shop: Shop) -> str:
        """The secret of an API key of a shop."""
        secret = make_key("shop", shop_id=shop.id, name="test", scopes=["shop"], by=SYSTEM, at=self.at)
        session.commit()
        return secret

    def actor(self, shop: Shop) -> Actor:
        """Who acts when a program with a key of the shop does."""
        return Actor(role="shop_key", shop_id=shop.id)

    def operator_key(self) -> str:
        """The secret of an operator's API key."""
        secret = make_key("operator", name="test", scopes=["operator"], by=SYSTEM, at=self.at)
        session.commit()
        return secret

    def product(self, shop: Shop, sku: str, *, rate_bp: int | None = None, url: str = "") -> ShopProduct:
        """A product, with a rate of its own since a moment long ago where one is given."""
        product = put_product(shop, sku, title=f"Product {sku}", url=url, by=SYSTEM, at=self.at)
        if rate_bp is not None:
            self.rate(shop, "product", product.id, rate_bp)
        session.commit()
        return product

    def rate(
        self, shop: Shop, kind: str, target_id: int, rate_bp: int | None, *, effective_at: datetime | None = None
    ) -> None:
        """A rate of its own, since a moment long ago or from `effective_at`."""
        since = effective_at or self.make.later(days=-400)
        set_rate(shop, kind, target_id, rate_bp, effective_at=since, by=SYSTEM, at=self.at)
        session.commit()

    def group(self, shop: Shop, *members: Salesperson, name: str = "") -> SalespersonGroup:
        """A group with these members since a moment long ago."""
        group = add_group(shop, name or f"Group {next(self.make.numbers)}", by=SYSTEM, at=self.at)
        for salesperson in members:
            put_in_group(salesperson, group, by=SYSTEM, at=self.make.later(days=-300))
        session.commit()
        return group

    def article(self, shop: Shop, external_id: str, url: str) -> ShopArticle:
        article = put_article(shop, external_id, title=f"Article {external_id}", url=url, by=SYSTEM, at=self.at)
        session.commit()
        return article

    def group_buy(self, shop: Shop, external_id: str, *tiers: tuple[int, int]) -> GroupBuy:
        """A campaign; tiers are pairs of orders and cashback in minor units."""
        made = put_group_buy(shop, external_id, title=f"Group-buy {external_id}", tiers=tiers, by=SYSTEM, at=self.at)
        session.commit()
        return made
