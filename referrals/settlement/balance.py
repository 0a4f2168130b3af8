"""The store balance: what it holds, what waits for it, and what the merchant puts in and takes out (`SPEC §9`, §10)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import case, func, select, update

from referrals.commissions.models import Commission
from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.ids import new_id
from referrals.ledger.operations import OUTSIDE, STORE, AccountName, Draft, InsufficientBalance, Owner, post_entry
from referrals.ledger.queries import balance as balance_of
from referrals.people.rules import Actor
from referrals.settlement.campaigns import count_campaigns, facts_counted, outdated
from referrals.settlement.due import PENDING
from referrals.settlement.models import TopUp
from referrals.shops.models import Shop
from referrals.shops.queries import settings_of
from referrals.wording import N_

RUN_MINUTES = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class AmountNotPositive(RuleBroken):
    """Money that moves is more than nothing."""

    sentence = N_("The amount must be more than zero.")


class OtherTopUp(Conflict):
    """A top-up with this id is booked with other content."""

    sentence = N_("A top-up with this id is booked already, with another amount or note.")


@dataclass(frozen=True)
class Outlook:
    """How the store balance stands. `due`: what a run now would settle with enough balance; `due_count` of it.

    `shortfall` is the top-up that clears the whole list. `next_run_at`: when the scheduler looks next; None where
    the merchant starts runs.
    """

    currency: str
    balance: int
    pending: int
    pending_count: int
    due: int
    due_count: int
    held_count: int
    failed_count: int
    next_run_at: datetime | None

    @property
    def shortfall(self) -> int:
        return max(0, self.due - self.balance)

    def missing(self, amount: int) -> int:
        """What the balance lacks to settle this amount alone."""
        return max(0, amount - self.balance)


def outlook(shop: Shop, *, at: datetime) -> Outlook:
    """What the balance holds, what waits for it, and when."""
    owner = Owner("shop", shop.id, shop.currency)
    is_due = (Commission.due_at <= at) & (Commission.reason != "held")
    row = session.execute(
        select(
            func.coalesce(func.sum(Commission.amount_minor), 0).label("pending"),
            func.count().label("pending_count"),
            func.coalesce(func.sum(case((is_due, Commission.amount_minor), else_=0)), 0).label("due"),
            func.coalesce(func.sum(case((is_due, 1), else_=0)), 0).label("due_count"),
            func.coalesce(func.sum(case((Commission.reason == "held", 1), else_=0)), 0).label("held_count"),
            func.coalesce(func.sum(case((Commission.reason == "failed", 1), else_=0)), 0).label("failed_count"),
        ).where(PENDING, Commission.shop_id == shop.id)
    ).one()
    counts = {name: int(value) for name, value in row._mapping.items()}
    change = change_by_campaigns(shop.id, at=at)
    counts["due"] += change
    counts["pending"] += change
    automatic = settings_of(shop.id).at(at).auto_settle
    return Outlook(
        shop.currency, balance_of(owner, STORE), next_run_at=next_run_at(at) if automatic else None, **counts
    )


def change_by_campaigns(shop_id: int, *, at: datetime) -> int:
    """What group-buys that were counted or tiered anew change of the due amounts as they are stored."""
    campaigns = count_campaigns(shop_id)
    stored = outdated(shop_id, campaigns, due_by=at)
    known = facts_counted(shop_id, campaigns, list(stored))
    return sum(facts.earned().amount - stored[order_id] for order_id, facts in known.items())


def next_run_at(at: datetime) -> datetime:
    """When the scheduler looks next for what is due: on every third full minute."""
    rhythm = timedelta(minutes=RUN_MINUTES)
    return EPOCH + ((at - EPOCH) // rhythm + 1) * rhythm


class Booked(NamedTuple):
    """A top-up, and whether it is new."""

    top_up: TopUp
    fresh: bool


def top_up(shop: Shop, amount_minor: int, *, external_id: str = "", note: str = "", by: Actor, at: datetime) -> Booked:
    """Put money into the store balance, and ask for a run. The same id with the same content is booked once (P7).

    Raises AmountNotPositive, OtherTopUp.
    """
    by.require("finance")
    refuse_nothing(amount_minor)
    if external_id:
        lock_names([f"top-up:{shop.id}:{external_id}"])
        known = session.scalar(select(TopUp).where(TopUp.shop_id == shop.id, TopUp.external_id == external_id))
        if known is not None:
            if (known.kind, known.amount_minor, known.note) != ("top_up", amount_minor, note):
                raise OtherTopUp(field="id")
            return Booked(known, False)
    made = note_movement(shop, "top_up", amount_minor, external_id, note, by=by, at=at)
    book(shop, made, ((OUTSIDE, -amount_minor), (STORE, amount_minor)))
    if settings_of(shop.id).at(at).auto_settle:
        session.execute(update(Shop).where(Shop.id == shop.id).values(settle_wanted_at=at))
    return Booked(made, True)


def pay_back(shop: Shop, amount_minor: int, *, note: str = "", by: Actor, at: datetime) -> TopUp:
    """Take money out of the store balance again. Raises AmountNotPositive, InsufficientBalance."""
    by.require("finance")
    refuse_nothing(amount_minor)
    made = note_movement(shop, "pay_back", amount_minor, "", note, by=by, at=at)
    book(shop, made, ((STORE, -amount_minor), (OUTSIDE, amount_minor)))
    return made


def refuse_nothing(amount_minor: int) -> None:
    if amount_minor <= 0:
        raise AmountNotPositive(field="amount")


def note_movement(
    shop: Shop, kind: str, amount_minor: int, external_id: str, note: str, *, by: Actor, at: datetime
) -> TopUp:
    ident = new_id()
    made = TopUp(
        id=ident,
        shop_id=shop.id,
        kind=kind,
        external_id=external_id or f"{kind}:{ident}",
        amount_minor=amount_minor,
        note=note,
        at=at,
        by_person_id=by.person_id,
    )
    session.add(made)
    session.flush()
    return made


def book(shop: Shop, made: TopUp, postings: tuple[tuple[AccountName, int], ...]) -> None:
    owner = Owner("shop", shop.id, shop.currency)
    draft = Draft(
        made.kind,
        f"{made.kind}:{made.id}",
        postings,
        made.at,
        about=f"top_up:{made.id}",
        by_person_id=made.by_person_id,
    )
    try:
        post_entry(owner, draft)
    except InsufficientBalance:
        raise InsufficientBalance(field="amount") from None
