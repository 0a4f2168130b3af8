"""What is read of leads; always from what the reader may see (P13)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.leads.models import Appeal, Lead, LeadCount, LeadEvent, LeadMessage
from referrals.leads.rules import Standing
from referrals.listing import AnyRow, Listing, Shape, Wish
from referrals.partners.models import Partner
from referrals.people.models import Person, Representative
from referrals.people.rules import Actor


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Staff see all leads; members those of their partner, without `view_referrals` those they submitted."""
    if viewer.is_staff:
        return true()
    own = Lead.partner_id == (viewer.partner_id or 0)
    return own if viewer.may("view_referrals") else own & (Lead.submitted_by_id == viewer.person_id)


def get_lead(viewer: Actor, ref: str, *, for_update: bool = False) -> Lead:
    """The lead with this reference, if the viewer may see it; raises NotFound. `for_update` locks its row first."""
    statement = select(Lead).where(Lead.ref == ref, visible_to(viewer))
    if for_update:
        session.execute(select(Lead.id).where(Lead.ref == ref, visible_to(viewer)).with_for_update())
        statement = statement.execution_options(populate_existing=True)
    lead = session.scalar(statement)
    if lead is None:
        raise NotFound
    return lead


def find_ref(viewer: Actor, lead_id: int) -> str | None:
    """The reference of a lead, if the viewer may see it."""
    return session.scalar(select(Lead.ref).where(Lead.id == lead_id, visible_to(viewer)))


def refs_of(viewer: Actor, lead_ids: Sequence[int]) -> dict[int, str]:
    """The references of those of these leads that the viewer may see, by id."""
    if not lead_ids:
        return {}
    found = session.execute(select(Lead.id, Lead.ref).where(Lead.id.in_(lead_ids), visible_to(viewer)))
    return {row.id: row.ref for row in found}


def standing_of(lead: Lead) -> Standing:
    """What the rules need to know of a lead."""
    open_appeal = session.scalar(select(exists().where(Appeal.lead_id == lead.id, Appeal.answered_at.is_(None))))
    return Standing(
        flow=lead.product.flow,
        sales_support=lead.sales_support,
        status=lead.status,
        payout=lead.payout,
        in_conflict=lead.claim == "in_conflict",
        appeal_open=bool(open_appeal),
    )


def timeline_of(viewer: Actor, lead: Lead) -> Sequence[AnyRow]:
    """The entries of a lead's timeline that the viewer may see, the latest first, with the names of who acted."""
    statement = (
        select(
            LeadEvent.id,
            LeadEvent.at,
            LeadEvent.kind,
            LeadEvent.side,
            LeadEvent.details,
            LeadEvent.person_id,
            Person.name,
        )
        .outerjoin(Person, Person.id == LeadEvent.person_id)
        .where(LeadEvent.lead_id == lead.id)
        .order_by(LeadEvent.at.desc(), LeadEvent.id.desc())
    )
    return session.execute(statement if viewer.is_staff else statement.where(~LeadEvent.staff_only)).all()


def messages_of(lead: Lead) -> Sequence[AnyRow]:
    """The thread of messages about a lead, the earliest first."""
    return session.execute(
        select(LeadMessage.id, LeadMessage.at, LeadMessage.side, LeadMessage.text, LeadMessage.person_id, Person.name)
        .outerjoin(Person, Person.id == LeadMessage.person_id)
        .where(LeadMessage.lead_id == lead.id)
        .order_by(LeadMessage.at, LeadMessage.id)
    ).all()


def latest_activity(viewer: Actor, *, limit: int = 8) -> Sequence[AnyRow]:
    """What happened last to the leads that the viewer may see."""
    statement = (
        select(
            LeadEvent.at,
            LeadEvent.kind,
            LeadEvent.side,
            LeadEvent.details,
            LeadEvent.person_id,
            Person.name,
            Lead.ref,
            Lead.business_name,
            Lead.status,
        )
        .join(Lead, Lead.id == LeadEvent.lead_id)
        .outerjoin(Person, Person.id == LeadEvent.person_id)
        .where(visible_to(viewer))
        .order_by(LeadEvent.at.desc(), LeadEvent.id.desc())
        .limit(limit)
    )
    return session.execute(statement if viewer.is_staff else statement.where(~LeadEvent.staff_only)).all()


