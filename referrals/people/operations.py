"""Accounts and memberships: made, changed, ended (`SPEC §1`)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from referrals.db import lock_names, session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.people import audit
from referrals.people.lifecycle import MEMBERSHIP
from referrals.people.models import (
    Membership,
    MembershipChange,
    OneTimeLink,
    Person,
    Representative,
    SignIn,
)
from referrals.people.queries import find_person_by_email
from referrals.people.rules import PERMISSIONS, Actor, organisation_of
from referrals.people.tokens import new_token, spent_one
from referrals.wording import N_

LINK_LIFE = {"reset": timedelta(hours=2), "join": timedelta(days=14), "email": timedelta(hours=24)}


class EmailTaken(Conflict):
    """Another account has this e-mail address."""

    sentence = N_("There is already an account with this e-mail address.")


class AlreadyMember(Conflict):
    """The person has this membership."""

    sentence = N_("This person is already a member.")


class LinkSpent(RuleBroken):
    """The one-time link is unknown, used, expired or withdrawn; all answer alike."""

    sentence = N_("This link cannot be used any more. Ask for a new one.")


class LastManager(RuleBroken):
    """Nobody would be left to manage the members."""

    sentence = N_("Somebody has to manage the members. Give that permission to another member first.")


class LastAdministrator(RuleBroken):
    """Nobody would be left to administer."""

    sentence = N_("This is the last administrator. Make another one first.")


def create_person(
    email: str, name: str, *, password_hash: str | None, at: datetime, language: str | None = None, demo: bool = False
) -> Person:
    """A new account; `email` in its login form. Raises EmailTaken."""
    refuse_known_email(email)
    person = Person(email=email, name=name, password_hash=password_hash, language=language, created_at=at, demo=demo)
    session.add(person)
    session.flush()
    return person


def add_partner_member(
    person: Person, partner_id: int, permissions: frozenset[str], *, by: Actor, at: datetime
) -> Membership:
    """Make a person a member of a partner organisation. Raises AlreadyMember."""
    known = session.scalar(
        select(Membership).where(Membership.person_id == person.id, Membership.partner_id == partner_id)
    )
    if known is not None and known.status != "left":
        raise AlreadyMember(field="email")
    granted = {name: name in permissions for name in PERMISSIONS}
    if known is None:
        known = Membership(person_id=person.id, role="member", partner_id=partner_id, created_at=at, **granted)
        session.add(known)
    else:
        MEMBERSHIP.move(known, "active")
        grant(known, granted)
    session.flush()
    note_change(known, by=by, at=at, status="active", permissions=sorted(permissions))
    return known


def add_staff(person: Person, role: str, *, by: Actor, at: datetime) -> Membership:
    """Make a person a sales representative (`rep`) or administrator (`admin`). Raises AlreadyMember."""
    known = session.scalar(
        select(Membership).where(
            Membership.person_id == person.id, Membership.partner_id.is_(None), Membership.shop_id.is_(None)
        )
    )
    if known is not None and known.status != "left":
        raise AlreadyMember(field="email")
    if known is None:
        known = Membership(person_id=person.id, role=role, created_at=at)
        session.add(known)
    else:
        MEMBERSHIP.move(known, "active")
        known.role = role
    session.flush()
    note_change(known, by=by, at=at, status="active", role=role)
    audit.record("staff_added", by=by, at=at, about=person, role=role)
    return known


def make_representative(
    person: Person, *, phone: str = "", booking_url: str = "", available: bool = True
) -> Representative:
    """Let leads be assigned to a staff person; `available` says whether new ones come."""
    known = session.scalar(select(Representative).where(Representative.person_id == person.id))
    if known is None:
        known = Representative(person_id=person.id)
        session.add(known)
    known.phone, known.booking_url, known.available = phone, booking_url, available
    session.flush()
    return known


def stop_assigning(person_id: int) -> None:
    """No new leads for a representative; those that are assigned stay."""
    session.execute(update(Representative).where(Representative.person_id == person_id).values(available=False))


def change_permissions(membership: Membership, permissions: frozenset[str], *, by: Actor, at: datetime) -> None:
    """Set what a partner member may see and do. Raises LastManager."""
    granted = {name: name in permissions for name in PERMISSIONS}
    if membership.manage_members and not granted["manage_members"]:
        require_another_manager(membership)
    grant(membership, granted)
    note_change(membership, by=by, at=at, permissions=sorted(permissions))
    audit.record("permissions_changed", by=by, at=at, about=membership.person, permissions=sorted(permissions))


def change_membership(membership: Membership, status: str, *, by: Actor, at: datetime) -> None:
    """Suspend, end or restore a membership; its sign-ins end with it. Raises LastManager, LastAdministrator."""
    if status != "active":
        require_another_manager(membership)
        require_another_administrator(membership)
        end_sign_ins(SignIn.membership_id == membership.id, at=at)
        if membership.role in {"rep", "admin"}:
            stop_assigning(membership.person_id)
    MEMBERSHIP.move(membership, status)
    note_change(membership, by=by, at=at, status=status)
    audit.record("membership_changed", by=by, at=at, about=membership.person, status=status)


def make_link(
    purpose: str, *, at: datetime, email: str = "", person_id: int | None = None, details: dict[str, Any] | None = None
) -> OneTimeLink:
    """A link that can be used once until it expires; earlier ones that promise the recipient the same end."""
    earlier = session.scalars(
        select(OneTimeLink)
        .where(OneTimeLink.purpose == purpose, OneTimeLink.email == email, OneTimeLink.used_at.is_(None))
        .where(OneTimeLink.person_id.is_not_distinct_from(person_id), OneTimeLink.revoked_at.is_(None))
    )
    for link in earlier:
        if organisation_of(link.details) == organisation_of(details or {}):
            link.revoked_at = at
    link = OneTimeLink(
        id=new_token(),
        purpose=purpose,
        email=email,
        person_id=person_id,
        details=details or {},
        created_at=at,
        expires_at=at + LINK_LIFE[purpose],
    )
    session.add(link)
    session.flush()
    return link


def use_link(link_id: str, purpose: str, *, at: datetime) -> OneTimeLink:
    """Spend a link. Of many who try at once, one succeeds (P14); raises LinkSpent for the others."""
    spent = session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.id == link_id, OneTimeLink.purpose == purpose)
        .where(OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None), OneTimeLink.expires_at > at)
        .values(used_at=at)
        .execution_options(synchronize_session=False)
    )
    if not spent_one(spent):
        raise LinkSpent
    link = session.get(OneTimeLink, link_id, populate_existing=True)
    if link is None:
        raise NotFound
    return link


def end_sign_ins(condition: Any, *, at: datetime) -> None:
    """Sign out every browser that the condition on SignIn covers."""
    session.execute(
        update(SignIn)
        .where(condition, SignIn.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


def set_password(person: Person, password_hash: str, *, at: datetime, keep_sign_in: int = 0) -> None:
    """Store a new password; every other browser of the person is signed out, and links that wait are spent."""
    person.password_hash = password_hash
    end_links_of(person, at=at)
    end_sign_ins((SignIn.person_id == person.id) & (SignIn.id != keep_sign_in), at=at)


def end_links_of(person: Person, *, at: datetime) -> None:
    """End what was mailed to change this account: whoever asked for it may be locked out by now."""
    session.execute(
        update(OneTimeLink)
        .where(OneTimeLink.person_id == person.id, OneTimeLink.purpose.in_(("reset", "email")))
        .where(OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None))
        .values(revoked_at=at)
        .execution_options(synchronize_session=False)
    )


def grant(membership: Membership, granted: dict[str, bool]) -> None:
    for name, value in granted.items():
        setattr(membership, name, value)


def note_change(membership: Membership, *, by: Actor, at: datetime, **details: Any) -> None:
    session.add(MembershipChange(membership_id=membership.id, at=at, by_person_id=by.person_id, details=details))


def refuse_known_email(email: str) -> None:
    # Of two who come with one address at once the second waits here for what becomes of the first.
    lock_names([f"email:{email}"])
    if find_person_by_email(email) is not None:
        raise EmailTaken(field="email")


def require_another_manager(membership: Membership) -> None:
    """Raises LastManager when nobody else manages the partner, or the shop."""
    if not (membership.manage_members or membership.manage) or membership.status != "active":
        return
    lock_names([f"managers:{membership.partner_id or membership.shop_id}"])
    managing = Membership.manage if membership.partner_id is None else Membership.manage_members
    others = session.scalar(
        select(func.count())
        .select_from(Membership)
        .where(Membership.partner_id.is_not_distinct_from(membership.partner_id))
        .where(Membership.shop_id.is_not_distinct_from(membership.shop_id))
        .where(managing, Membership.status == "active", Membership.id != membership.id)
    )
    if not others:
        raise LastManager


def require_another_administrator(membership: Membership) -> None:
    if membership.role != "admin" or membership.status != "active":
        return
    lock_names(["administrators"])
    others = session.scalar(
        select(func.count())
        .select_from(Membership)
        .where(Membership.role == "admin", Membership.status == "active", Membership.id != membership.id)
    )
    if not others:
        raise LastAdministrator


def change_email(person: Person, email: str, *, at: datetime) -> None:
    """Know the account by another e-mail from now on. Raises EmailTaken."""
    refuse_known_email(email)
    by = Actor(role="system", person_id=person.id)
    audit.record("email_changed", by=by, at=at, about=person)
    end_links_of(person, at=at)
    person.email = email
    session.flush()
