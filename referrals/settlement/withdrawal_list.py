"""The withdrawals of a shop's salespeople, the open ones and what became of the others."""

from sqlalchemy import func, select

from referrals.db import KeyText
from referrals.listing import Listing, Shape, Wish
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.settlement.models import Withdrawal
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import visible_to


class WithdrawalList(Listing):
    """The withdrawals of a shop that the viewer may see."""

    shape = Shape(
        keys={
            "requested": Withdrawal.requested_at,
            "salesperson": Person.called_key,
            "amount": Withdrawal.amount_minor,
            "status": Withdrawal.status,
        },
        default="-requested",
        ident=Withdrawal.id,
        searched=Person.called_key + "\n" + func.lower(Withdrawal.payment_reference, type_=KeyText),
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        columns = (
            Withdrawal.id,
            Withdrawal.amount_minor,
            Withdrawal.currency,
            Withdrawal.status,
            Withdrawal.method,
            Withdrawal.requested_at,
            Withdrawal.decided_at,
            Withdrawal.fee_minor,
            Withdrawal.payment_reference,
            Withdrawal.reason,
            Withdrawal.salesperson_id,
            Salesperson.status.label("salesperson_status"),
            Person.nickname,
            Person.phone,
        )
        statement = (
            select(*columns)
            .join(Shop, Shop.id == Withdrawal.shop_id)
            .join(Salesperson, Salesperson.id == Withdrawal.salesperson_id)
            .join(Person, Person.id == Salesperson.person_id)
            .where(Withdrawal.shop_id == shop.id, visible_to(viewer))
        )
        if wish.get("status"):
            statement = statement.where(Withdrawal.status == wish.get("status"))
        super().__init__(wish, statement)
