"""Forgetting owners who were invited, on request (`SPEC §1`): that and when they answered stays, without them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, select

from referrals.db import session
from referrals.invitations.lifecycle import INVITATION
from referrals.invitations.models import Invitation
from referrals.leads.models import Lead
from referrals.leads.timeline import note
from referrals.people.rules import Actor
from referrals.stores.models import Store


def forget_owners_of_lead(lead: Lead, *, by: Actor, at: datetime) -> set[str]:
    """Forget who was invited for a lead; answers names and addresses, by which mails to them are found."""
    return forget(Invitation.lead_id == lead.id, by=by, at=at)


def forget_owner_of_store(store: Store, *, by: Actor, at: datetime) -> set[str]:
    """Forget the owner of a store in all invitations; answers names and addresses, by which mails to them are found."""
    return forget(Invitation.store_id == store.id, by=by, at=at)


def forget(which: ColumnElement[bool], *, by: Actor, at: datetime) -> set[str]:
    words: set[str] = set()
    for invitation in invitations(which):
        words |= {invitation.to_name, invitation.to_email}
        if invitation.status == "sent":
            INVITATION.move(invitation, "revoked")
            invitation.closed_at = at
            note(invitation.lead, "invitation_revoked", by=by, at=at)
        invitation.to_name = invitation.to_email = invitation.message = ""
        invitation.accepted_ip = invitation.accepted_agent = ""
        invitation.token_digest = None
    session.flush()
    return words - {""}


def invitations(which: ColumnElement[bool]) -> Iterable[Invitation]:
    return session.scalars(select(Invitation).where(which).order_by(Invitation.id)).all()
