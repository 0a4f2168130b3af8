"""What the platform reports: sign-ups with their plans, and revenue; by program or file alike (`SPEC §4, §15`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.earnings.booking import hold_partners
from referrals.earnings.correcting import correct_plan, take_up_again
from referrals.earnings.operations import earn_bounty, report_revenue
from referrals.earnings.rules import why_no_share
from referrals.earnings.terms import facts_of, terms_of, value_of
from referrals.errors import RuleBroken
from referrals.normal_form import normal_form
from referrals.partners.lifecycle import CATEGORIES
from referrals.partners.links import find_partner_by_code
from referrals.partners.merchants import find_referral_of, fits, meant_by, name_of, referrals_of
from referrals.partners.models import Partner, Referral, RevenueRow
from referrals.partners.queries import find_partner_by_name
from referrals.partners.referrals import (
    OtherPartner,
    OtherReferral,
    close_referral,
    record_referral,
)
from referrals.people.rules import Actor
from referrals.wording import N_

# What a lead earns is booked when the lead is won, not when its referral is told of once more.
EARN_WHEN_REPORTED = ("affiliate_link", "store_transfer")


class NotAPartner(RuleBroken):
    """No partner has this name or code."""

    sentence = N_("There is no partner with this name or link code.")


class NotACategory(RuleBroken):
    """None of the four categories."""

    sentence = N_("The category is one of plus_lead, pos_lead, affiliate_link, store_transfer.")


class NotAReferralStatus(RuleBroken):
    """Neither active nor closed."""

    sentence = N_("The status is active or closed.")


@dataclass(frozen=True)
class ToldReferral:
    """A referral as it is told. Empty `plan` and `status` say nothing of these; `domain` is in its normal form."""

    partner: Partner
    merchant: str
    domain: str
    referred_at: datetime
    plan: str
    category: str
    status: str

    @property
    def key(self) -> str:
        """By which it is known again."""
        parts = (str(self.partner.id), self.category, self.domain or normal_form(self.merchant))
        return sha256("\x1f".join(parts).encode()).hexdigest()

    @property
    def names(self) -> list[str]:
        """What to hold while it is looked up and written, so that nobody else writes the same."""
        return [f"referral import {self.key}", *([name_of(self.domain)] if self.domain else [])]


@dataclass(frozen=True)
class ToldRevenue:
    """A revenue row as it is told; `month` is a first day, the amount in minor units. `partner`, `category`: whose of
    a merchant's several referrals is meant, where that is told.
    """

    external_id: str
    merchant: str
    month: date
    kind: str
    amount_minor: int
    currency: str
    partner: Partner | None = None
    category: str = ""


def named_partner(text: str) -> Partner:
    """The partner with this name, or whose link has this code; raises NotAPartner."""
    partner = find_partner_by_name(text) or find_partner_by_code(text)
    if partner is None:
        raise NotAPartner(field="partner")
    return partner


def category_code(text: str) -> str:
    """A category as files and programs write it; raises NotACategory."""
    code = text.strip().lower().replace(" ", "_")
    if code not in CATEGORIES:
        raise NotACategory(field="category")
    return code


def hold_reports(told: Iterable[ToldReferral], currency: str) -> None:
    """Take the locks of many referrals that are told in one transaction, in the order in which all take them."""
    told = list(told)
    lock_names(name for one in told for name in one.names)
    hold_partners({(one.partner.id, currency) for one in told})


def take_referral(told: ToldReferral, *, currency: str, by: Actor, at: datetime) -> tuple[Referral, str]:
    """Record a referral that is told, or bring plan and status of the known one up to it.

    Answers it and what became of it: `created`, `changed` or `unchanged`. Raises OtherPartner, OtherReferral where
    merchant or date contradict what was told before.
    """
    by.require("import")
    hold_reports([told], currency)
    known = find_told(told)
    if known is not None:
        return known, bring_up_to(known, told, by=by, at=at)
    referral = record_referral(
        told.partner,
        told.category,
        merchant=told.merchant,
        domain=told.domain,
        plan=told.plan,
        referred_at=told.referred_at,
        import_key=told.key,
        currency=currency,
        by=by,
        at=at,
    )
    if told.status == "closed":
        close_referral(referral, by=by, at=at)
    elif told.category in EARN_WHEN_REPORTED:
        earn_bounty(referral, by=by, at=at)
    return referral, "created"


def find_told(told: ToldReferral) -> Referral | None:
    """The referral that is told again; raises OtherPartner where another partner brought this domain in this way."""
    known = session.scalar(select(Referral).where(Referral.import_key == told.key))
    if known is not None or not told.domain:
        return known
    same = [one for one in referrals_of(told.domain) if one.domain and one.category == told.category]
    own = [one for one in same if fits(one, told.partner, told.category)]
    if same and not own:
        raise OtherPartner(field="partner")
    return max(own, key=lambda one: one.id) if own else None


def bring_up_to(known: Referral, told: ToldReferral, *, by: Actor, at: datetime) -> str:
    # What a lead or a store made has a name and a date of its own.
    if known.import_key is not None:
        must_repeat(known, told)
    changes = False
    if told.plan and told.plan != known.plan:
        correct_plan(known, told.plan, by=by, at=at)
        changes = True
    if told.status and told.status != known.status:
        (close_referral if told.status == "closed" else take_up_again)(known, by=by, at=at)
        changes = True
    return "changed" if changes else "unchanged"


def must_repeat(known: Referral, told: ToldReferral) -> None:
    if known.merchant_key != normal_form(told.merchant):
        raise OtherReferral(field="merchant", recorded=known.merchant)
    if known.referred_at != told.referred_at:
        raise OtherReferral(field="referred_at", recorded=known.referred_at.isoformat())


def referral_for(told: ToldRevenue) -> Referral:
    """The referral that a row belongs to; a row that was told before stays where it was booked.

    An adjustment goes to the fee of its month. Raises NotReferred, SeveralMerchants.
    """
    booked = session.scalar(
        select(Referral)
        .join(RevenueRow, RevenueRow.referral_id == Referral.id)
        .where(RevenueRow.external_id == told.external_id)
    )
    if booked is not None and booked in referrals_of(told.merchant) and fits(booked, told.partner, told.category):
        return booked
    if told.kind == "adjustment":
        corrected = with_fee(meant_by(told.merchant, told.partner, told.category), told.month)
        if corrected is not None:
            return corrected
    return find_referral_of(
        told.merchant,
        told.month,
        partner=told.partner,
        category=told.category,
        gives_share=lambda one: not why_no_share(value_of(terms_of(one)), facts_of(one), told.month),
    )


def with_fee(referrals: Iterable[Referral], month: date) -> Referral | None:
    """The one of these whose month has a fee; of several the one that was told of its fee last."""
    fees = select(RevenueRow.referral_id).where(
        RevenueRow.referral_id.in_([one.id for one in referrals]),
        RevenueRow.month == month,
        RevenueRow.kind == "platform_fee",
    )
    found = session.scalar(fees.order_by(RevenueRow.received_at.desc(), RevenueRow.id.desc()).limit(1))
    return None if found is None else session.get_one(Referral, found)


def referrals_for(told: Iterable[ToldRevenue]) -> list[Referral]:
    """The referrals that rows belong to, as far as they can be found; for holding their books together."""
    found = []
    for one in told:
        try:
            found.append(referral_for(one))
        except RuleBroken:
            continue
    return found


def take_revenue(told: ToldRevenue, *, by: Actor, at: datetime) -> tuple[RevenueRow, bool]:
    """Report a row to the referral it belongs to; answers the row and whether it is new."""
    return report_revenue(
        referral_for(told),
        external_id=told.external_id,
        month=told.month,
        kind=told.kind,
        amount_minor=told.amount_minor,
        currency=told.currency,
        by=by,
        at=at,
    )
