"""A partner's referral link: its code is given when it is first asked for, and stays for ever (`SPEC §4`)."""

import secrets
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.partners.models import Partner
from referrals.people import audit
from referrals.people.rules import Actor

# Without letters and digits that people take for one another.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 10
LONGEST_CODE = 40


def make_link(partner: Partner, *, by: Actor, at: datetime) -> str:
    """The code of the partner's link; made now if there is none yet, however many ask at once."""
    session.execute(select(Partner.id).where(Partner.id == partner.id).with_for_update())
    session.refresh(partner)
    if partner.link_code is None:
        partner.link_code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        session.flush()
        audit.record("referral_link_made", by=by, at=at, subject=partner.name)
    return partner.link_code


def find_partner_by_code(code: str) -> Partner | None:
    """The partner whose link this is, whatever the letter case."""
    if not code or len(code) > LONGEST_CODE or not code.isascii():
        return None
    return session.scalar(select(Partner).where(Partner.link_code == code.lower()))
