"""What the merchant put into the store balance and took out of it, the newest first."""

from sqlalchemy import func, select

from referrals.db import KeyText
from referrals.listing import Listing, Shape, Statement, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.settlement.models import TopUp
from referrals.shops.models import Shop
from referrals.shops.queries import visible_to


class TopUpList(Listing):
    """The top-ups and pay-backs of a shop that the viewer may see."""

    shape = Shape(
        keys={"at": TopUp.at, "amount": TopUp.amount_minor, "kind": TopUp.kind},
        default="-at",
        ident=TopUp.id,
        searched=func.lower(TopUp.external_id + "\n" + TopUp.note, type_=KeyText),
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        columns = (
            TopUp.id, TopUp.kind, TopUp.external_id, TopUp.amount_minor, TopUp.note, TopUp.at, Person.name,
            Shop.currency,
        )  # fmt: skip
        statement: Statement = (
            select(*columns)
            .join(Shop, Shop.id == TopUp.shop_id)
            .outerjoin(Person, Person.id == TopUp.by_person_id)
            .where(TopUp.shop_id == shop.id, visible_to(viewer))
        )
        if wish.get("kind") in ("top_up", "pay_back"):
            statement = statement.where(TopUp.kind == wish.get("kind"))
        super().__init__(wish, statement)
