"""Stores that partners built, handed over: a referral, and what the terms promise for it at once (`SPEC §4`)."""

from datetime import datetime

from referrals.earnings.operations import earn_bounty
from referrals.partners.models import Referral
from referrals.partners.transfers import hand_over
from referrals.people.rules import Actor
from referrals.stores.models import Store


def transfer_store(store: Store, *, currency: str, by: Actor, at: datetime) -> Referral:
    """Hand a store over to its merchant, and book the fixed amount where one was promised. Raises what hand_over does.

    `currency` (ISO 4217) is that of its revenue.
    """
    referral = hand_over(store, currency=currency, by=by, at=at)
    earn_bounty(referral, by=by, at=at)
    return referral
