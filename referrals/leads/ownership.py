"""Who owns a prospect: duplicates found, conflicts recorded and decided (`SPEC §2` Duplicates and ownership)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from referrals.db import lock_names, session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.leads import notices
from referrals.leads.claims import lock_claims, outcome_for, settle_claims, tell_decision, tell_ended
from referrals.leads.models import Lead, LeadConflict, Product, ProspectKey
from referrals.leads.refusal import refuse_for_duplicate
from referrals.leads.rules import claims_overlap, is_open, is_refused, prospect_keys
from referrals.leads.timeline import note
from referrals.listing import AnyRow, Listing, Shape, Statement, Wish
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.wording import N_

DECISIONS = ("keep", "give", "both")
HOLDS = ("owner", "in_conflict", "shared")


class AlreadySubmitted(Conflict):
    """The same partner has an open lead of this prospect; `ref` names it."""

    sentence = N_("You have submitted this business already. It is lead %(ref)s.")


class AlreadyDecided(Conflict):
    """Somebody decided this conflict before."""

    sentence = N_("This conflict has been decided already.")


class CannotTakeAway(RuleBroken):
    """The earlier lead is awarded or paid: its partner keeps it."""

    sentence = N_("The other lead is already awarded or paid out. It cannot be given away.")


class NothingToGiveTo(RuleBroken):
    """The lead that would get the prospect is refused or has lost it: nobody would have it."""

    sentence = N_("A lead that is refused cannot get the business. Decide otherwise.")


@dataclass(frozen=True)
class Match:
    """An earlier lead of the same prospect, and the signs that both share."""

    lead: Lead
    kinds: tuple[str, ...]


def keys_of(values: Mapping[str, Any], shared_hosts: Sequence[str]) -> dict[str, str]:
    """The signs of the prospect that a form or a row describes."""
    return prospect_keys(
        website_url=values.get("website_url") or "",
        contact_email=values.get("contact_email") or "",
        contact_phone=values.get("contact_phone") or "",
        shared_hosts=shared_hosts,
    )


def hold_prospect(product_id: int, keys: Mapping[str, str]) -> None:
    """Make everybody else who submits the same prospect wait until this transaction ends."""
    hold_prospects([(product_id, keys)])


def hold_prospects(prospects: Iterable[tuple[int, Mapping[str, str]]]) -> None:
    """The same for several prospects, each a product's id and the signs; held in one order, so nobody deadlocks."""
    lock_names(
        f"prospect:{product_id}:{kind}:{value}" for product_id, keys in prospects for kind, value in keys.items()
    )


def hold_prospects_of(*lead_ids: int) -> None:
    """The same for the prospects of leads that are stored."""
    keys = session.scalars(select(ProspectKey).where(ProspectKey.lead_id.in_(lead_ids)))
    hold_prospects((key.product_id, {key.kind: key.value}) for key in keys)


def matches(product_id: int, keys: Mapping[str, str], *, apart_from: int | None = None) -> list[Match]:
    """All leads of the prospect, the earliest first, each with the signs that match."""
    if not keys:
        return []
    same = or_(*((ProspectKey.kind == kind) & (ProspectKey.value == value) for kind, value in keys.items()))
    kinds: dict[int, list[str]] = {}
    for lead_id, kind in session.execute(
        select(ProspectKey.lead_id, ProspectKey.kind).where(ProspectKey.product_id == product_id, same)
    ):
        if lead_id != apart_from:
            kinds.setdefault(lead_id, []).append(kind)
    found = session.scalars(select(Lead).where(Lead.id.in_(kinds)).order_by(Lead.submitted_at, Lead.id)).all()
    return [Match(lead, tuple(sorted(kinds[lead.id]))) for lead in found]


def refuse_second_submission(found: Sequence[Match], partner_id: int) -> None:
    """Raises AlreadySubmitted when the partner has an open lead among these."""
    own = next((m for m in found if m.lead.partner_id == partner_id and is_open(m.lead.status, m.lead.payout)), None)
    if own is not None:
        raise AlreadySubmitted(field=FIELD_OF[own.kinds[0]], ref=own.lead.ref)


def rival_claims(found: Sequence[Match], partner_id: int, submitted_at: datetime, ownership_days: int) -> list[Match]:
    """Those of other partners whose claim is in force at this submission."""
    return [
        match
        for match in found
        if match.lead.partner_id != partner_id
        and match.lead.claim in HOLDS
        and claims_overlap(match.lead.submitted_at, submitted_at, ownership_days)
    ]


def remember_keys(lead: Lead, keys: Mapping[str, str]) -> None:
    """Store by which signs the lead's prospect is recognised."""
    session.add_all(
        ProspectKey(lead_id=lead.id, product_id=lead.product_id, kind=kind, value=value) for kind, value in keys.items()
    )


