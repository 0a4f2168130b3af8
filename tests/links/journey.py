"""A shop with two salespeople, and buyers who click, are named and ask, at hours counted from one moment."""

from datetime import datetime, timedelta

from referrals.db import session
from referrals.links.joins import CustomerKeys
from referrals.links.models import Click, Customer, Link
from referrals.links.operations import identify, record_click
from referrals.links.queries import binding_at, relations_of
from referrals.links.sharing import share
from referrals.shops.models import Salesperson, Shop
from tests.shops_making import ShopMaking


class Journey:
    """What buyers of one shop do. Hours before `shops.at` are negative; things are learned when they happen."""

    def __init__(self, shops: ShopMaking, shop: Shop | None = None, **settings: object) -> None:
        self.shops = shops
        self.shop = shop or shops.shop(**settings)
        self.people = {"anna": shops.salesperson(self.shop), "ben": shops.salesperson(self.shop)}
        self.links: dict[str, Link] = {}
        for name, person in self.people.items():
            self.links[name] = share(person, "shop", shared_at=self.hour(-1000), at=shops.at)
        session.commit()

    @property
    def anna(self) -> Salesperson:
        return self.people["anna"]

    @property
    def ben(self) -> Salesperson:
        return self.people["ben"]

    def hour(self, hour: float) -> datetime:
        return self.shops.at + timedelta(hours=hour)

    def click(self, name: str, visitor: str, hour: float, *, learned: float | None = None) -> Click:
        click = record_click(
            self.links[name],
            visitor=visitor,
            occurred_at=self.hour(hour),
            source="api",
            at=self.hour(hour if learned is None else learned),
        )
        session.commit()
        return click

    def named(
        self, hour: float, *, visitor: str | None = None, ref: str | None = None, learned: float | None = None,
        **keys: str,
    ) -> Customer:  # fmt: skip
        customer = identify(
            self.shop.id,
            CustomerKeys(**keys),
            visitor=visitor,
            ref=ref,
            occurred_at=self.hour(hour),
            source="api",
            at=self.hour(hour if learned is None else learned),
        )
        session.commit()
        return customer

    def whose(self, customer: Customer, hour: float) -> str | None:
        """The name of the salesperson whose customer this is."""
        binding = binding_at(customer.id, self.hour(hour))
        return None if binding is None else self.name(binding.salesperson_id)

    def name(self, salesperson_id: int) -> str:
        return next(name for name, person in self.people.items() if person.id == salesperson_id)

    def told(self, customer: Customer) -> list[tuple[str, float, float | None]]:
        """The relations known now, as (name, from hour, until hour)."""
        return [(self.name(one.salesperson_id), self.count(one.from_at), self.count(one.until_at))
                for one in relations_of(customer.id)]  # fmt: skip

    def count(self, moment: datetime | None) -> float | None:
        return None if moment is None else (moment - self.shops.at) / timedelta(hours=1)
