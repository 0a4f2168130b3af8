"""Stores that a partner built, handed over to their merchants: each makes a referral (`SPEC §4`)."""

from datetime import datetime

from referrals.db import lock_names, session
from referrals.partners.merchants import brought_by_another, name_of
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import record_referral
from referrals.people.rules import Actor
from referrals.stores.models import Store
from referrals.stores.operations import OnThePlatform, mark_handed_over
from referrals.values import readable_host


def hand_over(store: Store, *, currency: str, by: Actor, at: datetime) -> Referral:
    """Hand a store over to its merchant. `currency` (ISO 4217) is that of its revenue.

    Raises HandedOverAlready, ClosedStore, and OnThePlatform where another store of its domain stands in the registry,
    or another partner has brought the merchant: then staff alone hand it over.
    """
    mark_handed_over(store, by=by, at=at)
    lock_names([name_of(store.domain)])
    if not by.is_staff and brought_by_another(store.domain, store.partner_id):
        raise OnThePlatform
    return record_referral(
        session.get_one(Partner, store.partner_id),
        "store_transfer",
        merchant=store.name or readable_host(f"https://{store.domain}"),
        domain=store.domain,
        plan=store.plan,
        referred_at=at,
        store_id=store.id,
        currency=currency,
        by=by,
        at=at,
    )
