"""The partners as staff see them: with their members and leads counted."""

from sqlalchemy import func, select

from referrals.leads.models import LeadCount
from referrals.listing import Listing, Shape, Wish
from referrals.partners.models import Partner
from referrals.partners.queries import visible_to
from referrals.people.models import Membership
from referrals.people.rules import Actor

MEMBERS = (
    select(func.count())
    .select_from(Membership)
    .where(Membership.partner_id == Partner.id, Membership.status == "active")
    .scalar_subquery()
)
LEADS = select(func.coalesce(func.sum(LeadCount.leads), 0)).where(LeadCount.partner_id == Partner.id).scalar_subquery()


class PartnerList(Listing):
    """The partners that the viewer may see."""

    shape = Shape(
        keys={"name": Partner.name_key, "since": Partner.created_at},
        default="name",
        ident=Partner.id,
        searched=Partner.name_key,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        counted = (MEMBERS.label("members"), LEADS.label("leads"))
        super().__init__(wish, select(Partner.id, Partner.name, Partner.created_at, *counted).where(visible_to(viewer)))
