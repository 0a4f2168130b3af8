"""Who may act for a shop, as those who manage it see them."""

from sqlalchemy import func, select

from referrals.db import KeyText
from referrals.listing import Listing, Shape, Wish
from referrals.people.models import Membership, Person
from referrals.people.queries import visible_memberships
from referrals.people.rules import Actor


class MerchantList(Listing):
    """The merchant members of a shop that the viewer may see."""

    shape = Shape(
        keys={
            "name": Person.name_key,
            "email": func.coalesce(Person.email, "", type_=KeyText),
            "status": Membership.status,
            "since": Membership.created_at,
        },
        default="name",
        ident=Membership.id,
        searched=Person.search_text,
    )

    def __init__(self, viewer: Actor, shop_id: int, wish: Wish) -> None:
        columns = (Membership.id, Membership.status, Membership.manage, Membership.finance, Membership.created_at)
        statement = (
            select(*columns, Person.name, Person.email)
            .join(Person, Person.id == Membership.person_id)
            .where(visible_memberships(viewer), Membership.shop_id == shop_id, Membership.role == "merchant")
        )
        if wish.get("status"):
            statement = statement.where(Membership.status == wish.get("status"))
        super().__init__(wish, statement)
