"""Inviting the owner of a store to upgrade, again, or not any more (`SPEC §3`). Each verb flushes."""

from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.errors import NotFound
from referrals.invitations.lifecycle import INVITATION
from referrals.invitations.models import Invitation
from referrals.invitations.queries import (
    Eligibility,
    eligibility,
    has_open_lead,
    has_open_store,
    mailed_lately,
    token_digest,
)
from referrals.invitations.rules import (
    LIFE,
    MAILS_A_DAY,
    InvitationOver,
    NoInvitation,
    NotReady,
    SentEnough,
    can_invite,
)
from referrals.leads import notices
from referrals.leads.assignment import assign_quietly, tell_assigned
from referrals.leads.catalogue import Programme, programme
from referrals.leads.models import Lead
from referrals.leads.operations import Submission, disputed_standing, submit_lead
from referrals.leads.ownership import hold_prospects_of
from referrals.leads.timeline import note
from referrals.outbox.operations import drop_unsent, post_mail
from referrals.people.rules import Actor
from referrals.people.tokens import new_token
from referrals.secrets_box import SecretsBox
from referrals.stores.models import Store

MAIL = "upgrade_invitation"


def submit_with_invitation(submission: Submission, message: str, *, box: SecretsBox, by: Actor, at: datetime) -> Lead:
    """Submit a lead and invite the owner of its store, both or neither. Raises NotReady, AlreadySubmitted.

    The representative is named and not told. A lead in conflict goes the usual way, without an invitation.
    """
    domain, partner_id = str(submission.values.get("store_domain") or ""), submission.partner.id
    ready_store(domain, partner_id, submission.settings, at=at)
    lead = submit_lead(submission, assign=name_rep, by=by, at=at)
    if lead.claim == "owner":
        store = ready_store(domain, partner_id, submission.settings, at=at, for_update=True)
        invite(lead, store, message, box=box, by=by, at=at)
    else:
        tell_assigned(lead, by=by, at=at)
    return lead


def name_rep(lead: Lead, *, by: Actor, at: datetime) -> None:  # noqa: ARG001 - assigning is the system's doing
    assign_quietly(lead, at=at)


def ready_store(domain: str, partner_id: int, settings: Programme, *, at: datetime, for_update: bool = False) -> Store:
    """The store whose owner can be invited; raises NotReady, NotADomain."""
    found = Eligibility("new")
    if domain:
        found = eligibility(domain, partner_id, settings, at=at, for_update=for_update)
    if found.store is None or not found.is_ready:
        raise NotReady(found.answer)
    return found.store


def invite_for(lead: Lead, message: str, *, box: SecretsBox, by: Actor, at: datetime) -> Invitation:
    """The partner invites the owner of the store of a lead that they submitted earlier. Raises NoInvitation, NotReady.

    The caller holds the lead (`hold_lead`).
    """
    by.require("submit_leads")
    if not can_invite(lead.product.code, disputed_standing(lead)):
        raise NoInvitation
    store = ready_store(lead.store_domain, lead.partner_id, programme(), at=at, for_update=True)
    return invite(lead, store, message, box=box, by=by, at=at)


def invite(lead: Lead, store: Store, message: str, *, box: SecretsBox, by: Actor, at: datetime) -> Invitation:
    """Write the invitation and its mail, in the language of the owner."""
    invitation = Invitation(
        lead=lead,
        store=store,
        language=store.owner_language,
        message=message,
        to_email=store.owner_email,
        to_name=store.owner_name,
        by_person_id=by.person_id,
        created_at=at,
        sent_at=at,
        expires_at=at + LIFE,
    )
    session.add(invitation)
    mail_link(invitation, box=box, at=at)
    note(lead, "invited", by=by, at=at)
    session.flush()
    return invitation


def mail_link(invitation: Invitation, *, box: SecretsBox, at: datetime) -> None:
    """Give the invitation a new token and a new month, and mail the link; earlier links end."""
    token = new_token()
    invitation.token_digest = token_digest(token)
    invitation.sent_at, invitation.expires_at = at, at + LIFE
    invitation.opened_at = None
    drop_unsent(MAIL, invitation.lead.ref)
    post_mail(
        MAIL,
        {
            "token": box.lock(token),
            "store": invitation.store.name or invitation.store.domain,
            "domain": invitation.store.domain,
            "partner": invitation.lead.partner.name,
            "text": invitation.message,
            "expires_at": invitation.expires_at.isoformat(),
        },
        to=invitation.to_email,
        name=invitation.to_name,
        language=invitation.language,
        subject=invitation.lead.ref,
        secret=True,
        at=at,
    )


def resend(invitation: Invitation, *, box: SecretsBox, by: Actor, at: datetime) -> None:
    """Send an invitation again that is open or has expired: with a new link, for another month.

    Raises InvitationOver, NotReady where its store is none to upgrade any more, and SentEnough. The caller holds it.
    """
    if invitation.status not in {"sent", "expired"} or not has_open_lead(invitation):
        raise InvitationOver
    store = invitation.store
    if invitation.status == "expired":
        store = ready_store(store.domain, invitation.lead.partner_id, programme(), at=at, for_update=True)
        INVITATION.move(invitation, "sent")
    elif not (has_open_store(invitation) and store.owner_email):
        raise NotReady("not_ready")
    elif mailed_lately(store, at=at) >= MAILS_A_DAY:
        raise SentEnough
    invitation.to_email, invitation.to_name = store.owner_email, store.owner_name
    invitation.language, invitation.closed_at = store.owner_language, None
    mail_link(invitation, box=box, at=at)
    note(invitation.lead, "invitation_resent", by=by, at=at)
    session.flush()


def revoke(invitation: Invitation, *, by: Actor, at: datetime) -> None:
    """Withdraw an open invitation: its link ends, and the lead goes to its representative. Raises InvitationOver."""
    if invitation.status != "sent":
        raise InvitationOver
    end(invitation, "revoked", by=by, at=at)


def end(invitation: Invitation, outcome: str, *, by: Actor, at: datetime) -> None:
    """Close an invitation that was not accepted; the representative now hears of a lead that is still open."""
    INVITATION.move(invitation, outcome)
    invitation.closed_at = at
    lead = invitation.lead
    drop_unsent(MAIL, lead.ref)
    note(lead, f"invitation_{outcome}", by=by, at=at)
    facts = {"outcome": outcome, "domain": invitation.store.domain}
    notices.tell_partner(lead, "invitation_over", "invitation", by=by, at=at, **facts)
    if has_open_lead(invitation):
        if lead.rep is None:
            assign_quietly(lead, at=at)
        notices.tell_rep(lead, "lead_to_evaluate", "assigned", by=by, at=at, **facts)
    session.flush()


def hold_lead(lead_id: int) -> Lead:
    """Lock a lead and before it its prospect, as everybody does who may assign it: nobody deadlocks."""
    hold_prospects_of(lead_id)
    lead = session.scalar(
        select(Lead).where(Lead.id == lead_id).with_for_update(of=Lead).execution_options(populate_existing=True)
    )
    if lead is None:
        raise NotFound
    return lead


def hold(invitation_id: int, lead_id: int) -> Invitation:
    """Lock an invitation behind its lead, as both are now."""
    hold_lead(lead_id)
    invitation = session.scalar(
        select(Invitation)
        .where(Invitation.id == invitation_id)
        .with_for_update(of=Invitation)
        .execution_options(populate_existing=True)
    )
    if invitation is None:
        raise NotFound
    return invitation
