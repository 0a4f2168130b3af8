"""What a referral earned is taken back with the right to it, and given again with it (`SPEC §2`, §4). Each flushes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from referrals.db import session
from referrals.earnings.booking import book, give_back, unpaid_of
from referrals.earnings.models import Earning
from referrals.earnings.operations import hold_referrals
from referrals.partners.models import Referral
from referrals.people.rules import Actor


def take_back(referral: Referral, *, by: Actor, at: datetime) -> list[Earning]:
    """Take back what a referral earned and no payout holds; what a payout holds stays."""
    hold_referrals([referral])
    unpaid = [(latest, sum_minor) for latest, sum_minor in unpaid_of(referral) if sum_minor > 0]
    return [book(give_back(latest, "reversal", sum_minor, at=at), by=by) for latest, sum_minor in unpaid]


def give_again(referral: Referral, *, by: Actor, at: datetime) -> list[Earning]:
    """Give again, once, what `take_back` took."""
    hold_referrals([referral])
    return [
        book(give_back(taken, "restored", taken.amount_minor, reverses_id=taken.id, at=at), by=by)
        for taken in taken_back(referral)
    ]


def taken_back(referral: Referral) -> Sequence[Earning]:
    """What was taken back of a referral's unpaid sum, and was not given again."""
    again = aliased(Earning)
    query = select(Earning).where(
        Earning.referral_id == referral.id,
        Earning.kind == "reversal",
        Earning.reverses_id.is_(None),
        ~select(again.id).where(again.reverses_id == Earning.id).exists(),
    )
    return session.scalars(query.order_by(Earning.id)).all()
