"""What is read of partners; always from what the reader may see."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.listing import Listing, Wish
from referrals.normal_form import normal_form
from referrals.partners.models import Partner
from referrals.people.models import Membership
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


def all_partners(viewer: Actor) -> Sequence[Partner]:
    """Every partner the viewer may see, by name."""
    return session.scalars(select(Partner).where(visible_to(viewer)).order_by(Partner.name_key)).all()


class PartnerList(Listing):
    """The partners that staff see."""

    keys = {"name": Partner.name_key, "since": Partner.created_at}
    default = "name"
    ident = Partner.id
    searched = Partner.name_key

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        members = (
            select(func.count())
            .select_from(Membership)
            .where(Membership.partner_id == Partner.id, Membership.status == "active")
            .scalar_subquery()
        )
        super().__init__(
            wish,
            select(Partner.id, Partner.name, Partner.created_at, members.label("members")).where(visible_to(viewer)),
        )
