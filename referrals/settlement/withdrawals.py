"""Withdrawals: a salesperson asks, the amount is reserved, the merchant pays or refuses (`SPEC §10`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, false, select, true

from referrals.db import lock_names, session
from referrals.errors import NotFound, RuleBroken
from referrals.ledger.operations import OUTSIDE, AccountName, Draft, Owner, post_entry, reserved, salesperson
from referrals.ledger.queries import balance
from referrals.money import Money, plain
from referrals.outbox.hooks import announce_all, money_json, rfc3339
from referrals.people.rules import Actor
from referrals.settlement.balance import refuse_nothing
from referrals.settlement.lifecycle import WITHDRAWAL
from referrals.settlement.models import Withdrawal
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import settings_of
from referrals.wording import N_


class MoreThanBalance(RuleBroken):
    """Nobody withdraws more than they have."""

    sentence = N_("This is more than the balance of %(balance)s %(currency)s.")


class BelowMinimum(RuleBroken):
    """The shop pays out from a certain amount on."""

    sentence = N_("The smallest amount that can be withdrawn is %(minimum)s %(currency)s.")


class WithdrawalWaits(RuleBroken):
    """Withdrawals of suspended salespeople wait."""

    sentence = N_("This salesperson is suspended. Their withdrawals wait until they are active again.")


class RefusalNeedsReason(RuleBroken):
    """The salesperson reads why."""

    sentence = N_("Please say why; the salesperson reads it.")


class NegativeFee(RuleBroken):
    """A fee is nothing or more."""

    sentence = N_("A fee cannot be less than zero.")


def request_withdrawal(
    asking: Salesperson, amount_minor: int, *, method: str = "", details_locked: str = "", by: Actor, at: datetime
) -> Withdrawal:
    """Ask for money to be paid out; it is reserved at once. `details_locked`: where to, locked by the caller.

    Raises AmountNotPositive, MoreThanBalance, BelowMinimum.
    """
    may_ask(asking, by)
    refuse_nothing(amount_minor)
    shop = session.get_one(Shop, asking.shop_id)
    lock_names([f"balance:{asking.id}"])
    refuse_amount(shop, asking, amount_minor, at=at)
    made = Withdrawal(
        shop_id=shop.id,
        salesperson_id=asking.id,
        amount_minor=amount_minor,
        currency=shop.currency,
        status="requested",
        method=method,
        details_locked=details_locked,
        requested_at=at,
    )
    session.add(made)
    session.flush()
    move(made, "withdrawal", salesperson(asking.id), reserved(asking.id), by=by, at=at)
    tell("withdrawal.requested", made, at=at)
    return made


def may_ask(asking: Salesperson, by: Actor) -> None:
    if by.salesperson_id is None:
        by.require("finance")
    elif by.salesperson_id != asking.id:
        raise NotFound


def refuse_amount(shop: Shop, asking: Salesperson, amount_minor: int, *, at: datetime) -> None:
    held = balance(Owner("shop", shop.id, shop.currency), salesperson(asking.id))
    if amount_minor > held:
        raise MoreThanBalance(field="amount", balance=plain(Money(held, shop.currency)), currency=shop.currency)
    minimum = settings_of(shop.id).at(at).minimum_withdrawal_minor
    if amount_minor < minimum:
        raise BelowMinimum(field="amount", minimum=plain(Money(minimum, shop.currency)), currency=shop.currency)


def pay_withdrawal(withdrawal: Withdrawal, *, fee_minor: int = 0, reference: str = "", by: Actor, at: datetime) -> None:
    """The merchant paid it. Raises WithdrawalWaits, NegativeFee, and IllegalMove when it was decided before."""
    by.require("finance")
    if fee_minor < 0:
        raise NegativeFee(field="fee")
    lock(withdrawal)
    if session.get_one(Salesperson, withdrawal.salesperson_id, populate_existing=True).status == "suspended":
        raise WithdrawalWaits
    decide(withdrawal, "paid", by=by, at=at)
    withdrawal.fee_minor, withdrawal.payment_reference = fee_minor, reference
    move(withdrawal, "withdrawal_paid", reserved(withdrawal.salesperson_id), OUTSIDE, by=by, at=at)
    tell("withdrawal.paid", withdrawal, at=at)


def refuse_withdrawal(withdrawal: Withdrawal, reason: str, *, by: Actor, at: datetime) -> None:
    """The merchant does not pay; the money is the salesperson's again. Raises RefusalNeedsReason, IllegalMove."""
    by.require("finance")
    if not reason.strip():
        raise RefusalNeedsReason(field="reason")
    lock(withdrawal)
    decide(withdrawal, "refused", by=by, at=at)
    withdrawal.reason = reason.strip()
    theirs = withdrawal.salesperson_id
    move(withdrawal, "withdrawal_refused", reserved(theirs), salesperson(theirs), by=by, at=at)
    tell("withdrawal.refused", withdrawal, at=at)


def lock(withdrawal: Withdrawal) -> None:
    session.refresh(withdrawal, with_for_update=True)


def decide(withdrawal: Withdrawal, target: str, *, by: Actor, at: datetime) -> None:
    WITHDRAWAL.move(withdrawal, target)
    withdrawal.decided_at, withdrawal.decided_by_id = at, by.person_id


def move(
    withdrawal: Withdrawal, kind: str, source: AccountName, target: AccountName, *, by: Actor, at: datetime
) -> None:
    amount = withdrawal.amount_minor
    draft = Draft(
        kind,
        f"{kind}:{withdrawal.id}",
        ((source, -amount), (target, amount)),
        at,
        about=f"withdrawal:{withdrawal.id}",
        by_person_id=by.person_id,
    )
    post_entry(Owner("shop", withdrawal.shop_id, withdrawal.currency), draft)
    session.flush()


def tell(event: str, withdrawal: Withdrawal, *, at: datetime) -> None:
    shop_id = withdrawal.shop_id
    announce_all(event, lambda: [as_json(withdrawal)], owner=("shop", shop_id), at=at)


def as_json(withdrawal: Withdrawal) -> dict[str, Any]:
    """A withdrawal as programs outside read of it; never where the money goes."""
    return {
        "id": str(withdrawal.id),
        "shop": session.get_one(Shop, withdrawal.shop_id).slug,
        "salesperson": str(withdrawal.salesperson_id),
        "status": withdrawal.status,
        "amount": money_json(withdrawal.amount_minor, withdrawal.currency),
        "fee": money_json(withdrawal.fee_minor, withdrawal.currency),
        "requested_at": rfc3339(withdrawal.requested_at),
    }


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all withdrawals, a shop's members and keys those of the shop, salespeople their own."""
    if viewer.salesperson_id is not None:
        return Withdrawal.salesperson_id == viewer.salesperson_id
    if not viewer.may("view_shop"):
        return false()
    return true() if viewer.is_staff else Withdrawal.shop_id == (viewer.shop_id or 0)


def get_withdrawal(viewer: Actor, withdrawal_id: int | None) -> Withdrawal:
    """The withdrawal with this id, if the viewer may see it; raises NotFound."""
    found = session.scalar(select(Withdrawal).where(Withdrawal.id == (withdrawal_id or 0), visible_to(viewer)))
    if found is None:
        raise NotFound
    return found
