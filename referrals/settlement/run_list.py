"""The settlement runs of a shop, the newest first."""

from sqlalchemy import select

from referrals.listing import Listing, Shape, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.settlement.models import SettlementRun
from referrals.shops.models import Shop
from referrals.shops.queries import visible_to


class RunList(Listing):
    """The runs of a shop that the viewer may see."""

    shape = Shape(
        keys={
            "started": SettlementRun.started_at,
            "as_of": SettlementRun.as_of,
            "settled": SettlementRun.settled,
            "amount": SettlementRun.settled_minor,
        },
        default="-started",
        ident=SettlementRun.id,
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        columns = (
            SettlementRun.id,
            SettlementRun.as_of,
            SettlementRun.started_at,
            SettlementRun.started_by,
            SettlementRun.status,
            SettlementRun.finished_at,
            SettlementRun.settled,
            SettlementRun.settled_minor,
            SettlementRun.left,
            SettlementRun.void,
            SettlementRun.failed,
            Person.name,
        )
        statement = (
            select(*columns)
            .join(Shop, Shop.id == SettlementRun.shop_id)
            .outerjoin(Person, Person.id == SettlementRun.by_person_id)
            .where(SettlementRun.shop_id == shop.id, visible_to(viewer))
        )
        if wish.get("status"):
            statement = statement.where(SettlementRun.status == wish.get("status"))
        super().__init__(wish, statement)
