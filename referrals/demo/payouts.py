"""Payouts of the demo: every period that has ended has its statements, what was due is paid, one was not taken."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from referrals.db import session
from referrals.leads.catalogue import programme
from referrals.partners.models import Partner
from referrals.paying import open_periods
from referrals.payouts.methods import set_payout_method
from referrals.payouts.models import Payout
from referrals.payouts.operations import PayoutTerms, fail_payout, make_statement, note_closed, pay_payout, payout_terms
from referrals.payouts.queries import books_with_work
from referrals.payouts.rules import Period
from referrals.people.rules import SYSTEM, Actor
from referrals.secrets_box import SecretsBox

# What came due since then waits for the operator, who looks around in the demo.
LATELY = timedelta(days=4)
# The first payout of all finds a closed account; the next one pays it too.
FAILURE = "The receiver's account is closed."


def fill_payouts(members: Sequence[Actor], box: SecretsBox, *, at: datetime) -> None:
    """Close the past period by period, as the scheduler would have done, and pay what came due."""
    terms = payout_terms(programme())
    periods = open_periods(terms, at=at)
    if periods:
        set_addresses(members, box, at=periods[0].starts_at(terms.zone))
    unpaid: list[Payout] = []
    for number, period in enumerate(periods):
        unpaid = [payout for payout in unpaid if not decide(payout, period.ends_at(terms.zone), number)]
        unpaid += close(period, terms)
    for payout in unpaid:
        decide(payout, at - LATELY, len(periods))


def set_addresses(members: Sequence[Actor], box: SecretsBox, *, at: datetime) -> None:
    """Who manages says where their partner is paid."""
    managers = {one.partner_id: one for one in members if one.may("manage_members") and one.may("view_financials")}
    for partner_id, manager in managers.items():
        address = f"payouts{partner_id}@demo.example.org"
        set_payout_method(session.get_one(Partner, partner_id), address, box, by=manager, at=at)


def close(period: Period, terms: PayoutTerms) -> list[Payout]:
    ended = period.ends_at(terms.zone)
    made = [
        make_statement(partner_id, currency, period, terms, by=SYSTEM, at=ended)
        for partner_id, currency in books_with_work(ended)
    ]
    note_closed(period, at=ended)
    return [payout for payout in made if payout is not None and payout.amount_minor]


def decide(payout: Payout, until: datetime, number: int) -> bool:
    """What the operator did in the evening of the day on which it was due; answers whether that was before `until`."""
    evening = datetime.combine(payout.due_on, time(18), UTC)
    if evening >= until:
        return False
    if number == 1:
        fail_payout(payout, FAILURE, by=SYSTEM, at=evening)
    else:
        reference = f"PP-{payout.due_on:%y%m%d}-{payout.partner_id}"
        pay_payout(payout, reference=reference, by=SYSTEM, at=evening)
    return True
