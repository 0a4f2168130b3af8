"""Who is told of what happens to a lead, by mail and bell (`SPEC §2` Notifications)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from referrals.db import session
from referrals.leads.models import Lead
from referrals.outbox.operations import notify
from referrals.people.models import Membership, Person
from referrals.people.queries import administrators, is_member, partner_recipients
from referrals.people.rules import Actor


def facts(lead: Lead, **more: Any) -> dict[str, Any]:
    """What every message about a lead may speak of."""
    return {
        "ref": lead.ref,
        "business_name": lead.business_name,
        "product": lead.product.name,
        "product_code": lead.product.code,
        "partner": lead.partner.name,
        "rep": lead.rep.person.name if lead.rep else "",
        **more,
    }


def partner_side(lead: Lead) -> list[Person]:
    """The member who submitted the lead while they belong to the partner, else those who manage its members."""
    person = lead.submitted_by
    if person is not None and is_member(person.id, lead.partner_id):
        return [person]
    return list(partner_recipients(lead.partner_id))


def staff_side(lead: Lead) -> list[Person]:
    """The assigned representative while they are on the staff, or else the administrators."""
    if lead.rep is not None and is_on_staff(lead.rep.person_id):
        return [lead.rep.person]
    return list(administrators())


def is_on_staff(person_id: int) -> bool:
    """Whether a person is on the staff now: not suspended, and not gone."""
    on_staff = exists().where(Membership.person_id == person_id, active_staff())
    return bool(session.scalar(select(on_staff)))


def active_staff() -> ColumnElement[bool]:
    """The memberships of those on the staff now."""
    return Membership.role.in_(("rep", "admin")) & (Membership.status == "active")


def tell(
    people: Iterable[Person], lead: Lead, template: str, kind: str, *, by: Actor, at: datetime, **more: Any
) -> None:
    """Notify each of these people about a lead."""
    for person in people:
        notify(person, kind, template, facts(lead, **more), by=by, at=at, subject=lead.ref)


def tell_partner(lead: Lead, template: str, kind: str, *, by: Actor, at: datetime, **more: Any) -> None:
    """Notify the partner's side."""
    tell(partner_side(lead), lead, template, kind, by=by, at=at, **more)


def tell_rep(lead: Lead, template: str, kind: str, *, by: Actor, at: datetime, **more: Any) -> None:
    """Notify the staff's side."""
    tell(staff_side(lead), lead, template, kind, by=by, at=at, **more)


def tell_unassigned(lead: Lead, *, by: Actor, at: datetime) -> None:
    """Nobody could be assigned: tell the administrators."""
    tell(administrators(), lead, "lead_unassigned", "assigned", by=by, at=at)
