"""What is read of stores that can be upgraded, and of invitations; always from what the reader may see."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.invitations.models import Activation, Invitation
from referrals.invitations.rules import DAY, PLAN, answer_for, invited_already, is_good
from referrals.leads.catalogue import Programme
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.queries import visible_to as visible_leads
from referrals.leads.rules import is_open
from referrals.people.rules import Actor
from referrals.people.tokens import digest
from referrals.stores.models import Store
from referrals.stores.queries import find_known_to
from referrals.stores.rules import NOT_INVITED, Invited, parse_store_domain, why_not

PURPOSE = "upgrade-invitation"
SENDINGS = ("invited", "invitation_resent")


@dataclass(frozen=True)
class Eligibility:
    """Whether the owner of a store can be invited by a partner: `answer` is a key of ANSWERS."""

    answer: str
    store: Store | None = None

    @property
    def is_ready(self) -> bool:
        return self.answer == "ready"


def eligibility(
    domain: str, partner_id: int, settings: Programme, *, at: datetime, for_update: bool = False
) -> Eligibility:
    """Whether a partner can invite the owner of the store with this domain; raises NotADomain (`SPEC §3`).

    `for_update` locks the store, so that of several who invite its owner at once one does.
    """
    store = find_store(domain, partner_id, for_update=for_update)
    open_one = find_open_of(store) if store is not None else None
    invited = invited_of(store, is_open=open_one is not None, at=at) if store is not None else NOT_INVITED
    reason = why_not(store, invited, settings.upgradable_plans)
    own = open_one is not None and open_one.lead.partner_id == partner_id
    return Eligibility(answer_for(reason, own_invitation=own), store)


def find_store(domain: str, partner_id: int, *, for_update: bool = False) -> Store | None:
    """The store in the registry; drafts are none to upgrade, and those of other partners unknown anyway (P13)."""
    store = find_known_to(partner_id, parse_store_domain(domain), for_update=for_update)
    return store if store is not None and store.listed_at is not None else None


def find_open_of(store: Store) -> Invitation | None:
    """The invitation of a store's owner that waits for an answer."""
    return session.scalar(select(Invitation).where(Invitation.store_id == store.id, Invitation.status == "sent"))


def invited_of(store: Store, *, is_open: bool, at: datetime) -> Invited:
    """What the owner of a store has of invitations already, whoever sent them."""
    declined = select(func.max(Invitation.closed_at))
    declined = declined.where(Invitation.store_id == store.id, Invitation.status == "declined")
    return invited_already(is_open, session.scalar(declined), mailed_lately(store, at=at), at=at)


def mailed_lately(store: Store, *, at: datetime) -> int:
    """How many mails with a link its owner was sent since a day ago: every sending is in a timeline."""
    leads = select(Invitation.lead_id).where(Invitation.store_id == store.id)
    sendings = select(func.count()).select_from(LeadEvent)
    wanted = (LeadEvent.lead_id.in_(leads), LeadEvent.kind.in_(SENDINGS), LeadEvent.at > at - DAY)
    return session.scalar(sendings.where(*wanted)) or 0


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Whoever sees a lead sees its invitations."""
    return Invitation.lead_id.in_(select(Lead.id).where(visible_leads(viewer)))


def latest_of(viewer: Actor, lead: Lead) -> Invitation | None:
    """The last invitation that was sent for a lead."""
    return session.scalar(
        select(Invitation)
        .where(Invitation.lead_id == lead.id, visible_to(viewer))
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        .limit(1)
    )


def activation_of(invitation: Invitation) -> Activation | None:
    """The upgrade that an accepted invitation asked for."""
    return session.scalar(select(Activation).where(Activation.invitation_id == invitation.id))


def get_by_token(token: str) -> Invitation:
    """The invitation whose link this token is from, whatever became of it; raises NotFound."""
    found = session.scalar(select(Invitation).where(Invitation.token_digest == token_digest(token)))
    if found is None:
        raise NotFound
    return found


def get_good(token: str, *, at: datetime) -> Invitation:
    """The invitation that a token lets its holder answer; raises NotFound for any that is over."""
    found = get_by_token(token)
    if not is_good_now(found, at=at):
        raise NotFound
    return found


def is_good_now(invitation: Invitation, *, at: datetime) -> bool:
    """Whether it can be answered: also the lead must be undecided, and the store still one to upgrade."""
    return is_good(
        invitation.status,
        invitation.expires_at,
        lead_open=has_open_lead(invitation),
        store_open=has_open_store(invitation),
        at=at,
    )


def has_open_store(invitation: Invitation) -> bool:
    """Whether the store can still be upgraded."""
    return invitation.store.status == "active" and invitation.store.plan != PLAN


def has_open_lead(invitation: Invitation) -> bool:
    """Whether the lead is undecided, and its partner still has the prospect."""
    lead = invitation.lead
    return is_open(lead.status, lead.payout) and lead.payout == "none" and lead.claim in {"owner", "shared"}


def token_digest(token: str) -> str:
    """What is stored of a token; one made for another purpose has another digest (P14)."""
    return digest(f"{PURPOSE}:{token}")


def eligibility_or_none(domain: str, partner_id: int, settings: Programme, *, at: datetime) -> Eligibility | None:
    """The same for what somebody is still typing; None where it is no domain."""
    try:
        return eligibility(domain, partner_id, settings, at=at) if domain else None
    except RuleBroken:
        return None
