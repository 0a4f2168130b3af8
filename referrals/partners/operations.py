"""Partner organisations: made and renamed."""

from datetime import datetime

from referrals.db import lock_names, session
from referrals.errors import Conflict
from referrals.partners.models import Partner
from referrals.partners.queries import find_partner_by_name
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.wording import N_


class PartnerNameTaken(Conflict):
    """Another partner has this name."""

    sentence = N_("There is already a partner with this name.")


def create_partner(name: str, *, by: Actor, at: datetime) -> Partner:
    """A new partner organisation. Raises PartnerNameTaken."""
    lock_names(["partner names"])
    if find_partner_by_name(name) is not None:
        raise PartnerNameTaken(field="name")
    partner = Partner(name=name, created_at=at)
    session.add(partner)
    session.flush()
    audit.record("partner_created", by=by, at=at, subject=name)
    return partner


def rename_partner(partner: Partner, name: str, *, by: Actor, at: datetime) -> None:
    """Give a partner another name. Raises PartnerNameTaken."""
    lock_names(["partner names"])
    other = find_partner_by_name(name)
    if other is not None and other.id != partner.id:
        raise PartnerNameTaken(field="name")
    audit.record("partner_renamed", by=by, at=at, subject=name, before=partner.name)
    partner.name = name
    session.flush()
