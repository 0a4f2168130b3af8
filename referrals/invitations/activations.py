"""Upgrading a store whose owner accepted: asked for at once, done when the platform has heard of it (`SPEC §3`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.operations import earn_bounty
from referrals.errors import NotFound
from referrals.invitations.models import Activation, Invitation
from referrals.invitations.operations import hold_lead
from referrals.invitations.rules import ACTIVATION, ALARM_BEFORE, PLAN, is_in_danger, wait_after
from referrals.leads import notices
from referrals.leads.catalogue import programme
from referrals.leads.models import Lead
from referrals.leads.timeline import note
from referrals.outbox.hook_events import OPERATOR
from referrals.outbox.hooks import announce, announce_once, rfc3339
from referrals.partners.models import Referral
from referrals.partners.referrals import record_referral
from referrals.people.queries import administrators
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store
from referrals.stores.operations import change
from referrals.stores.rules import Facts

CATEGORY = "plus_lead"
LONGEST_ERROR = 500


def request_activation(invitation: Invitation, *, at: datetime) -> Activation:
    """Note that a store is to be upgraded, and tell the platform's programs; the caller has just noted the yes."""
    activation = Activation(
        invitation=invitation,
        plan=PLAN,
        plan_before=invitation.store.plan,
        accepted_at=at,
        deadline_at=at + ACTIVATION,
        next_try_at=at,
    )
    session.add(activation)
    session.flush()
    payload = facts_of(activation)
    announce_once("store.upgrade_requested", payload, key=hook_key(activation.id), owner=OPERATOR, at=at)
    return activation


def hook_key(activation_id: int) -> str:
    """By which the hook of an activation is known; the same at every try."""
    return f"activation:{activation_id}"


def facts_of(activation: Activation) -> dict[str, str]:
    invitation = activation.invitation
    return {
        "activation": str(activation.id),
        "lead": invitation.lead.ref,
        "store": invitation.store.domain,
        "plan": activation.plan,
        "plan_before": activation.plan_before,
        "accepted_at": rfc3339(activation.accepted_at),
        "deadline_at": rfc3339(activation.deadline_at),
    }


def due_activations(*, at: datetime, limit: int = 50) -> Sequence[int]:
    """Upgrades whose time to be tried has come, the oldest first."""
    return session.scalars(
        select(Activation.id)
        .where(Activation.done_at.is_(None), Activation.next_try_at <= at)
        .order_by(Activation.next_try_at, Activation.id)
        .limit(limit)
    ).all()


def complete_activation(activation_id: int, *, by: Actor, at: datetime) -> bool:
    """The store is on its new plan: that and the referral are written; answers False where it was done before."""
    activation = hold_activation(activation_id)
    if activation.done_at is not None:
        return False
    invitation = activation.invitation
    store = hold_store(invitation.store_id)
    change(store, Facts(plan=activation.plan), by=by, at=at)
    activation.done_at, activation.error = at, ""
    note(invitation.lead, "upgraded", by=by, at=at, plan=activation.plan, domain=store.domain)
    if invitation.lead.payout != "not_eligible":
        refer(activation, store, by=by, at=at)
    payload = facts_of(activation) | {"upgraded_at": rfc3339(at)}
    announce("store.upgraded", payload, owner=("partner", invitation.lead.partner_id), at=at)
    session.flush()
    return True


def refer(activation: Activation, store: Store, *, by: Actor, at: datetime) -> Referral:
    """Write the partner's referral of the new plan, and the bounty that was promised; the date is the acceptance's."""
    lead = activation.invitation.lead
    referral = record_referral(
        lead.partner,
        CATEGORY,
        merchant=store.name or lead.business_name,
        domain=store.domain,
        plan=activation.plan,
        referred_at=activation.accepted_at,
        lead_id=lead.id,
        store_id=store.id,
        currency=programme().currency,
        by=by,
        at=at,
    )
    earn_bounty(referral, by=by, at=at)
    return referral


def postpone_activation(activation_id: int, error: str, *, at: datetime) -> None:
    """Note that an upgrade did not come about; it is tried again after a growing while, and never given up."""
    activation = hold_activation(activation_id)
    if activation.done_at is not None:
        return
    activation.attempts += 1
    activation.error = error[:LONGEST_ERROR]
    activation.next_try_at = at + wait_after(activation.attempts)
    session.flush()


def endangered(*, at: datetime) -> Sequence[int]:
    """Upgrades that are not done although their 24 hours end soon, and of which staff do not know yet."""
    return session.scalars(
        select(Activation.id).where(
            Activation.done_at.is_(None), Activation.alarmed_at.is_(None), Activation.deadline_at <= at + ALARM_BEFORE
        )
    ).all()


def raise_alarm(activation_id: int, *, at: datetime) -> bool:
    """Tell the administrators, once, that an upgrade may come too late."""
    activation = hold_activation(activation_id)
    if activation.done_at is not None or activation.alarmed_at is not None:
        return False
    if not is_in_danger(activation.deadline_at, at):
        return False
    activation.alarmed_at = at
    lead = activation.invitation.lead
    note(lead, "upgrade_late", by=SYSTEM, at=at, staff_only=True, sentence=activation.error)
    facts = {"domain": activation.invitation.store.domain, "deadline_at": activation.deadline_at.isoformat()}
    # A kind that nobody can switch off.
    notices.tell(administrators(), lead, "upgrade_late", "alarm", by=SYSTEM, at=at, **facts)
    session.flush()
    return True


def hold_activation(activation_id: int) -> Activation:
    """Lock an activation behind its lead; raises NotFound."""
    lead_id = session.scalar(
        select(Invitation.lead_id)
        .join(Activation, Activation.invitation_id == Invitation.id)
        .where(Activation.id == activation_id)
    )
    if lead_id is None:
        raise NotFound
    hold_lead(lead_id)
    return session.scalars(
        select(Activation)
        .where(Activation.id == activation_id)
        .with_for_update(of=Activation)
        .execution_options(populate_existing=True)
    ).one()


def hold_store(store_id: int) -> Store:
    return session.scalars(
        select(Store).where(Store.id == store_id).with_for_update(of=Store).execution_options(populate_existing=True)
    ).one()


def pending_of(lead: Lead) -> Activation | None:
    """The upgrade of a lead's store that is asked for and not done."""
    return session.scalar(
        select(Activation)
        .join(Invitation, Invitation.id == Activation.invitation_id)
        .where(Invitation.lead_id == lead.id, Activation.done_at.is_(None))
    )
