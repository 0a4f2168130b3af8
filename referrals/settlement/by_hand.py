"""What merchant and salesperson settle between themselves (`SPEC §8`, §9 and §10: by hand)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.commissions.news import tell_state
from referrals.commissions.operations import hold_settlement, mark_settled
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.ledger.operations import (
    OUTSIDE,
    STORE,
    AccountName,
    Draft,
    InsufficientBalance,
    Owner,
    post_entry,
    salesperson,
)
from referrals.money import AmountTooLarge
from referrals.people.rules import Actor
from referrals.settlement.models import ByHandSettlement
from referrals.wording import N_

WAYS = ("balance", "outside")
Postings = tuple[tuple[AccountName, int], ...]


class NothingByHand(RuleBroken):
    """There is nothing about this commission to settle by hand."""

    sentence = N_("Nothing about this commission is left to settle by hand.")


class WrongDirection(RuleBroken):
    """The amount goes the other way than what is suggested."""

    sentence = N_(
        "This amount goes the wrong way: it is positive where the salesperson receives money, and negative where they "
        "give something back."
    )


class UnknownWay(RuleBroken):
    """Neither from the balance nor outside."""

    sentence = N_("Say whether this is paid from the balance or outside.")


def settle_by_hand(
    commission: Commission, amount_minor: int, *, paid_from: str, note: str = "", by: Actor, at: datetime
) -> ByHandSettlement:
    """Record what was agreed on, and book it: from the store balance, or as money that passed outside.

    A commission on the by-hand list is settled with that; on a settled one the difference is dealt with. Raises
    NothingByHand, WrongDirection, UnknownWay, InsufficientBalance, and AmountTooLarge where more would be given back
    than was received.
    """
    by.require("finance")
    if paid_from not in WAYS:
        raise UnknownWay(field="paid_from")
    hold_settlement(commission.shop_id)
    session.refresh(commission)
    refuse_impossible(commission, amount_minor)
    made = ByHandSettlement(
        commission_id=commission.id,
        at=at,
        by_person_id=by.person_id,
        suggested_minor=commission.by_hand_due_minor,
        amount_minor=amount_minor,
        paid_from=paid_from,
        note=note,
    )
    session.add(made)
    session.flush()
    if amount_minor:
        book(commission, made)
    if was_open := commission.status == "by_hand":
        mark_settled(commission, at=at)
        # An earlier run may have found nothing to earn; it is not what settled it.
        commission.amount_minor, commission.run_id = amount_minor, None
    commission.by_hand_base_minor = commission.suggested_minor
    commission.by_hand_due_minor = 0
    session.flush()
    if was_open:
        tell_state(commission, at=at)
    return made


def refuse_impossible(commission: Commission, amount_minor: int) -> None:
    due = commission.by_hand_due_minor
    if commission.status != "by_hand" and due == 0:
        raise NothingByHand(field="amount")
    receives = commission.status == "by_hand" or due > 0
    if (receives and amount_minor < 0) or (not receives and amount_minor > 0):
        raise WrongDirection(field="amount")
    if amount_minor < 0 and -amount_minor > received(commission):
        raise AmountTooLarge(field="amount")


def received(commission: Commission) -> int:
    """What the salesperson got of a commission so far, from runs and by hand, less what went back."""
    by_run = commission.amount_minor if commission.run_id is not None else 0
    by_hand = sum(made.amount_minor for made in by_hand_settlements(commission))
    return by_run + by_hand - commission.clawed_back_minor


def book(commission: Commission, made: ByHandSettlement) -> None:
    owner = Owner("shop", commission.shop_id, commission.currency)
    draft = Draft(
        "by_hand",
        f"by_hand:{made.id}",
        postings_of(commission, made),
        made.at,
        about=f"commission:{commission.id}",
        by_person_id=made.by_person_id,
    )
    try:
        post_entry(owner, draft)
    except InsufficientBalance:
        raise InsufficientBalance(field="amount") from None


def postings_of(commission: Commission, made: ByHandSettlement) -> Postings:
    """From the balance one pair; outside two, in and out again, so that the balances stay as they are (`SPEC §11`)."""
    theirs, amount = salesperson(commission.salesperson_id), made.amount_minor
    if made.paid_from == "balance":
        return ((STORE, -amount), (theirs, amount))
    return ((OUTSIDE, -amount), (theirs, amount), (theirs, -amount), (OUTSIDE, amount))


def by_hand_settlements(commission: Commission) -> Sequence[ByHandSettlement]:
    """What was settled by hand about a commission, the earliest first."""
    return session.scalars(
        select(ByHandSettlement).where(ByHandSettlement.commission_id == commission.id).order_by(ByHandSettlement.id)
    ).all()
