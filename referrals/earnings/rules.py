"""What terms promise, and what they give of revenue and of leads (`SPEC §4`). Pure values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from referrals.money import share_of_rate
from referrals.wording import N_

# Why something earns nothing; each is shown in words.
REASONS = {
    "no_terms": N_("No terms were in force then."),
    "nothing": N_("The terms in force then promise nothing for this category."),
    "bounty": N_("The terms in force then promise a fixed amount, not a share of the revenue."),
    "share": N_("The terms in force then promise a share of the revenue, not a fixed amount."),
    "plan": N_("The terms do not count this plan."),
    "locations": N_("The terms ask for more locations."),
    "before_referral": N_("The month is before the month of the referral."),
    "closed": N_("The referral was closed before this month."),
    "forfeited": N_("The lead that brought this merchant is not eligible for a payout."),
    "months_over": N_("The months that the terms promise are over."),
    "no_lead": N_("A fixed amount of this category is earned by a lead that is awarded."),
}
BY_LEAD = ("plus_lead", "pos_lead")


class Version(Protocol):
    """What has a start: the last one that has started is in force, of those with one start the one made last."""

    @property
    def starts_at(self) -> datetime: ...

    @property
    def id(self) -> int: ...


AnyVersion = TypeVar("AnyVersion", bound=Version)


@dataclass(frozen=True)
class Terms:
    """One version of what a category earns. `rate_bp` in basis points, `amount_minor` in minor units."""

    kind: str
    rate_bp: int = 0
    months: int | None = None
    amount_minor: int = 0
    plans: tuple[str, ...] = ()
    excluded_plans: tuple[str, ...] = ()
    min_locations: int | None = None


@dataclass(frozen=True)
class Facts:
    """What terms ask of a referral; its moments are told in the programme's time zone.

    `has_lead`: whether it came of a lead; `forfeited`: of one that is not eligible.
    """

    category: str
    referred_at: datetime
    plan: str = ""
    locations: int | None = None
    closed_at: datetime | None = None
    has_lead: bool = False
    forfeited: bool = False


def in_force(versions: Iterable[AnyVersion], moment: datetime) -> AnyVersion | None:
    """The version that holds at a moment; exactly at its start it holds already."""
    started = [version for version in versions if version.starts_at <= moment]
    return max(started, key=lambda version: (version.starts_at, version.id), default=None)


def why_no_share(terms: Terms | None, facts: Facts, month: date) -> str:
    """Why the revenue of a month earns nothing (a key of REASONS); empty where it earns its share."""
    if facts.forfeited:
        return "forfeited"
    if terms is None:
        return "no_terms"
    if terms.kind != "recurring":
        return terms.kind
    unmet = unmet_condition(terms, facts)
    if unmet:
        return unmet
    passed = month_number(month) - month_number(month_of(facts.referred_at))
    if passed < 0:
        return "before_referral"
    if facts.closed_at is not None and month > month_of(facts.closed_at):
        return "closed"
    return "months_over" if terms.months is not None and passed >= terms.months else ""


def why_no_bounty(terms: Terms | None, facts: Facts) -> str:
    """Why a referral earns no fixed amount (a key of REASONS); empty where it does."""
    if terms is None:
        return "no_terms"
    if terms.kind != "bounty":
        return "share" if terms.kind == "recurring" else terms.kind
    if facts.category in BY_LEAD and not facts.has_lead:
        return "no_lead"
    return unmet_condition(terms, facts) or ("" if terms.amount_minor else "nothing")


def unmet_condition(terms: Terms, facts: Facts) -> str:
    """The first condition of the terms that a referral does not meet; empty where it meets all."""
    if (terms.plans and facts.plan not in terms.plans) or facts.plan in terms.excluded_plans:
        return "plan"
    if terms.min_locations is not None and (facts.locations or 0) < terms.min_locations:
        return "locations"
    return ""


def earned_by_row(earned_minor: int, revenue_minor: int, rate_bp: int) -> int:
    """What a row earns, with which its month's revenue sums to `revenue_minor`, and which had earned `earned_minor`.

    Rounded is the share of the month's sum, so that the rows of a month earn together the same in whatever order;
    so do rows that came while the month earned nothing.
    """
    return share_of_rate(revenue_minor, rate_bp) - earned_minor


def month_of(moment: datetime) -> date:
    """The first day of a moment's month, in the time zone that the moment is told in."""
    return moment.date().replace(day=1)


def month_number(month: date) -> int:
    return month.year * 12 + month.month
