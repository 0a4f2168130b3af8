"""What is read of earnings; always from what the reader may see (P13)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, true

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.errors import NotFound
from referrals.partners.models import Referral
from referrals.people.rules import Actor


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all earnings, members with `view_financials` those of their partner, others none."""
    if viewer.is_staff and viewer.may("finance"):
        return true()
    partner_id = viewer.partner_id if viewer.may("view_financials") else None
    return Earning.partner_id == (partner_id or 0)


def get_earning(viewer: Actor, earning_id: int) -> Earning:
    """An earning that the viewer may see; raises NotFound."""
    found = session.scalar(select(Earning).where(Earning.id == earning_id, visible_to(viewer)))
    if found is None:
        raise NotFound
    return found


def earnings_of(viewer: Actor, referral: Referral) -> Sequence[Earning]:
    """What a referral earned, the latest first; nothing for those who may not see money (`view_financials`)."""
    query = select(Earning).where(Earning.referral_id == referral.id, visible_to(viewer))
    return session.scalars(query.order_by(Earning.earned_at.desc(), Earning.id.desc())).all()
