"""Memberships of shops: merchants, who run one, and salespeople, who promote it (`SPEC §1`)."""

from datetime import datetime

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.people import audit
from referrals.people.lifecycle import MEMBERSHIP
from referrals.people.models import Membership, Person
from referrals.people.operations import AlreadyMember, grant, note_change, require_another_manager
from referrals.people.rules import SHOP_PERMISSIONS, Actor
from referrals.values import UnreadableCharacters, clean_text

LONGEST_NICKNAME = 40


def add_merchant(person: Person, shop_id: int, permissions: frozenset[str], *, by: Actor, at: datetime) -> Membership:
    """Make a person a member of the merchant behind a shop. Raises AlreadyMember."""
    known = find_membership(person.id, shop_id, "merchant")
    if known is not None and known.status != "left":
        raise AlreadyMember(field="email")
    granted = {name: name in permissions for name in SHOP_PERMISSIONS}
    if known is None:
        known = Membership(person_id=person.id, role="merchant", shop_id=shop_id, created_at=at, **granted)
        session.add(known)
    else:
        MEMBERSHIP.move(known, "active")
        grant(known, granted)
    session.flush()
    note_change(known, by=by, at=at, status="active", permissions=sorted(permissions))
    audit.record("merchant_added", by=by, at=at, about=person, permissions=sorted(permissions))
    return known


def change_merchant(membership: Membership, permissions: frozenset[str], *, by: Actor, at: datetime) -> None:
    """Set what a merchant member may do. Raises LastManager."""
    if membership.manage and "manage" not in permissions:
        require_another_manager(membership)
    grant(membership, {name: name in permissions for name in SHOP_PERMISSIONS})
    note_change(membership, by=by, at=at, permissions=sorted(permissions))
    audit.record("permissions_changed", by=by, at=at, about=membership.person, permissions=sorted(permissions))


def add_salesperson_membership(
    person: Person, shop_id: int, salesperson_id: int, *, by: Actor, at: datetime
) -> Membership:
    """Let a salesperson in; suspended and departed ones may still look."""
    membership = Membership(
        person_id=person.id, role="salesperson", shop_id=shop_id, salesperson_id=salesperson_id, created_at=at
    )
    session.add(membership)
    session.flush()
    note_change(membership, by=by, at=at, status="active", role="salesperson")
    return membership


def find_membership(person_id: int, shop_id: int, role: str) -> Membership | None:
    """What a person is in a shop, in this role, whatever became of it."""
    return session.scalar(
        select(Membership).where(
            Membership.person_id == person_id, Membership.shop_id == shop_id, Membership.role == role
        )
    )


def belongs_somewhere(person: Person) -> bool:
    """Whether a person has a membership, of whatever kind and state."""
    return session.scalar(select(Membership.id).where(Membership.person_id == person.id).limit(1)) is not None


def person_with_phone(phone: str, *, language: str | None = None, at: datetime) -> Person:
    """The account with this phone number (in E.164), made where there is none."""
    # Of two who come with one number at once the second waits here for what becomes of the first.
    lock_names([f"phone:{phone}"])
    known = session.scalar(select(Person).where(Person.phone == phone))
    if known is None:
        known = Person(phone=phone, seen_language=language, created_at=at)
        session.add(known)
        session.flush()
    return known


def set_nickname(person: Person, nickname: str) -> None:
    """Show a person by this name; by their masked phone when it is empty. Raises UnreadableCharacters."""
    try:
        person.nickname = clean_text(nickname)[:LONGEST_NICKNAME]
    except UnreadableCharacters:
        raise UnreadableCharacters(field="nickname") from None