def rep_names(ids: Sequence[int]) -> dict[int, str]:
    """The names of representatives that a timeline speaks of."""
    rows = session.execute(
        select(Representative.id, Person.name)
        .join(Person, Person.id == Representative.person_id)
        .where(Representative.id.in_(ids))
    )
    return {row.id: row.name for row in rows} if ids else {}


def reps_seen_by(viewer: Actor) -> Sequence[AnyRow]:
    """The representatives that a list of the viewer's leads can be filtered by: (id, name)."""
    statement = (
        select(Representative.id, Person.name)
        .join(Person, Person.id == Representative.person_id)
        .order_by(Person.name_key)
    )
    if not viewer.is_staff:
        mine = select(Lead.rep_id).where(visible_to(viewer))
        if viewer.may("view_referrals"):
            mine = select(LeadCount.rep_id).where(LeadCount.partner_id == viewer.partner_id, LeadCount.leads > 0)
        statement = statement.where(Representative.id.in_(mine))
    return session.execute(statement).all()


def count_leads(viewer: Actor, **where: str | int | Sequence[str]) -> int:
    """How many leads the viewer sees, by status (or several), payout, representative; from kept counts if possible."""
    if viewer.is_staff or viewer.may("view_referrals"):
        statement = select(func.coalesce(func.sum(LeadCount.leads), 0))
        if not viewer.is_staff:
            statement = statement.where(LeadCount.partner_id == viewer.partner_id)
        columns: Any = LeadCount
    else:
        statement = select(func.count()).select_from(Lead).where(visible_to(viewer))
        columns = Lead
    for name, value in where.items():
        column = getattr(columns, name)
        statement = statement.where(column == value if isinstance(value, str | int) else column.in_(value))
    return int(session.scalar(statement) or 0)


def count_leads_since(viewer: Actor, since: Any, **where: str) -> int:
    """How many of the leads that the viewer sees were submitted since a moment."""
    statement = select(func.count()).select_from(Lead).where(visible_to(viewer), Lead.submitted_at >= since)
    for name, value in where.items():
        statement = statement.where(getattr(Lead, name) == value)
    return session.scalar(statement) or 0


def count_unassigned() -> int:
    """How many open leads wait for a representative."""
    return int(
        session.scalar(
            select(func.coalesce(func.sum(LeadCount.leads), 0)).where(
                LeadCount.rep_id == 0, LeadCount.status.in_(("submitted", "in_progress"))
            )
        )
        or 0
    )


def count_open_appeals() -> int:
    """How many appeals wait for an answer."""
    return session.scalar(select(func.count()).select_from(Appeal).where(Appeal.answered_at.is_(None))) or 0


class AppealList(Listing):
    """Appeals for staff; those to answer first."""

    shape = Shape(
        keys={"at": Appeal.at, "business_name": Lead.business_key},
        default="at",
        ident=Appeal.id,
        searched=Lead.search_text,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        viewer.require("work_leads")
        statement = (
            select(
                Appeal.id,
                Appeal.at,
                Appeal.text,
                Appeal.answered_at,
                Appeal.granted,
                Appeal.answer,
                Lead.ref,
                Lead.business_name,
                Lead.reason_sentence,
                Partner.name.label("partner"),
            )
            .join(Lead, Lead.id == Appeal.lead_id)
            .join(Partner, Partner.id == Lead.partner_id)
        )
        if wish.get("state") != "all":
            answered = wish.get("state") == "answered"
            statement = statement.where(Appeal.answered_at.is_not(None) if answered else Appeal.answered_at.is_(None))
        super().__init__(wish, statement)


def get_leads(viewer: Actor, refs: Sequence[str]) -> list[Lead]:
    """The leads with these references that the viewer may see, in the order of the references."""
    found = session.scalars(select(Lead).where(Lead.ref.in_(refs), visible_to(viewer))).all()
    by_ref = {lead.ref: lead for lead in found}
    return [by_ref[ref] for ref in refs if ref in by_ref]
