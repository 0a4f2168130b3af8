"""A referral whose plan is corrected, or that is taken up again, earns what it could not before (`SPEC §4`)."""

from datetime import datetime

from referrals.db import session
from referrals.earnings.operations import earn_bounty, earn_late, hold_referrals
from referrals.earnings.rules import BY_LEAD
from referrals.partners.models import Referral
from referrals.partners.referrals import change_plan, reopen_referral
from referrals.people.rules import Actor


def correct_plan(referral: Referral, plan: str, *, by: Actor, at: datetime) -> None:
    """Correct the plan that a merchant is on. What it earned by the plan before stays."""
    hold_first(referral)
    change_plan(referral, plan, by=by, at=at)
    earn_what_it_can(referral, by=by, at=at)


def take_up_again(referral: Referral, *, by: Actor, at: datetime) -> None:
    """Take a closed referral up again, with the months between. Raises IllegalMove where it is active."""
    hold_first(referral)
    reopen_referral(referral, by=by, at=at)
    earn_what_it_can(referral, by=by, at=at)


def hold_first(referral: Referral) -> None:
    """Hold the partner's books before the referral's row, as whoever reports revenue does."""
    hold_referrals([referral])
    session.refresh(referral, with_for_update={"of": Referral})


def earn_what_it_can(referral: Referral, *, by: Actor, at: datetime) -> None:
    # What a lead earns is booked when the lead is won.
    if referral.status == "active" and referral.category not in BY_LEAD:
        earn_bounty(referral, by=by, at=at)
    earn_late(referral, by=by, at=at)
