"""New terms: what an administrator may promise, and from when on (`SPEC §4`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from referrals.db import lock_names, session
from referrals.earnings.models import TERMS_KINDS, EarningTerms
from referrals.errors import RuleBroken
from referrals.ids import new_id
from referrals.money import CURRENCIES, LARGEST, WHOLE_BP
from referrals.partners.lifecycle import CATEGORIES
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.wording import N_

MOST_MONTHS, MOST_LOCATIONS = 1200, 1_000_000


class StartsInThePast(RuleBroken):
    """What was promised stays promised."""

    sentence = N_("Terms start now or later: what was promised before stays promised.")


class NotAKindOfTerms(RuleBroken):
    """No kind or category of terms."""

    sentence = N_("Choose one of the options.")


class RateMissing(RuleBroken):
    """A share needs a rate."""

    sentence = N_("Write a percentage of more than 0 and at most 100.")


class BountyMissing(RuleBroken):
    """A fixed amount needs an amount."""

    sentence = N_("Write an amount of more than zero.")


class NotMonths(RuleBroken):
    """No number of months that makes sense."""

    sentence = N_("Write a number of months from 1 to 1200.")


class NotLocations(RuleBroken):
    """No number of locations that makes sense."""

    sentence = N_("Write a number of locations from 1 to 1000000.")


class PlanTwice(RuleBroken):
    """A plan cannot count and be excluded."""

    sentence = N_("A plan stands in both lists.")


@dataclass(frozen=True)
class Wanted:
    """Terms as an administrator wants them; `starts_at` None is at once; amounts in minor units."""

    category: str
    kind: str
    starts_at: datetime | None = None
    rate_bp: int | None = None
    months: int | None = None
    amount_minor: int | None = None
    currency: str | None = None
    plans: tuple[str, ...] = ()
    excluded_plans: tuple[str, ...] = ()
    min_locations: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)


def add_terms(wanted: Wanted, *, by: Actor, at: datetime) -> EarningTerms:
    """A new version of a category's terms, from its start on; what was promised before stays promised.

    Of two versions with one start the one made last holds. Raises the rules that `draft_terms` raises.
    """
    by.require("configure")
    lock_names([f"terms of {wanted.category}"])
    made = draft_terms(wanted, at=at)
    made.by_person_id = by.person_id
    session.add(made)
    session.flush()
    audit.record("terms_added", by=by, at=at, subject=made.category, terms=str(made.id))
    return made


def draft_terms(wanted: Wanted, *, at: datetime) -> EarningTerms:
    """Terms as they would be stored.

    Raises StartsInThePast, NotAKindOfTerms, RateMissing, BountyMissing, NotMonths, NotLocations, PlanTwice.
    """
    check(wanted, at=at)
    recurring, bounty = wanted.kind == "recurring", wanted.kind == "bounty"
    conditions = wanted.kind != "nothing"
    return EarningTerms(
        id=new_id(),
        category=wanted.category,
        kind=wanted.kind,
        starts_at=wanted.starts_at or at,
        rate_bp=wanted.rate_bp if recurring else None,
        months=wanted.months if recurring else None,
        amount_minor=wanted.amount_minor if bounty else None,
        currency=wanted.currency if bounty else None,
        plans=sorted(set(wanted.plans)) if conditions else [],
        excluded_plans=sorted(set(wanted.excluded_plans)) if conditions else [],
        min_locations=wanted.min_locations if conditions else None,
        texts={language: text for language, text in wanted.texts.items() if text},
        created_at=at,
    )


def check(wanted: Wanted, *, at: datetime) -> None:
    if wanted.starts_at is not None and wanted.starts_at < at:
        raise StartsInThePast(field="starts_at")
    recurring, bounty = wanted.kind == "recurring", wanted.kind == "bounty"
    if wanted.kind not in TERMS_KINDS or wanted.category not in CATEGORIES:
        raise NotAKindOfTerms(field="kind")
    if recurring and not 0 < (wanted.rate_bp or 0) <= WHOLE_BP:
        raise RateMissing(field="rate_bp")
    if bounty and (not 0 < (wanted.amount_minor or 0) <= LARGEST or wanted.currency not in CURRENCIES):
        raise BountyMissing(field="amount_minor")
    if recurring and wanted.months is not None and not 1 <= wanted.months <= MOST_MONTHS:
        raise NotMonths(field="months")
    if wanted.min_locations is not None and not 1 <= wanted.min_locations <= MOST_LOCATIONS:
        raise NotLocations(field="min_locations")
    if set(wanted.plans) & set(wanted.excluded_plans):
        raise PlanTwice(field="excluded_plans")
