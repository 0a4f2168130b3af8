"""Referral links of the demo's partners, and where they lead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from referrals.db import session
from referrals.leads.catalogue import change_programme, programme
from referrals.partners.links import make_link
from referrals.partners.models import Partner
from referrals.people.rules import Actor


def give_links(members: Sequence[Actor], *, by: Actor, at: datetime) -> None:
    """A link for each partner but the last, which can make its own; merchants sign up at an address of example.org."""
    change_programme(replace(programme(), signup_url="https://signup.example.org/"), by=by, at=at)
    for partner_id in sorted({member.partner_id or 0 for member in members})[:-1]:
        make_link(session.get_one(Partner, partner_id), by=by, at=at)
