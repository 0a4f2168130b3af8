"""What a decision does to the claims of a prospect: who has it now, which conflicts end with it, who hears of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select

from referrals.db import session
from referrals.leads import notices
from referrals.leads.lifecycle import CLAIM
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.timeline import note
from referrals.people.rules import Actor

ENDED = "moot"


@dataclass(frozen=True)
class Ended:
    """A conflict that nobody needs to decide any more, because one of its two leads has lost the prospect elsewhere.

    `settled` says whether the remaining lead has the prospect by that.
    """

    remaining: Lead
    matched: Sequence[str]
    settled: bool


def lock_claims(conflict: LeadConflict) -> tuple[Lead, Lead]:
    """Hold a conflict and all leads that its decision can touch, as they are now: answers newcomer and holder."""
    session.refresh(conflict, with_for_update=True)
    sides = conflict.lead_id, conflict.against_id
    touched = set(sides)
    for lead_id in sides:
        for other in open_conflicts_about(lead_id):
            touched |= {other.lead_id, other.against_id}
    in_order = select(Lead).where(Lead.id.in_(touched)).order_by(Lead.id).with_for_update(of=Lead)
    session.scalars(in_order.execution_options(populate_existing=True)).all()
    return session.get_one(Lead, conflict.lead_id), session.get_one(Lead, conflict.against_id)


def settle_claims(lead: Lead, against: Lead, loser: Lead | None, *, text: str, by: Actor, at: datetime) -> list[Ended]:
    """The loser's claim ends, and its other conflicts with it; whoever has none left to wait for has the prospect."""
    rest: list[LeadConflict] = []
    if loser is not None and loser.claim != "lost":
        CLAIM.move(loser, "lost")
        rest = list(open_conflicts_about(loser.id))
        for conflict in rest:
            conflict.decided_at, conflict.decided_by_id, conflict.decision, conflict.note = (
                at,
                by.person_id,
                ENDED,
                text,
            )
    session.flush()
    settle_claim(lead)
    settle_claim(against)
    ended = []
    for conflict in rest:
        other_id = conflict.against_id if loser and conflict.lead_id == loser.id else conflict.lead_id
        remaining = session.get_one(Lead, other_id)
        ended.append(Ended(remaining, conflict.matched, settle_claim(remaining)))
    return ended


def settle_claim(lead: Lead) -> bool:
    """Give the prospect to a lead that has no conflict left, alone or beside others; answers whether it was given."""
    if lead.claim != "in_conflict" or waits(lead):
        return False
    CLAIM.move(lead, "shared" if others_hold(lead) else "owner")
    session.flush()
    return True


def waits(lead: Lead) -> bool:
    """Whether a conflict of a newcomer is still to be decided."""
    mine = exists().where(LeadConflict.lead_id == lead.id, LeadConflict.decided_at.is_(None))
    return bool(session.scalar(select(mine)))


def others_hold(lead: Lead) -> bool:
    """Whether a lead that this one was in conflict with has the prospect."""
    met = or_(
        and_(LeadConflict.lead_id == lead.id, LeadConflict.against_id == Lead.id),
        and_(LeadConflict.against_id == lead.id, LeadConflict.lead_id == Lead.id),
    )
    holders = select(func.count()).select_from(Lead).join(LeadConflict, met).where(Lead.claim.in_(("owner", "shared")))
    return bool(session.scalar(holders))


def open_conflicts_about(lead_id: int) -> Sequence[LeadConflict]:
    """The conflicts to decide that a lead is part of."""
    either = or_(LeadConflict.lead_id == lead_id, LeadConflict.against_id == lead_id)
    return session.scalars(
        select(LeadConflict).where(either, LeadConflict.decided_at.is_(None)).order_by(LeadConflict.id)
    ).all()


def outcome_for(newcomer: bool, decision: str) -> str:
    """How the decision came out for one of the two: `yours`, `not_yours`, `both`."""
    if decision == "both":
        return "both"
    return "yours" if newcomer == (decision == "give") else "not_yours"


def tell_decision(side: Lead, outcome: str, matched: Sequence[str], *, text: str, by: Actor, at: datetime) -> None:
    """Note a decision and tell the partner; one with another conflict to come hears of the last decision only."""
    waiting = side.claim == "in_conflict"
    note(side, "conflict_decided", by=by, at=at, staff_only=waiting, outcome=outcome, text=text, matched=list(matched))
    if not waiting:
        notices.tell_partner(side, "conflict_decided", "conflict", by=by, at=at, outcome=outcome, text=text)


def tell_ended(ended: Sequence[Ended], *, text: str, by: Actor, at: datetime) -> None:
    """Note which conflicts ended by themselves; the partners hear of it whose lead has the prospect by that."""
    for one in ended:
        outcome = "both" if one.remaining.claim == "shared" else "yours"
        if one.settled:
            tell_decision(one.remaining, outcome, one.matched, text=text, by=by, at=at)
        else:
            entry = {"outcome": outcome, "text": text, "matched": list(one.matched)}
            note(one.remaining, "conflict_decided", by=by, at=at, staff_only=True, **entry)
