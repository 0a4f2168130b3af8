"""Revenue comes in and earns; bounties are earned and taken back (`SPEC §4`). Each verb flushes.

Locks are taken in one order everywhere: the row of a lead, the books of partners, then referrals and months.
"""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.booking import book, give_back, hold_partners, unpaid_of
from referrals.earnings.models import Earning
from referrals.earnings.revenue import (
    Reported,
    add_to_month,
    check,
    find_month,
    find_recorded,
    latest_row,
    refuse_second_fee,
    refuse_vast_sums,
    why_not,
    write,
)
from referrals.earnings.rules import earned_by_row, why_no_bounty
from referrals.earnings.terms import facts_of, terms_of, value_of
from referrals.ids import new_id
from referrals.partners.models import Referral, RevenueMonth, RevenueRow
from referrals.people.rules import Actor


def hold_referrals(referrals: Iterable[Referral]) -> None:
    """Hold the books of all these before many rows are reported in one transaction, so that nobody deadlocks."""
    hold_partners({(referral.partner_id, referral.currency) for referral in referrals})


def report_revenue(
    referral: Referral,
    *,
    external_id: str,
    month: date,
    kind: str,
    amount_minor: int,
    currency: str,
    by: Actor,
    at: datetime,
) -> tuple[RevenueRow, bool]:
    """The platform reports revenue of a referral; answers the row and whether it is new. What it earns is booked.

    `kind` is `platform_fee` (one a month, not below zero) or `adjustment` (signed); `amount_minor` in minor units of
    `currency`, which is that of the referral; `month` is any day of it. Telling the same again changes nothing.
    Raises OtherRevenue where the id has other content, SecondFee, OtherCurrency, NegativeFee, MonthNotYet,
    AmountTooLarge (`SPEC §4`, P7).
    """
    by.require("import")
    told = Reported(external_id, month.replace(day=1), kind, amount_minor, currency)
    check(told, referral, at=at)
    hold_referrals([referral])
    known = find_recorded(told, referral)
    if known is not None:
        return known, False
    session.refresh(referral)
    month_before = find_month(told, referral)
    refuse_second_fee(told, referral)
    refuse_vast_sums(told, referral, month_before)
    row, is_new = write(told, referral, by=by, at=at)
    if is_new:
        earn_share(referral, row, add_to_month(told, referral, month_before), by=by, at=at)
        session.flush()
    return row, is_new


def earn_share(referral: Referral, row: RevenueRow, month: RevenueMonth, *, by: Actor, at: datetime) -> Earning | None:
    """What a row that is in the sum of its month already earns; None where that is nothing."""
    terms = terms_of(referral)
    if month.reason or terms is None:
        return None
    rate = terms.rate_bp or 0
    before = month.earned_minor
    amount = earned_by_row(before, month.revenue_minor, rate)
    if amount == 0:
        return None
    month.earned_minor += amount
    return book(
        Earning(
            id=new_id(),
            partner_id=referral.partner_id,
            referral_id=referral.id,
            lead_id=referral.lead_id,
            revenue_row_id=row.id,
            terms=terms,
            category=referral.category,
            kind="recurring",
            month=row.month,
            basis_minor=month.revenue_minor,
            before_minor=before,
            rate_bp=rate,
            amount_minor=amount,
            currency=row.currency,
            earned_at=at,
        ),
        by=by,
    )


def earn_late(referral: Referral, *, by: Actor, at: datetime) -> list[Earning]:
    """Let months earn that could not when their revenue came, and can now; the caller has just changed the referral.

    The earning belongs to the month's latest row, which earned nothing.
    """
    hold_referrals([referral])
    query = select(RevenueMonth).where(RevenueMonth.referral_id == referral.id, RevenueMonth.reason != "")
    found = []
    for month in session.scalars(query.order_by(RevenueMonth.month).execution_options(populate_existing=True)):
        row = latest_row(month)
        if row is None:
            continue
        month.reason = why_not(referral, month)
        earned = earn_share(referral, row, month, by=by, at=at)
        found += [earned] if earned is not None else []
    session.flush()
    return found


def earn_bounty(referral: Referral, *, by: Actor, at: datetime) -> Earning | None:
    """Book the fixed amount that was promised for a referral, once; None where nothing was (`why_no_bounty`).

    Whoever records a referral calls this then: which terms hold and what they ask for is looked up here.
    """
    terms = terms_of(referral)
    if terms is None or why_no_bounty(value_of(terms), facts_of(referral)):
        return None
    hold_partners({(referral.partner_id, terms.currency or referral.currency)})
    standing = standing_bounty(referral)
    if standing is not None:
        return standing
    return book(
        Earning(
            id=new_id(),
            partner_id=referral.partner_id,
            referral_id=referral.id,
            lead_id=referral.lead_id,
            terms=terms,
            category=referral.category,
            kind="bounty",
            amount_minor=terms.amount_minor or 0,
            currency=terms.currency or referral.currency,
            earned_at=at,
        ),
        by=by,
    )


def standing_bounty(referral: Referral) -> Earning | None:
    """The bounty of a referral that was not taken back."""
    reversed_ones = select(Earning.reverses_id).where(
        Earning.referral_id == referral.id, Earning.reverses_id.is_not(None)
    )
    query = select(Earning).where(
        Earning.referral_id == referral.id, Earning.kind == "bounty", Earning.id.not_in(reversed_ones)
    )
    return session.scalar(query.limit(1))


def reverse_bounty(referral: Referral, *, by: Actor, at: datetime) -> Earning | None:
    """Take back the bounty of a referral; None where there is none, or it was taken back before."""
    hold_referrals([referral])
    standing = standing_bounty(referral)
    if standing is None:
        return None
    return book(give_back(standing, "reversal", standing.amount_minor, reverses_id=standing.id, at=at), by=by)


def pay_outside(referral: Referral, *, by: Actor, at: datetime) -> list[Earning]:
    """Staff paid by hand what a referral earned and no payout holds: the next statement does not pay it again."""
    hold_referrals([referral])
    paid = []
    for latest, sum_minor in unpaid_of(referral):
        if sum_minor > 0:
            paid.append(book(give_back(latest, "paid_outside", sum_minor, at=at), by=by))
    return paid
