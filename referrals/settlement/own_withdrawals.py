"""The withdrawals of the salesperson who looks, and what became of each."""

from sqlalchemy import func, select

from referrals.db import session
from referrals.ledger.operations import Owner, reserved
from referrals.ledger.queries import balance
from referrals.listing import Listing, Shape, Wish
from referrals.people.rules import Actor
from referrals.settlement.models import Withdrawal
from referrals.settlement.withdrawals import visible_to


class OwnWithdrawals(Listing):
    """What a salesperson asked to be paid out."""

    shape = Shape(
        keys={"requested": Withdrawal.requested_at, "amount": Withdrawal.amount_minor, "status": Withdrawal.status},
        default="-requested",
        ident=Withdrawal.id,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        statement = select(
            Withdrawal.amount_minor,
            Withdrawal.currency,
            Withdrawal.status,
            Withdrawal.method,
            Withdrawal.requested_at,
            Withdrawal.decided_at,
            Withdrawal.payment_reference,
            Withdrawal.reason,
        ).where(visible_to(viewer), Withdrawal.salesperson_id == viewer.salesperson_id)
        if wish.get("status"):
            statement = statement.where(Withdrawal.status == wish.get("status"))
        super().__init__(wish, statement)


def reserved_for(owner: Owner, salesperson_id: int) -> int:
    """What a salesperson asked for and has not got yet."""
    return balance(owner, reserved(salesperson_id))


def count_open(viewer: Actor) -> int:
    """How many withdrawals wait for the merchant."""
    asked = select(func.count(Withdrawal.id)).where(
        Withdrawal.salesperson_id == viewer.salesperson_id, Withdrawal.status == "requested"
    )
    return session.scalar(asked) or 0
