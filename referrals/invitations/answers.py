"""What an owner answers to an invitation, and what follows when nobody does (`SPEC §3`). Each verb flushes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from referrals.db import session
from referrals.errors import NotFound
from referrals.invitations.activations import request_activation
from referrals.invitations.lifecycle import INVITATION
from referrals.invitations.models import Invitation
from referrals.invitations.operations import end, hold
from referrals.invitations.queries import get_by_token, has_open_lead, is_good_now, token_digest
from referrals.invitations.rules import PLAN, TermsChanged
from referrals.invitations.terms import number_in_force
from referrals.leads import notices
from referrals.leads.lifecycle import OPEN
from referrals.leads.models import Lead
from referrals.leads.operations import award_invited
from referrals.leads.timeline import note
from referrals.outbox.hooks import announce, rfc3339
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store

# Whoever holds the link: no account, no right to anything else.
OWNER = Actor(role="owner")
LONGEST_AGENT = 300
NOT_NAMED = 0


@dataclass(frozen=True)
class Evidence:
    """From where an owner accepted, and under which terms as they read them (0: none were named)."""

    terms_number: int = NOT_NAMED
    language: str = "en"
    ip: str = ""
    user_agent: str = ""


def accept(token: str, evidence: Evidence, *, at: datetime) -> Invitation:
    """The owner accepts: the lead is won, and the upgrade is asked for, at most 24 hours away.

    Of many at once with one token one does (P14). Raises NotFound, TermsChanged.
    """
    invitation = hold_good(token, at=at)
    number = number_in_force()
    if evidence.terms_number not in {NOT_NAMED, number}:
        raise TermsChanged
    lead = invitation.lead
    note_opened(invitation, at=at)
    INVITATION.move(invitation, "accepted")
    invitation.closed_at, invitation.terms_number = at, number
    note(lead, "invitation_accepted", by=OWNER, at=at)
    keep_evidence(invitation, evidence, at=at)
    award_invited(lead, by=OWNER, at=at)
    notices.tell_partner(lead, "invitation_accepted", "invitation", by=OWNER, at=at, domain=invitation.store.domain)
    tell_programs(invitation, at=at)
    request_activation(invitation, at=at)
    session.flush()
    return invitation


def keep_evidence(invitation: Invitation, evidence: Evidence, *, at: datetime) -> None:
    """Note from where it was accepted, and whether the form named the version that was read or it is taken from us."""
    invitation.accepted_language, invitation.accepted_ip = evidence.language, evidence.ip
    invitation.accepted_agent = evidence.user_agent[:LONGEST_AGENT]
    facts = {
        "terms": invitation.terms_number,
        "language": evidence.language,
        "named": evidence.terms_number != NOT_NAMED,
    }
    note(invitation.lead, "acceptance_kept", by=OWNER, at=at, staff_only=True, **facts)


def tell_programs(invitation: Invitation, *, at: datetime) -> None:
    payload = {
        "lead": invitation.lead.ref,
        "store": invitation.store.domain,
        "terms_version": invitation.terms_number,
        "accepted_at": rfc3339(at),
    }
    announce("invitation.accepted", payload, owner=("partner", invitation.lead.partner_id), at=at)


def decline(token: str, *, at: datetime) -> None:
    """The owner says no: the lead goes to its representative. Raises NotFound."""
    invitation = hold_good(token, at=at)
    note_opened(invitation, at=at)
    end(invitation, "declined", by=OWNER, at=at)


def open_invitation(token: str, *, at: datetime) -> None:
    """The owner has the page before them; told once for each link that was sent. Raises NotFound."""
    invitation = hold_good(token, at=at)
    if invitation.opened_at is None:
        note_opened(invitation, at=at)
        lead, domain = invitation.lead, invitation.store.domain
        notices.tell_partner(lead, "invitation_opened", "invitation", by=OWNER, at=at, domain=domain)
    session.flush()


def note_opened(invitation: Invitation, *, at: datetime) -> None:
    if invitation.opened_at is None:
        invitation.opened_at = at
        note(invitation.lead, "invitation_opened", by=OWNER, at=at)


def hold_good(token: str, *, at: datetime) -> Invitation:
    """The invitation behind a token, locked; raises NotFound for any that is over."""
    found = get_by_token(token)
    invitation = hold(found.id, found.lead_id)
    # A newer link may have gone out while we waited; `found` is the same object, and has changed with it.
    if invitation.token_digest != token_digest(token) or not is_good_now(invitation, at=at):
        raise NotFound
    return invitation


def overdue(*, at: datetime, limit: int = 200) -> Sequence[int]:
    """Open invitations whose month is over, or that are moot: the lead is decided, or the store none to upgrade."""
    moot = or_(
        Lead.status.not_in(OPEN),
        Lead.payout != "none",
        Lead.claim.in_(("in_conflict", "lost")),
        Store.status != "active",
        Store.plan == PLAN,
    )
    return session.scalars(
        select(Invitation.id)
        .join(Lead, Lead.id == Invitation.lead_id)
        .join(Store, Store.id == Invitation.store_id)
        .where(Invitation.status == "sent", or_(Invitation.expires_at <= at, moot))
        .order_by(Invitation.expires_at, Invitation.id)
        .limit(limit)
    ).all()


def close_overdue(invitation_id: int, *, at: datetime) -> bool:
    """Let an invitation expire, or withdraw one that is moot; answers whether there was something to do."""
    found = session.get(Invitation, invitation_id)
    if found is None:
        return False
    invitation = hold(found.id, found.lead_id)
    if invitation.status != "sent" or is_good_now(invitation, at=at):
        return False
    end(invitation, "expired" if is_expired(invitation, at=at) else "revoked", by=SYSTEM, at=at)
    return True


def is_expired(invitation: Invitation, *, at: datetime) -> bool:
    return has_open_lead(invitation) and invitation.expires_at <= at
