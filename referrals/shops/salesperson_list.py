"""The salespeople of a shop as other programs list them."""

from sqlalchemy import select

from referrals.listing import Listing, Shape, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson
from referrals.shops.queries import visible_salespeople


class SalespersonList(Listing):
    """The salespeople of a shop, the newest first; found by what they are called."""

    shape = Shape(
        keys={
            "created": Salesperson.created_at,
            "joined": Salesperson.joined_at,
            "name": Person.called_key,
            "status": Salesperson.status,
        },
        default="-created",
        ident=Salesperson.id,
        searched=Person.called_key,
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
