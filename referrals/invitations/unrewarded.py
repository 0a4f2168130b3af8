"""Leads that are won and have no referral yet: from before there were referrals, and imported ones (`SPEC §4`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select

from referrals.db import session
from referrals.invitations.models import Activation, Invitation
from referrals.invitations.operations import hold_lead
from referrals.leads.models import Lead, Product
from referrals.leads.rewards import refer_late
from referrals.partners.models import Referral
from referrals.people.rules import Actor


def unrewarded(*, after: int, limit: int) -> Sequence[int]:
    """The next of them whose id comes after this one. An upgrade that is under way makes its referral itself."""
    return session.scalars(
        select(Lead.id)
        .join(Product, Product.id == Lead.product_id)
        .where(Lead.id > after, is_unrewarded())
        .order_by(Lead.id)
        .limit(limit)
    ).all()


def is_unrewarded() -> ColumnElement[bool]:
    under_way = (
        exists()
        .where(Activation.invitation_id == Invitation.id, Invitation.lead_id == Lead.id, Activation.done_at.is_(None))
        .correlate(Lead)
    )
    plus = and_(Product.flow == "commission", Lead.status == "awarded", Lead.payout != "not_eligible")
    pos = and_(Product.flow == "bounty", or_(Lead.payout.in_(("due", "paid")), won_elsewhere()))
    return and_(
        or_(plus, pos), Lead.claim.in_(("owner", "shared")), ~exists().where(Referral.lead_id == Lead.id), ~under_way
    )


def won_elsewhere() -> ColumnElement[bool]:
    return and_(Lead.status == "awarded", Lead.payout == "none")


def reward_late(lead_id: int, *, by: Actor, at: datetime) -> bool:
    """Write the referral of one of these, with its bounty where that is due; answers False where it was done before."""
    lead = hold_lead(lead_id)
    again = select(Lead.id).join(Product, Product.id == Lead.product_id).where(Lead.id == lead_id, is_unrewarded())
    if session.scalar(again) is None:
        return False
    refer_late(lead, by=by, at=at)
    return True
