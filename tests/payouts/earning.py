"""Partners who earn, and what tests of payouts ask of the books."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.operations import report_revenue
from referrals.leads.operations import change_status
from referrals.ledger.operations import OUTSIDE, PARTNER, Owner
from referrals.ledger.queries import balance
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import record_referral
from referrals.paying import Closing, close_due
from referrals.payouts.models import Payout, PayoutPeriod
from referrals.payouts.operations import ON_ITS_WAY, PayoutTerms
from referrals.payouts.queries import lines_of
from referrals.people.rules import PERMISSIONS, SYSTEM, Actor
from tests.making import Making

REFERRED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
UTC_TERMS = PayoutTerms(ZoneInfo("UTC"), 2500, "USD")


def at(day: str, hour: int = 12) -> datetime:
    """An hour of a day (`2026-11-03`) in UTC."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=hour)


@dataclass
class Earner:
    """A partner with a member, a store it handed over (20 % recurring), and leads."""

    make: Making
    permissions: frozenset[str] = frozenset(PERMISSIONS)
    currency: str = "USD"
    member: Actor = field(init=False)
    partner_id: int = field(init=False)
    referral_id: int = field(init=False)
    rows: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.member = self.make.member(permissions=self.permissions)
        assert self.member.partner_id is not None
        self.partner_id = self.member.partner_id
        self.referral_id = self.refer("store_transfer")

    def refer(self, category: str) -> int:
        """Another merchant of the partner."""
        made = record_referral(
            session.get_one(Partner, self.partner_id),
            category,
            merchant=f"Merchant {next(self.make.numbers)}",
            plan="plus",
            referred_at=REFERRED,
            currency=self.currency,
            by=SYSTEM,
            at=REFERRED,
        )
        session.commit()
        return made.id

    def earn(self, minor: int, day: str, *, hour: int = 12, referral_id: int | None = None) -> None:
        """Earn an amount (or lose one) on a day: 20 % of what is reported."""
        moment = at(day, hour)
        report_revenue(
            session.get_one(Referral, referral_id or self.referral_id),
            external_id=f"{self.partner_id}-{next(self.rows)}",
            month=moment.date(),
            kind="adjustment",
            amount_minor=minor * 5,
            currency=self.currency,
            by=SYSTEM,
            at=moment,
        )
        session.commit()

    def win_pos(self, day: str) -> str:
        """A POS lead is won: 500.00 USD, due."""
        lead = self.make.lead(self.member, "pos", at=at(day))
        change_status(lead, "in_progress", by=SYSTEM, at=at(day))
        change_status(lead, "awarded", by=SYSTEM, at=at(day))
        session.commit()
        return lead.ref

    @property
    def owner(self) -> Owner:
        return Owner("partner", self.partner_id, self.currency)

    @property
    def balances(self) -> tuple[int, int, int]:
        """What is the partner's, what is on its way to it, what it was paid less what it earned."""
        return balance(self.owner, PARTNER), balance(self.owner, ON_ITS_WAY), balance(self.owner, OUTSIDE)

    @property
    def payouts(self) -> list[Payout]:
        """All its payouts, the earliest first."""
        session.expire_all()
        mine = select(Payout).where(Payout.partner_id == self.partner_id).order_by(Payout.period_from, Payout.currency)
        return list(session.scalars(mine).unique())

    @property
    def told(self) -> list[tuple[str, int, str]]:
        """Its statements: first day, amount, state."""
        return [(str(one.period_from), one.amount_minor, one.status) for one in self.payouts]

    def lines(self, payout: Payout) -> dict[str, tuple[int, int, int]]:
        """By group: carried over, earned, paid."""
        return {one.group: (one.carried_minor, one.earned_minor, one.paid_minor) for one in lines_of(payout)}

    def held(self, payout: Payout) -> int:
        """What the earnings sum to that a payout holds."""
        return sum(session.scalars(select(Earning.amount_minor).where(Earning.payout_id == payout.id)))


def close(day: str, hour: int = 12) -> Closing:
    """What the scheduler does at that moment."""
    return close_due(at=at(day, hour))


def closed() -> list[str]:
    """The first days of the closed periods."""
    return [str(one) for one in session.scalars(select(PayoutPeriod.period_from).order_by(PayoutPeriod.period_from))]
