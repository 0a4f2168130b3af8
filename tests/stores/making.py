"""Makes stores by the same operations as the API and pages."""

from typing import Any

from referrals.db import session
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store
from referrals.stores.operations import put_store, register_store
from referrals.stores.rules import Facts
from tests.making import Making

KNOWN = {"name": "Meble", "owner_name": "Ana Nowak", "owner_email": "ana@meble.example.org", "plan": "basic"}


def listed(make: Making, domain: str = "meble.example.org", **facts: Any) -> Store:
    """A store that the operator told of."""
    store = put_store(domain, Facts(**{**KNOWN, **facts}), by=SYSTEM, at=make.at).store
    session.commit()
    return store


def draft(make: Making, member: Actor, domain: str = "meble.example.org", **facts: Any) -> Store:
    """A store that a partner builds."""
    store = register_store(member.partner_id or 0, domain, Facts(**{**KNOWN, **facts}), by=member, at=make.at)
    session.commit()
    return store
