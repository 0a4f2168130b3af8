"""What is read of partners; always from what the reader may see."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.normal_form import normal_form
from referrals.partners.models import Partner
from referrals.people.rules import Actor


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Staff see every partner, members their own."""
    return true() if viewer.is_staff else Partner.id == viewer.partner_id


def get_partner(viewer: Actor, partner_id: int) -> Partner:
    """A partner that the viewer may see; raises NotFound."""
    partner = session.scalar(select(Partner).where(Partner.id == partner_id, visible_to(viewer)))
    if partner is None:
        raise NotFound
    return partner


def find_partner_by_name(name: str) -> Partner | None:
    """The partner with this name, whatever its letter case and accents."""
    return session.scalar(select(Partner).where(Partner.name_key == normal_form(name)))


def name_of_partner(partner_id: int) -> str:
    """What an organisation is called, for those who are invited to it."""
    return session.scalar(select(Partner.name).where(Partner.id == partner_id)) or ""


def all_partners(viewer: Actor) -> Sequence[Partner]:
    """Every partner the viewer may see, by name."""
    return session.scalars(select(Partner).where(visible_to(viewer)).order_by(Partner.name_key)).all()
