"""In which currency the revenue of a merchant is told: that of its referral, whatever the programme's is by now."""

from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.partners.models import Referral
from referrals.transfer.platform_reports import ToldRevenue, referral_for


class Currencies:
    """Answers in which currency rows are told. `own` (ISO 4217) is the programme's.

    While all referrals have that one, none is looked for.
    """

    def __init__(self) -> None:
        self.own = programme().currency
        others = select(Referral.id).where(Referral.currency != self.own)
        self.several = session.scalar(others.limit(1)) is not None

    def of(self, told: ToldRevenue) -> str:
        """The currency of the referral that a row belongs to, whose amount need not be read yet; else `own`."""
        if not self.several:
            return self.own
        try:
            return referral_for(told).currency
        except RuleBroken:
            return self.own
