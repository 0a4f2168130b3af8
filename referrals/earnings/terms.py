"""Terms as they are stored: which hold for what, and how they followed each other (`SPEC §4`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import column, select, table

from referrals.db import UTCDateTime, session
from referrals.earnings.models import EarningTerms
from referrals.earnings.rules import Facts, Terms, in_force
from referrals.partners.calendar import programme_zone
from referrals.partners.models import Referral

# Leads stand above earnings: when one was submitted, and what became of its payout, is read by name.
LEADS = table("leads", column("id"), column("submitted_at", UTCDateTime()), column("payout"))


def terms_of(referral: Referral) -> EarningTerms | None:
    """The terms that were promised for a referral, and that hold for it whatever became of them since."""
    return terms_in_force(referral.category, promised_at(referral))


def promised_at(referral: Referral) -> datetime:
    """When the promise was made: with the submission of its lead, else on the day of the referral."""
    query = select(LEADS.c.submitted_at).where(LEADS.c.id == referral.lead_id)
    submitted: datetime | None = session.scalar(query) if referral.lead_id is not None else None
    return submitted or referral.referred_at


def terms_in_force(category: str, moment: datetime) -> EarningTerms | None:
    """The terms of a category at a moment; None where there were none yet."""
    return in_force(versions_of(category), moment)


def versions_of(category: str) -> Sequence[EarningTerms]:
    """The versions of a category's terms, in the order in which they start."""
    query = select(EarningTerms).where(EarningTerms.category == category)
    return session.scalars(query.order_by(EarningTerms.starts_at, EarningTerms.id)).all()


def value_of(terms: EarningTerms | None) -> Terms | None:
    """Stored terms as the rules take them."""
    if terms is None:
        return None
    return Terms(
        kind=terms.kind,
        rate_bp=terms.rate_bp or 0,
        months=terms.months,
        amount_minor=terms.amount_minor or 0,
        plans=tuple(terms.plans),
        excluded_plans=tuple(terms.excluded_plans),
        min_locations=terms.min_locations,
    )


def facts_of(referral: Referral) -> Facts:
    """A referral as the rules take it."""
    zone = programme_zone()
    return Facts(
        category=referral.category,
        referred_at=referral.referred_at.astimezone(zone),
        plan=referral.plan,
        locations=referral.locations,
        closed_at=referral.closed_at.astimezone(zone) if referral.closed_at else None,
        has_lead=referral.lead_id is not None,
        forfeited=is_forfeited(referral),
    )


def is_forfeited(referral: Referral) -> bool:
    """Whether the lead that brought a referral turned out not to be eligible for a payout."""
    if referral.lead_id is None:
        return False
    return session.scalar(select(LEADS.c.payout).where(LEADS.c.id == referral.lead_id)) == "not_eligible"


@dataclass(frozen=True)
class Told:
    """A version as pages tell it: its number, counted from 1, and until when it holds (None: until further notice)."""

    terms: EarningTerms
    number: int
    until: datetime | None


def told_versions(category: str) -> list[Told]:
    """The versions of a category that hold at some time, the earliest first."""
    versions = [one for one, later in pairs(versions_of(category)) if later is None or later.starts_at > one.starts_at]
    return [
        Told(one, number, later.starts_at if later else None) for number, (one, later) in enumerate(pairs(versions), 1)
    ]


def pairs(versions: Sequence[EarningTerms]) -> list[tuple[EarningTerms, EarningTerms | None]]:
    """Each version with the one after it."""
    return list(zip(versions, [*versions[1:], None], strict=True))
