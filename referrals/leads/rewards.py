"""What a lead that is won brings its partner: a referral, and by the terms of its day a bounty (`SPEC §2`, §4)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.forfeiting import give_again, take_back
from referrals.earnings.operations import earn_bounty, earn_late, hold_referrals, pay_outside, reverse_bounty
from referrals.earnings.rules import REASONS, Facts, why_no_bounty
from referrals.earnings.terms import facts_of, terms_in_force, terms_of, value_of
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.rules import host_key
from referrals.leads.timeline import note
from referrals.partners.models import Referral
from referrals.partners.referrals import close_referral, find_recorded, record_referral, reopen_referral
from referrals.people.rules import Actor
from referrals.values import NotADomain, parse_domain

CATEGORIES = {"commission": "plus_lead", "bounty": "pos_lead"}


class NothingPromised(RuleBroken):
    """The terms give nothing for it; the sentence says why."""


def reward(lead: Lead, *, by: Actor, at: datetime) -> Referral:
    """A lead is won: its merchant is a referral from now on, and the bounty that was promised is earned."""
    referral = find_referral(lead) or refer(lead, by=by, at=at)
    hold_referrals([referral])
    if referral.status == "closed":
        reopen_referral(referral, by=by, at=at)
    give_again(referral, by=by, at=at)
    earn_late(referral, by=by, at=at)
    if earn_bounty(referral, by=by, at=at) is None and lead.product.flow == "bounty":
        reason = why_no_bounty(value_of(terms_of(referral)), facts_of(referral))
        note(lead, "no_bounty", by=by, at=at, staff_only=True, reason=reason)
    return referral


def require_bounty(lead: Lead, *, at: datetime) -> None:
    """Raises NothingPromised where the terms give no bounty for a lead that earns by one alone."""
    if lead.product.flow != "bounty":
        return
    referral = find_referral(lead)
    facts = facts_of(referral) if referral is not None else facts_to_be(lead, at=at)
    reason = why_no_bounty(value_of(terms_in_force(category_of(lead), lead.submitted_at)), facts)
    if reason:
        raise NothingPromised(field="outcome", sentence=REASONS[reason])


def facts_to_be(lead: Lead, *, at: datetime) -> Facts:
    """What terms ask of the referral that a lead would become."""
    return Facts(category_of(lead), referred_at=at, locations=locations_of(lead), has_lead=True)


def refer_late(lead: Lead, *, by: Actor, at: datetime) -> Referral:
    """A lead that was won before its referral could be written: what was paid, or won elsewhere, earns no bounty."""
    referral = refer(lead, won_at=won_at(lead), by=by, at=at)
    return reward(lead, by=by, at=at) if lead.payout == "due" else referral


def won_at(lead: Lead) -> datetime:
    """When a lead was won last, as far as its timeline tells; else when it changed last."""
    events = select(LeadEvent).where(LeadEvent.lead_id == lead.id, LeadEvent.kind.in_(("status", "payout")))
    for event in session.scalars(events.order_by(LeadEvent.id.desc())):
        if event.details.get("after") in {"awarded", "due"}:
            return event.at
    return lead.changed_at


def refer(lead: Lead, *, won_at: datetime | None = None, by: Actor, at: datetime) -> Referral:
    settings = programme()
    return record_referral(
        lead.partner,
        category_of(lead),
        merchant=lead.business_name,
        domain=domain_of(lead, settings.shared_hosts),
        plan=lead.product.code if lead.product.flow == "commission" else "",
        locations=locations_of(lead),
        lead_id=lead.id,
        referred_at=won_at or at,
        currency=settings.currency,
        by=by,
        at=at,
    )


def forfeit(lead: Lead, *, by: Actor, at: datetime) -> None:
    """What was due is not: bounty and shares are taken back as far as no payout holds them; the referral is closed."""
    referral = find_referral(lead)
    if referral is None:
        return
    reverse_bounty(referral, by=by, at=at)
    take_back(referral, by=by, at=at)
    if referral.status == "active":
        close_referral(referral, by=by, at=at)


def paid_by_hand(lead: Lead, *, by: Actor, at: datetime) -> None:
    """Staff paid what a lead earned: what no payout holds of it is not paid again."""
    referral = find_referral(lead)
    if referral is not None:
        pay_outside(referral, by=by, at=at)


def find_referral(lead: Lead) -> Referral | None:
    """The referral that came of a lead."""
    return find_recorded(category_of(lead), lead_id=lead.id)


def category_of(lead: Lead) -> str:
    return CATEGORIES[lead.product.flow]


def domain_of(lead: Lead, shared_hosts: Collection[str]) -> str:
    """The store's domain, else the website's host where it is the merchant's own: the platform reports by it."""
    for text in (lead.store_domain, host_key(lead.website_url, shared_hosts) if lead.website_url else ""):
        try:
            return parse_domain(text)
        except NotADomain:
            continue
    return ""


def locations_of(lead: Lead) -> int | None:
    locations = lead.details.get("locations")
    return locations if isinstance(locations, int) else None
