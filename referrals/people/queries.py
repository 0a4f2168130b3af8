"""What is read of people; always from what the reader may see."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, func, select, true

from referrals.db import KeyText, session
from referrals.errors import NotFound
from referrals.listing import Listing, Shape, Wish
from referrals.people.models import (
    ApiKey,
    AuditEntry,
    Membership,
    OneTimeLink,
    Person,
    Representative,
    SignIn,
)
from referrals.people.rules import PERMISSIONS, SHOP_PERMISSIONS, Actor, organisation_of
from referrals.people.tokens import digest


def find_person_by_email(email: str) -> Person | None:
    """The account with this e-mail (in its login form)."""
    return session.scalar(select(Person).where(Person.email == email))


def find_person_by_phone(phone: str) -> Person | None:
    """The account with this phone number (in E.164)."""
    return session.scalar(select(Person).where(Person.phone == phone))


def get_person(person_id: int) -> Person:
    """The account with this id."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound
    return person


def names_of_people(ids: Sequence[int]) -> dict[int, str]:
    """What these people are called: their name, else as salespeople are shown."""
    people = session.scalars(select(Person).where(Person.id.in_(set(ids)))) if ids else ()
    return {person.id: person.name or person.called for person in people}


def find_sign_in(token: str, *, at: datetime) -> Row[SignIn, Person, Membership, int] | None:
    """Sign-in, person, membership and representative's id behind a cookie, while the sign-in is good; one query."""
    return session.execute(
        select(SignIn, Person, Membership, Representative.id)
        .join(Person, Person.id == SignIn.person_id)
        .outerjoin(Membership, (Membership.id == SignIn.membership_id) & (Membership.status == "active"))
        .outerjoin(Representative, Representative.person_id == Person.id)
        .where(SignIn.token_digest == digest(token), SignIn.revoked_at.is_(None), SignIn.expires_at > at)
    ).one_or_none()


def actor_of(person: Person, membership: Membership | None, rep_id: int | None) -> Actor:
    """Who acts when this person acts in this membership."""
    if membership is None:
        return Actor(role="nobody", person_id=person.id, name=person.name)
    permissions = frozenset(name for name in PERMISSIONS + SHOP_PERMISSIONS if getattr(membership, name))
    return Actor(
        role=membership.role,
        person_id=person.id,
        membership_id=membership.id,
        partner_id=membership.partner_id,
        shop_id=membership.shop_id,
        salesperson_id=membership.salesperson_id,
        rep_id=rep_id if membership.role in {"rep", "admin"} else None,
        permissions=permissions,
        name=person.name,
    )


def active_memberships(person_id: int) -> Sequence[Membership]:
    """The memberships a person can act in."""
    return session.scalars(
        select(Membership)
        .where(Membership.person_id == person_id, Membership.status == "active")
        .order_by(Membership.id)
    ).all()


def visible_memberships(viewer: Actor) -> ColumnElement[bool]:
    """Those who manage see the memberships of their partner or shop; staff see all; others their own."""
    if viewer.may("view_people"):
        return true()
    if viewer.may("manage_members"):
        return Membership.partner_id == viewer.partner_id
    if viewer.role == "merchant" and viewer.may("manage"):
        return Membership.shop_id == viewer.shop_id
    return Membership.person_id == viewer.person_id


def get_membership(viewer: Actor, membership_id: int) -> Membership:
    """A membership that the viewer may see; raises NotFound."""
    found = session.scalar(select(Membership).where(Membership.id == membership_id, visible_memberships(viewer)))
    if found is None:
        raise NotFound
    return found


class MemberList(Listing):
    """Members of one partner, or staff (`partner_id` None)."""

    shape = Shape(
        keys={
            "name": Person.name_key,
            "email": func.coalesce(Person.email, "", type_=KeyText),
            "role": Membership.role,
            "status": Membership.status,
            "since": Membership.created_at,
        },
        default="name",
        ident=Membership.id,
        searched=Person.search_text,
    )

    def __init__(self, viewer: Actor, partner_id: int | None, wish: Wish) -> None:
        statement = (
            select(*MEMBER_COLUMNS)
            .join(Person, Person.id == Membership.person_id)
            .outerjoin(Representative, (Representative.person_id == Person.id) & Membership.partner_id.is_(None))
            .where(visible_memberships(viewer), Membership.partner_id.is_not_distinct_from(partner_id))
            .where(Membership.shop_id.is_(None))
        )
        if wish.get("status"):
            statement = statement.where(Membership.status == wish.get("status"))
        super().__init__(wish, statement)


