"""Who is told of payouts: the members who see the partner's finances, and programs that listen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import session
from referrals.money import Money, plain
from referrals.outbox.operations import notify
from referrals.payouts.models import Payout
from referrals.people.models import Membership, Person
from referrals.people.rules import Actor


def tell_partner(payout: Payout, template: str, *, by: Actor, at: datetime) -> None:
    """Notify those who see the partner's finances."""
    for person in financial_recipients(payout.partner_id):
        notify(person, "payout", template, facts(payout), by=by, at=at, subject=f"payout:{payout.id}")


def facts(payout: Payout) -> dict[str, Any]:
    """What messages about a payout may speak of."""
    return {
        "payout_id": str(payout.id),
        "amount_minor": payout.amount_minor,
        "currency": payout.currency,
        "period_from": payout.period_from.isoformat(),
        "period_until": payout.period_until.isoformat(),
        "due_on": payout.due_on.isoformat(),
        "has_recipient": bool(payout.recipient),
        "reference": payout.reference,
        "error": payout.error,
    }


def facts_for_programs(payout: Payout) -> dict[str, Any]:
    """What programs are told of a payout: no address, and no text that people wrote."""
    money = Money(payout.amount_minor, payout.currency)
    return {
        "id": str(payout.id),
        "status": payout.status,
        "amount": {"amount": plain(money), "currency": payout.currency},
        "period_from": payout.period_from.isoformat(),
        "period_until": payout.period_until.isoformat(),
        "due_on": payout.due_on.isoformat(),
    }


def financial_recipients(partner_id: int) -> Sequence[Person]:
    """The members of a partner who see its finances."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.partner_id == partner_id, Membership.status == "active", Membership.view_financials)
        .order_by(Person.id)
    ).all()
