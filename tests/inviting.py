"""Makes what tests of upgrade invitations need: stores in the registry, leads of them, invitations and their links."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import session
from referrals.invitations.models import Invitation
from referrals.invitations.operations import MAIL, submit_with_invitation
from referrals.invitations.queries import PURPOSE
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead
from referrals.leads.operations import Submission
from referrals.outbox.models import OutboxMessage
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.secrets_box import SecretsBox
from referrals.stores.models import Store
from referrals.stores.operations import put_store
from referrals.stores.rules import Facts
from tests.making import Making

BOX = SecretsBox("for-tests-alone", PURPOSE)
DOMAIN = "meble.shops.example.org"


def make_store(make: Making, domain: str = DOMAIN, **changes: Any) -> Store:
    """A store that can be upgraded, unless the changes say otherwise."""
    facts: dict[str, Any] = {
        "name": "Łódzkie Meble",
        "owner_name": "Żaneta Wójcik",
        "owner_email": "zaneta@meble.example.org",
        "owner_language": "pl",
        "plan": "basic",
    }
    store = put_store(domain, Facts(**facts | changes), by=SYSTEM, at=make.at).store
    session.commit()
    return store


def submission(make: Making, member: Actor, domain: str = DOMAIN, **values: Any) -> Submission:
    """A Plus lead of the store with this domain."""
    return Submission(
        session.get_one(Partner, member.partner_id),
        get_product("plus"),
        make.values(store_domain=domain, **values),
    )


def invited(
    make: Making, member: Actor, message: str = "", domain: str = DOMAIN, *, at: datetime | None = None, **values: Any
) -> Lead:
    """A lead whose store's owner was invited with it."""
    wanted = submission(make, member, domain, **values)
    lead = submit_with_invitation(wanted, message, box=BOX, by=member, at=at or make.at)
    session.commit()
    return lead


def invitation_of(lead: Lead) -> Invitation:
    """The last invitation of a lead, as it is stored now."""
    wanted = select(Invitation).where(Invitation.lead_id == lead.id).order_by(Invitation.created_at.desc())
    return session.scalars(wanted.execution_options(populate_existing=True)).first()  # type: ignore[return-value]


def link_of(lead: Lead) -> str:
    """The token in the latest mail to the owner."""
    wanted = select(OutboxMessage).where(OutboxMessage.template == MAIL, OutboxMessage.subject == lead.ref)
    mail = session.scalars(wanted.order_by(OutboxMessage.id.desc())).first()
    assert mail is not None
    token = BOX.open(mail.params["token"])
    assert token
    return token


def mails(template: str, subject: str = "") -> list[str]:
    """To whom mails of a kind are in the outbox."""
    wanted = select(OutboxMessage.to_email).where(OutboxMessage.template == template)
    return list(session.scalars(wanted.where(OutboxMessage.subject == subject) if subject else wanted))