class AuditList(Listing):
    """The audit log; newest first."""

    shape = Shape(
        keys={
            "at": AuditEntry.at,
            "action": AuditEntry.action,
            "person": func.coalesce(Person.name_key, "", type_=KeyText),
        },
        default="-at",
        ident=AuditEntry.id,
        searched=func.coalesce(Person.search_text, ""),
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        viewer.require("configure")
        statement = select(
            AuditEntry.id, AuditEntry.at, AuditEntry.action, AuditEntry.subject, AuditEntry.details, Person.name
        ).outerjoin(Person, Person.id == AuditEntry.person_id)
        if wish.get("action"):
            statement = statement.where(AuditEntry.action == wish.get("action"))
        super().__init__(wish, statement)


MEMBER_COLUMNS = (
    Membership.id,
    Membership.role,
    Membership.status,
    Membership.view_referrals,
    Membership.view_financials,
    Membership.manage_members,
    Membership.created_at,
    Membership.person_id,
    Person.name,
    Person.email,
    Representative.phone,
    Representative.booking_url,
    Representative.available,
)


def find_representative(person_id: int) -> Representative | None:
    """The representative that a staff person is, if leads come to them."""
    return session.scalar(select(Representative).where(Representative.person_id == person_id))


def audit_actions() -> Sequence[str]:
    """The kinds of action that the log holds."""
    return session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()


def open_sign_ins(person_id: int, *, at: datetime) -> Sequence[SignIn]:
    """Where a person is signed in, the latest first."""
    return session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.revoked_at.is_(None), SignIn.expires_at > at)
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    ).all()


def open_links(purpose: str, *, at: datetime) -> Select[OneTimeLink]:
    """Links of one purpose that can still be used."""
    return select(OneTimeLink).where(
        OneTimeLink.purpose == purpose,
        OneTimeLink.used_at.is_(None),
        OneTimeLink.revoked_at.is_(None),
        OneTimeLink.expires_at > at,
    )


def find_open_link(link_id: str, purpose: str, *, at: datetime) -> OneTimeLink | None:
    """The link with this id while it can be used."""
    return session.scalar(open_links(purpose, at=at).where(OneTimeLink.id == link_id))


def open_invitations(
    partner_id: int | None = None, shop_id: int | None = None, *, at: datetime
) -> Sequence[OneTimeLink]:
    """Who was invited to join this partner or this shop (or the staff, where neither is named) and has not yet."""
    links = session.scalars(open_links("join", at=at).order_by(OneTimeLink.created_at.desc())).all()
    return [link for link in links if organisation_of(link.details) == (partner_id, shop_id)]


def find_key(secret: str) -> ApiKey | None:
    """The API key whose secret this is, while it is good."""
    return session.scalar(select(ApiKey).where(ApiKey.secret_digest == digest(secret), ApiKey.revoked_at.is_(None)))


def keys_of_partner(partner_id: int) -> Sequence[ApiKey]:
    """The partner's keys that are good, the newest first."""
    return session.scalars(
        select(ApiKey)
        .where(ApiKey.partner_id == partner_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    ).all()


def keys_of_shop(shop_id: int) -> Sequence[ApiKey]:
    """The shop's keys that are good, the newest first."""
    return session.scalars(
        select(ApiKey)
        .where(ApiKey.shop_id == shop_id, ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    ).all()


def partner_recipients(partner_id: int) -> Sequence[Person]:
    """Whom to write to at a partner when a lead has nobody of its own: those who manage the members."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.partner_id == partner_id, Membership.status == "active", Membership.manage_members)
        .order_by(Person.id)
    ).all()


def administrators() -> Sequence[Person]:
    """Everybody who administers."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.role == "admin", Membership.status == "active")
        .order_by(Person.id)
    ).all()


def is_member(person_id: int, partner_id: int) -> bool:
    """Whether a person is an active member of a partner."""
    found = session.scalar(
        select(Membership.id).where(
            Membership.person_id == person_id, Membership.partner_id == partner_id, Membership.status == "active"
        )
    )
    return found is not None
