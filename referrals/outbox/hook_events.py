"""What programs outside can be told of: a closed table, with who hears of it and a sentence each (`SPEC §14`)."""

from dataclasses import dataclass

from referrals.people.rules import Actor
from referrals.wording import N_

# The operator hears of everything.
OPERATOR = ("operator", 0)
MONEY = "view_financials"


@dataclass(frozen=True)
class HookEvent:
    """One kind of event: whether partners or shops can listen to it, and what it says in a sentence.

    `needs` is the right without which a member of a partner may not hear of it.
    """

    heard_by: str
    sentence: str
    needs: str = ""


EVENTS = {
    "lead.submitted": HookEvent("partner", N_("A lead was submitted.")),
    "lead.status_changed": HookEvent("partner", N_("The status of a lead changed.")),
    "lead.payout_changed": HookEvent("partner", N_("The payout status of a lead changed.")),
    "referral.created": HookEvent("partner", N_("A merchant became a referral.")),
    "referral.closed": HookEvent("partner", N_("A referral was closed.")),
    "store.upgrade_requested": HookEvent("operator", N_("An owner accepted an upgrade: the store is to be upgraded.")),
    "store.upgraded": HookEvent("partner", N_("A store was upgraded.")),
    "invitation.accepted": HookEvent("partner", N_("An owner accepted an invitation to upgrade.")),
    "earning.created": HookEvent("partner", N_("A partner earned something, or an earning was corrected."), MONEY),
    "payout.paid": HookEvent("partner", N_("A payout was paid."), MONEY),
    "payout.failed": HookEvent("partner", N_("A payout could not be paid."), MONEY),
    "commission.pending": HookEvent("shop", N_("A promoted order has a commission that waits.")),
    "commission.settled": HookEvent("shop", N_("A commission was settled.")),
    "commission.void": HookEvent("shop", N_("A commission became void.")),
    "commission.clawed_back": HookEvent("shop", N_("A refund took back a part of a settled commission.")),
    "withdrawal.requested": HookEvent("shop", N_("A salesperson asked for a withdrawal.")),
    "withdrawal.paid": HookEvent("shop", N_("A withdrawal was paid.")),
    "withdrawal.refused": HookEvent("shop", N_("A withdrawal was refused.")),
    "salesperson.applied": HookEvent("shop", N_("Somebody applied as a salesperson.")),
}


def events_for(owner_kind: str) -> list[str]:
    """What the operator, a partner or a shop can listen to, in the order of the table."""
    return [name for name, event in EVENTS.items() if owner_kind in ("operator", event.heard_by)]


def unseen_by(viewer: Actor) -> list[str]:
    """What a partner's member may not hear of; nobody else sees endpoints in part."""
    if viewer.partner_id is None:
        return []
    return [name for name, event in EVENTS.items() if event.needs and not viewer.may(event.needs)]


def heard_by(viewer: Actor, owner_kind: str) -> list[str]:
    """What an owner can listen to as far as the viewer may hear of it."""
    unseen = unseen_by(viewer)
    return [name for name in events_for(owner_kind) if name not in unseen]
