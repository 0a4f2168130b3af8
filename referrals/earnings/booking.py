"""Earnings in the books: each is one entry between the outside and the partner (`SPEC §11`)."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.ids import new_id
from referrals.ledger.models import LedgerEntry
from referrals.ledger.operations import OUTSIDE, PARTNER, Draft, Owner, hold_books, post_entry
from referrals.money import Money, plain
from referrals.outbox.hooks import announce, rfc3339
from referrals.partners.models import Referral
from referrals.people.rules import Actor


def hold_partners(partners: Iterable[tuple[int, str]]) -> None:
    """Hold the books of partners, pairs of id and currency, until the transaction ends; in order of their ids."""
    held = set()
    for partner_id, currency in sorted(partners):
        if partner_id not in held:
            hold_books(Owner("partner", partner_id, currency))
            held.add(partner_id)


def book(earning: Earning, *, by: Actor) -> Earning:
    """Store an earning that is not zero with its entry `earning:<id>`, and announce it."""
    session.add(earning)
    session.flush()
    draft = Draft(
        kind="payout_outside" if earning.kind == "paid_outside" else "earning",
        reference=f"earning:{earning.id}",
        postings=((OUTSIDE, -earning.amount_minor), (PARTNER, earning.amount_minor)),
        at=earning.earned_at,
        about=f"referral:{earning.referral_id}",
        by_person_id=by.person_id,
        corrects_id=entry_of(earning.reverses_id) if earning.reverses_id else None,
    )
    post_entry(Owner("partner", earning.partner_id, earning.currency), draft)
    announce("earning.created", told(earning), owner=("partner", earning.partner_id), at=earning.earned_at)
    return earning


def entry_of(earning_id: int) -> int | None:
    return session.scalar(select(LedgerEntry.id).where(LedgerEntry.reference == f"earning:{earning_id}"))


def told(earning: Earning) -> dict[str, object]:
    """An earning as programs outside hear of it."""
    return {
        "id": str(earning.id),
        "kind": earning.kind,
        "category": earning.category,
        "referral": str(earning.referral_id),
        "month": earning.month.isoformat()[:7] if earning.month else None,
        "amount": {"amount": plain(Money(earning.amount_minor, earning.currency)), "currency": earning.currency},
        "earned_at": rfc3339(earning.earned_at),
    }


def give_back(
    earning: Earning, kind: str, amount_minor: int, *, reverses_id: int | None = None, at: datetime
) -> Earning:
    """An earning below zero that belongs to another one: a reversal, or what was paid by hand."""
    return Earning(
        id=new_id(),
        partner_id=earning.partner_id,
        referral_id=earning.referral_id,
        lead_id=earning.lead_id,
        terms=earning.terms,
        reverses_id=reverses_id,
        category=earning.category,
        kind=kind,
        amount_minor=-amount_minor,
        currency=earning.currency,
        earned_at=at,
    )


def unpaid_of(referral: Referral) -> list[tuple[Earning, int]]:
    """What of a referral's earnings no payout holds, by currency: the latest earning and the sum in minor units."""
    query = select(Earning).where(Earning.referral_id == referral.id, Earning.payout_id.is_(None))
    sums: dict[str, tuple[Earning, int]] = {}
    for earning in session.scalars(query.order_by(Earning.id).execution_options(populate_existing=True)):
        _, before = sums.get(earning.currency, (earning, 0))
        sums[earning.currency] = (earning, before + earning.amount_minor)
    return [sums[currency] for currency in sorted(sums)]
