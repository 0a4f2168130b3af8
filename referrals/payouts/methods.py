"""Where partners want to be paid: kept locked, told to all who manage when it changes (`SPEC §4`)."""

from datetime import datetime

from sqlalchemy import update

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.ledger.operations import Owner, hold_books
from referrals.outbox.operations import post_mail
from referrals.partners.models import Partner
from referrals.payouts.models import Payout, PayoutMethod
from referrals.people import audit
from referrals.people.queries import partner_recipients
from referrals.people.rules import Actor
from referrals.secrets_box import SecretsBox
from referrals.values import login_email
from referrals.wording import N_

PURPOSE = "payout"
FORMULA_SIGNS = ("=", "+", "-", "@")


class NotPayable(RuleBroken):
    """The file for PayPal must hold the address as it is, and no spreadsheet may take it for a formula."""

    sentence = N_("We cannot pay to an address that begins like this one. Please choose another one.")


def parse_recipient(text: str) -> str:
    """The e-mail address of a PayPal account; raises NotAnEmail, NotPayable."""
    email = login_email(text)
    if email.startswith(FORMULA_SIGNS):
        raise NotPayable
    return email


def set_payout_method(partner: Partner, email: str, box: SecretsBox, *, by: Actor, at: datetime) -> None:
    """Pay a partner to this address from the next payout on, and those that wait without one. Raises NotPayable.

    Payouts that have an address keep it: they may be under way.
    """
    by.require("manage_members")
    by.require("view_financials")
    recipient = parse_recipient(email)
    locked = box.lock(recipient)
    # Statements are made behind the same lock: none is missed that takes the address of before.
    hold_books(Owner("partner", partner.id, programme().currency))
    session.merge(PayoutMethod(partner_id=partner.id, locked=locked, changed_at=at, by_person_id=by.person_id))
    session.execute(
        update(Payout)
        .where(Payout.partner_id == partner.id, Payout.status == "pending", Payout.recipient == "")
        .values(recipient=locked)
    )
    audit.record("payout_method_set", by=by, at=at, subject=partner.name, to=masked(recipient))
    tell_managers(partner, masked(recipient), by=by, at=at)
    session.flush()


def tell_managers(partner: Partner, shown: str, *, by: Actor, at: datetime) -> None:
    """A mail to all who manage, also to who did it, that nobody can switch off."""
    for person in partner_recipients(partner.id):
        post_mail(
            "payout_method_changed",
            {"partner": partner.name, "address": shown, "member": by.name},
            to=person.email or "",
            name=person.name,
            language=person.reads,
            person_id=person.id,
            at=at,
        )


def masked(email: str) -> str:
    """An address that is recognised by its owner only: `a***@example.org`."""
    name, _, host = email.rpartition("@")
    return f"{name[:1]}***@{host}"
