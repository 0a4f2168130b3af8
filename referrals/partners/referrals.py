"""Referrals of partners: recorded once, closed, taken up again, their plan corrected (`SPEC §4`)."""

import re
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.normal_form import normal_form
from referrals.outbox.hooks import announce, rfc3339
from referrals.partners.lifecycle import REFERRAL
from referrals.partners.models import Partner, Referral
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.values import parse_domain, readable_host
from referrals.wording import N_

BETWEEN_FIELDS = "\x1f"
PLAN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


class OtherReferral(Conflict):
    """What is told of a referral contradicts what is recorded of it; `recorded` is what stands there."""

    sentence = N_("This referral is already recorded with other facts: %(recorded)s.")


class NotAPlan(RuleBroken):
    """No code of a plan."""

    sentence = N_("A plan is a code of small Latin letters, digits, - and _, like basic or plus.")


class OtherPartner(Conflict):
    """Another partner has this referral; whose it is stays untold, since partners may read this (P13)."""

    sentence = N_("This referral is already recorded for another partner.")


def record_referral(
    partner: Partner,
    category: str,
    *,
    merchant: str,
    referred_at: datetime,
    currency: str,
    domain: str = "",
    plan: str = "",
    locations: int | None = None,
    lead_id: int | None = None,
    store_id: int | None = None,
    import_key: str | None = None,
    by: Actor,
    at: datetime,
) -> Referral:
    """A merchant whom a partner brought; the same lead, store and category, or import key is the one on record.

    `currency` is ISO 4217, that of its revenue. Raises OtherPartner, and OtherReferral where category or domain differ
    from what is recorded, and NotADomain (`SPEC §4`).
    """
    host = domain_of(domain) if domain else ""
    lock_names(names_of(category, lead_id, store_id, import_key))
    known = find_recorded(category, lead_id=lead_id, store_id=store_id, import_key=import_key)
    if known is not None:
        must_agree(known, partner, category, host)
        return known
    referral = Referral(
        partner=partner,
        category=category,
        merchant=merchant,
        domain=host,
        plan=plan,
        locations=locations,
        lead_id=lead_id,
        store_id=store_id,
        import_key=import_key,
        referred_at=referred_at,
        currency=currency,
        created_at=at,
        search_text=search_text(merchant, host),
    )
    session.add(referral)
    session.flush()
    note("referral_recorded", referral, by=by, at=at)
    tell("referral.created", referral, at=at)
    return referral


def names_of(category: str, lead_id: int | None, store_id: int | None, import_key: str | None) -> list[str]:
    """What two reports of one referral have in common, so that the second waits for the first."""
    known_by = {"lead": lead_id, f"store {category}": store_id, "import": import_key}
    return [f"referral {kind} {value}" for kind, value in known_by.items() if value is not None]


def find_recorded(
    category: str, *, lead_id: int | None = None, store_id: int | None = None, import_key: str | None = None
) -> Referral | None:
    """The referral that a lead, a report, or a store in this category already has."""
    for condition in (
        Referral.lead_id == lead_id if lead_id is not None else None,
        Referral.import_key == import_key if import_key is not None else None,
        # A store that was upgraded before may be upgraded again by another lead.
        (Referral.store_id == store_id) & (Referral.category == category)
        if store_id is not None and lead_id is None
        else None,
    ):
        found = None if condition is None else session.scalar(select(Referral).where(condition).limit(1))
        if found is not None:
            return found
    return None


def must_agree(known: Referral, partner: Partner, category: str, domain: str) -> None:
    """Raises OtherPartner or OtherReferral, which names the difference, where a report contradicts an earlier one."""
    if known.partner_id != partner.id:
        raise OtherPartner
    if known.category != category:
        raise OtherReferral(recorded=known.category)
    if domain and known.domain and known.domain != domain:
        raise OtherReferral(recorded=known.domain)


def tell(event: str, referral: Referral, *, at: datetime) -> None:
    """Announce what happened to a referral to the partner's and the operator's programs."""
    payload: dict[str, Any] = {
        "id": str(referral.id),
        "partner": referral.partner.name,
        "category": referral.category,
        "merchant": referral.merchant,
        "domain": referral.domain or None,
        "plan": referral.plan or None,
        "status": referral.status,
        "referred_at": rfc3339(referral.referred_at),
    }
    announce(event, payload, owner=("partner", referral.partner_id), at=at)


def change_plan(referral: Referral, plan: str, *, by: Actor, at: datetime) -> None:
    """Correct the plan that a merchant is on."""
    if referral.plan == plan:
        return
    before, referral.plan = referral.plan, plan
    note("referral_plan_changed", referral, by=by, at=at, before=before)
    session.flush()


def close_referral(referral: Referral, *, by: Actor, at: datetime) -> None:
    """End a referral: revenue of later months earns nothing. Raises IllegalMove where it is closed."""
    REFERRAL.move(referral, "closed")
    referral.closed_at = at
    note("referral_closed", referral, by=by, at=at)
    session.flush()
    tell("referral.closed", referral, at=at)


def reopen_referral(referral: Referral, *, by: Actor, at: datetime) -> None:
    """Take a closed referral up again. Raises IllegalMove where it is active."""
    REFERRAL.move(referral, "active")
    referral.closed_at = None
    note("referral_reopened", referral, by=by, at=at)
    session.flush()


def note(action: str, referral: Referral, *, by: Actor, at: datetime, **details: Any) -> None:
    audit.record(action, by=by, at=at, subject=referral.merchant, referral=str(referral.id), **details)


def domain_of(text: str) -> str:
    """A domain as referrals keep it: lower-case ASCII without `www.`; raises NotADomain."""
    return parse_domain(text).removeprefix("www.")


def plan_code(text: str) -> str:
    """The code of a plan in small letters; raises NotAPlan."""
    code = text.strip().lower()
    if not PLAN.fullmatch(code):
        raise NotAPlan(field="plan")
    return code


def search_text(merchant: str, domain: str) -> str:
    """The text that searching looks into: merchant and domain in their normal form, the domain also as it is read."""
    fields = (merchant, domain, readable_host(domain) if domain else "")
    return BETWEEN_FIELDS.join(normal_form(field.replace(BETWEEN_FIELDS, "")) for field in fields)