def record_conflicts(lead: Lead, rivals: Sequence[Match], *, at: datetime, quietly: bool = False) -> None:
    """Note on both timelines that the prospect is claimed twice; `quietly` (imports) without telling anybody."""
    if not rivals:
        return
    known = {
        row.against_id: row for row in session.scalars(select(LeadConflict).where(LeadConflict.lead_id == lead.id))
    }
    for rival in rivals:
        matched = list(rival.kinds)
        conflict = known.get(rival.lead.id) or LeadConflict(lead_id=lead.id, against_id=rival.lead.id)
        conflict.matched, conflict.at, conflict.note = matched, at, ""
        conflict.decided_at, conflict.decided_by_id, conflict.decision = None, None, None
        session.add(conflict)
        note(rival.lead, "claimed_by_other", by=SYSTEM, at=at, staff_only=True, matched=matched, other=lead.ref)
    first = min(rivals, key=lambda rival: rival.lead.submitted_at)
    registered_at = first.lead.submitted_at.isoformat()
    note(lead, "conflict", by=SYSTEM, at=at, registered_at=registered_at, matched=list(first.kinds))
    if not quietly:
        notices.tell_partner(lead, "lead_conflict", "conflict", by=SYSTEM, at=at, registered_at=registered_at)
        notices.tell_rep(lead, "conflict_for_staff", "conflict", by=SYSTEM, at=at, matched=list(first.kinds))


def decide(conflict: LeadConflict, decision: str, *, text: str, by: Actor, at: datetime) -> None:
    """Staff decide: `keep` the prior claim, `give` the prospect to the other lead, or `both` (two prospects).

    Decision and evidence go on both timelines; whoever loses is refused as a duplicate, and its other conflicts end.
    Raises AlreadyDecided, CannotTakeAway, NothingToGiveTo.
    """
    by.require("work_leads")
    if decision not in DECISIONS:
        raise NotFound
    hold_prospects_of(conflict.lead_id, conflict.against_id)
    lead, against = lock_claims(conflict)
    if conflict.decided_at is not None:
        raise AlreadyDecided
    loser = {"keep": lead, "give": against}.get(decision)
    if loser is not None:
        check_winner(lead if loser is against else against, loser)
    conflict.decided_at, conflict.decided_by_id, conflict.decision, conflict.note = at, by.person_id, decision, text
    ended = settle_claims(lead, against, loser, text=text, by=by, at=at)
    for side in (lead, against):
        tell_decision(side, outcome_for(side is lead, decision), conflict.matched, text=text, by=by, at=at)
    if loser is not None:
        refuse_for_duplicate(loser, text, by=by, at=at)
    tell_ended(ended, text=text, by=by, at=at)


def check_winner(winner: Lead, loser: Lead) -> None:
    """Raises the rule that forbids this outcome of a conflict, if one does."""
    if loser.status == "awarded" or loser.payout in {"due", "paid"}:
        raise CannotTakeAway
    # Who holds the claim keeps it also where the lead itself is refused: that was somebody's decision too.
    if winner.claim == "lost" or (winner.claim == "in_conflict" and is_refused(winner.status, winner.payout)):
        raise NothingToGiveTo


def lead_of(lead_id: int) -> Lead:
    lead = session.get(Lead, lead_id)
    if lead is None:
        raise NotFound
    return lead


def get_conflict(viewer: Actor, conflict_id: int) -> LeadConflict:
    """A conflict, for staff; raises NotFound."""
    viewer.require("work_leads")
    found = session.get(LeadConflict, conflict_id)
    if found is None:
        raise NotFound
    return found


Newcomer, Holder = aliased(Lead, flat=True), aliased(Lead, flat=True)
NewcomerPartner, HolderPartner = aliased(Partner), aliased(Partner)


class ConflictList(Listing):
    """Prospects that two partners claim; those to decide first."""

    shape = Shape(
        keys={"at": LeadConflict.at, "business_name": Newcomer.business_key},
        default="-at",
        ident=LeadConflict.id,
        searched=Newcomer.search_text,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        viewer.require("work_leads")
        statement: Statement = self.joined()
        if wish.get("state") != "all":
            decided = wish.get("state") == "decided"
            statement = statement.where(
                LeadConflict.decided_at.is_not(None) if decided else LeadConflict.decided_at.is_(None)
            )
        super().__init__(wish, statement)

    @staticmethod
    def joined() -> Select[*tuple[Any, ...]]:
        return (
            select(
                LeadConflict.id,
                LeadConflict.at,
                LeadConflict.matched,
                LeadConflict.decided_at,
                LeadConflict.decision,
                Newcomer.business_name,
                Newcomer.ref.label("lead_ref"),
                Newcomer.submitted_at.label("lead_at"),
                NewcomerPartner.name.label("lead_partner"),
                Holder.ref.label("against_ref"),
                Holder.submitted_at.label("against_at"),
                HolderPartner.name.label("against_partner"),
                Product.name.label("product"),
            )
            .join(Newcomer, Newcomer.id == LeadConflict.lead_id)
            .join(Holder, Holder.id == LeadConflict.against_id)
            .join(NewcomerPartner, NewcomerPartner.id == Newcomer.partner_id)
            .join(HolderPartner, HolderPartner.id == Holder.partner_id)
            .join(Product, Product.id == Newcomer.product_id)
        )


def open_conflict_count() -> int:
    """How many conflicts wait for a decision."""
    return session.scalar(select(func.count()).select_from(LeadConflict).where(LeadConflict.decided_at.is_(None))) or 0


def conflicts_about(lead: Lead) -> Sequence[AnyRow]:
    """The conflicts a lead is part of, for staff."""
    return session.execute(
        ConflictList.joined().where(or_(LeadConflict.lead_id == lead.id, LeadConflict.against_id == lead.id))
    ).all()


FIELD_OF = {"email": "contact_email", "host": "website_url", "phone": "contact_phone"}
