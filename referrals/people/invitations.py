"""Invitations: what one promises is made when it is accepted, and nothing once it is withdrawn (`SPEC §1`)."""

from datetime import datetime

from referrals.people import audit
from referrals.people.models import OneTimeLink, Person
from referrals.people.operations import add_partner_member, add_staff, create_person, make_representative
from referrals.people.rules import Actor, organisation_of
from referrals.people.shop_members import add_merchant


def accept_invitation(
    link: OneTimeLink,
    person: Person | None,
    *,
    name: str,
    password_hash: str | None,
    language: str | None,
    at: datetime,
) -> Person:
    """Make the membership that a spent invitation promises, and the account where there is none yet."""
    if person is None:
        person = create_person(link.email, name, password_hash=password_hash, language=language, at=at)
    by = Actor(role="system", person_id=link.details.get("by"))
    partner_id, shop_id = organisation_of(link.details)
    if partner_id is not None:
        add_partner_member(person, partner_id, frozenset(link.details["permissions"]), by=by, at=at)
    elif shop_id is not None:
        add_merchant(person, shop_id, frozenset(link.details["permissions"]), by=by, at=at)
    else:
        add_staff(person, link.details["role"], by=by, at=at)
        if link.details["role"] == "rep":
            make_representative(person)
    return person


def withdraw_invitation(link: OneTimeLink, *, by: Actor, at: datetime) -> None:
    """End an invitation before it is used."""
    link.revoked_at = at
    audit.record("invitation_withdrawn", by=by, at=at, subject=link.email)
