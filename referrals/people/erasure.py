"""Erasing what identifies a natural person, on request (`SPEC §1`). What they did stays, by nobody in particular."""

from datetime import datetime

from sqlalchemy import delete, select, update

from referrals.db import session
from referrals.people import audit
from referrals.people.models import (
    AuditEntry,
    Membership,
    OneTimeCode,
    OneTimeLink,
    Person,
    RecoveryCode,
    Representative,
    SignIn,
)
from referrals.people.operations import change_membership
from referrals.people.rules import Actor


def erase_person(person: Person, *, by: Actor, at: datetime) -> None:
    """End the memberships and forget the person; a number stands where the name stood.

    Raises LastManager, LastAdministrator.
    """
    for membership in session.scalars(select(Membership).where(Membership.person_id == person.id)):
        if membership.status != "left":
            change_membership(membership, "left", by=by, at=at)
    forget_traces(person)
    about = AuditEntry.about_id == person.id
    if person.email:
        about |= AuditEntry.subject == person.email
    session.execute(update(AuditEntry).where(about).values(subject=number_of(person)))
    person.name, person.email, person.phone, person.nickname = number_of(person), None, None, ""
    person.password_hash = person.second_factor = None
    person.language = person.seen_language = person.time_zone = None
    session.flush()
    audit.record("person_erased", by=by, at=at, subject=number_of(person))


def number_of(person: Person) -> str:
    return f"#{person.id}"


def forget_traces(person: Person) -> None:
    own_links = OneTimeLink.person_id == person.id
    if person.email:
        own_links |= OneTimeLink.email == person.email
    for table, whose in (
        (SignIn, SignIn.person_id == person.id),
        (RecoveryCode, RecoveryCode.person_id == person.id),
        (OneTimeLink, own_links),
        (OneTimeCode, OneTimeCode.phone == person.phone),
    ):
        session.execute(delete(table).where(whose))
    session.execute(
        update(Representative).where(Representative.person_id == person.id).values(phone="", booking_url="")
    )
