"""How payouts stand, in three numbers (`SPEC §4` home page of a partner)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from referrals.db import session
from referrals.leads.catalogue import Programme
from referrals.payouts.models import Payout
from referrals.payouts.queries import visible_to
from referrals.payouts.rules import period_at
from referrals.people.rules import Actor


@dataclass(frozen=True)
class PayoutCard:
    """Minor units of `currency`: what is pending, on which day the next of it is due, and what was paid this year.

    With nothing pending, `due_on` is the day on which what is being earned now will be due.
    """

    currency: str
    pending_minor: int
    due_on: date
    paid_this_year_minor: int


def payout_card(viewer: Actor, settings: Programme, *, at: datetime) -> PayoutCard:
    """How the payouts stand that the viewer may see, in the programme's currency and by its calendar."""
    zone = ZoneInfo(settings.time_zone)
    new_year = datetime.combine(at.astimezone(zone).date().replace(month=1, day=1), time(), zone)
    amount, mine = func.coalesce(func.sum(Payout.amount_minor), 0), visible_to(viewer)
    pending, due_on = session.execute(
        select(amount, func.min(Payout.due_on)).where(
            mine, Payout.status == "pending", Payout.currency == settings.currency
        )
    ).one()
    paid = session.scalar(
        select(amount).where(
            mine, Payout.status == "paid", Payout.paid_at >= new_year, Payout.currency == settings.currency
        )
    )
    return PayoutCard(settings.currency, int(pending), due_on or period_at(at, zone).due_on, int(paid or 0))
