"""Rows of revenue as they are reported: looked at, compared with what is known, written, summed (`SPEC §4`)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.rules import why_no_share
from referrals.earnings.terms import facts_of, is_forfeited, terms_of, value_of
from referrals.errors import Conflict, RuleBroken
from referrals.ids import new_id
from referrals.money import LARGEST, AmountTooLarge, Money, plain
from referrals.partners.lifecycle import REVENUE_KINDS
from referrals.partners.models import Referral, RevenueMonth, RevenueRow
from referrals.people.rules import Actor
from referrals.values import clean_text
from referrals.wording import N_

LONGEST_ID = 255
EARLIEST = date(2000, 1, 1)


class OtherRevenue(Conflict):
    """A row with this id is recorded with other content; `recorded` is what stands there."""

    sentence = N_("A revenue row with this id is recorded with other content: %(recorded)s.")


class SecondFee(Conflict):
    """A month has one fee."""

    sentence = N_("This month has its platform fee already. Report what changed as an adjustment.")


class OtherCurrency(RuleBroken):
    """A referral has one currency."""

    sentence = N_("Revenue of this referral is counted in %(currency)s.")


class NegativeFee(RuleBroken):
    """What is paid back is an adjustment."""

    sentence = N_("A platform fee is not below zero. Report a correction as an adjustment.")


class MonthNotYet(RuleBroken):
    """The month has not begun, or is too long ago to be true."""

    sentence = N_("This month has not begun yet, or is too long ago.")


class NoRowId(RuleBroken):
    """A row is known by its id."""

    sentence = N_("Each row needs an id of at most 255 characters.")


class NotAKind(RuleBroken):
    """Neither a fee nor an adjustment."""

    sentence = N_("The kind of a row is platform_fee or adjustment.")


@dataclass(frozen=True)
class Reported:
    """A row as it is told; `month` is its first day."""

    external_id: str
    month: date
    kind: str
    amount_minor: int
    currency: str


def check(told: Reported, referral: Referral, *, at: datetime) -> None:
    """Raises the rule that a row breaks by itself."""
    if not clean_text(told.external_id) or len(told.external_id) > LONGEST_ID:
        raise NoRowId(field="id")
    if told.kind not in REVENUE_KINDS:
        raise NotAKind(field="kind")
    if told.currency != referral.currency:
        raise OtherCurrency(field="currency", currency=referral.currency)
    # A month begins earlier in the east.
    if not EARLIEST <= told.month <= (at + timedelta(days=1)).date():
        raise MonthNotYet(field="month")
    if told.kind == "platform_fee" and told.amount_minor < 0:
        raise NegativeFee(field="amount")
    if abs(told.amount_minor) > LARGEST:
        raise AmountTooLarge(field="amount")


def find_recorded(told: Reported, referral: Referral) -> RevenueRow | None:
    """The row that is known by this id; raises OtherRevenue where it says something else."""
    known = session.scalar(select(RevenueRow).where(RevenueRow.external_id == told.external_id))
    if known is None:
        return None
    if known.referral_id != referral.id:
        raise OtherRevenue(field="id", recorded=told.external_id)
    if Reported(known.external_id, known.month, known.kind, known.amount_minor, known.currency) != told:
        amount = Money(known.amount_minor, known.currency)
        recorded = f"{known.month:%Y-%m} {known.kind} {plain(amount)} {known.currency}"
        raise OtherRevenue(field="id", recorded=recorded)
    return known


def refuse_second_fee(told: Reported, referral: Referral) -> None:
    """Raises SecondFee where the month of a fee has one."""
    if told.kind != "platform_fee":
        return
    fees = select(RevenueRow.id).where(RevenueRow.referral_id == referral.id, RevenueRow.kind == "platform_fee")
    if session.scalar(fees.where(RevenueRow.month == told.month)) is not None:
        raise SecondFee(field="month")


def refuse_vast_sums(told: Reported, referral: Referral, month: RevenueMonth | None) -> None:
    """Raises AmountTooLarge where a sum would not fit into 64 bits."""
    sums = (month.revenue_minor if month else 0, referral.revenue_minor)
    if any(abs(before + told.amount_minor) > LARGEST for before in sums):
        raise AmountTooLarge(field="amount")


def find_month(told: Reported, referral: Referral) -> RevenueMonth | None:
    """The sums of a row's month; None before its first row."""
    return session.get(RevenueMonth, (referral.id, told.month), populate_existing=True)


def write(told: Reported, referral: Referral, *, by: Actor, at: datetime) -> tuple[RevenueRow, bool]:
    """Store a row. Raises OtherRevenue where somebody stored its id for another partner at this very moment."""
    dialects: Any = {"postgresql": postgresql.insert}
    insert = dialects.get(session.get_bind().dialect.name, sqlite.insert)
    values = {
        "id": new_id(),
        "external_id": told.external_id,
        "referral_id": referral.id,
        "month": told.month,
        "kind": told.kind,
        "amount_minor": told.amount_minor,
        "currency": told.currency,
        "received_at": at,
        "by_person_id": by.person_id,
    }
    session.execute(insert(RevenueRow).values(values).on_conflict_do_nothing(index_elements=["external_id"]))
    row = find_recorded(told, referral)
    assert row is not None
    return row, row.id == values["id"]


def add_to_month(told: Reported, referral: Referral, month: RevenueMonth | None) -> RevenueMonth:
    """Bring the sums up to a new row; the books of the partner are held, so that nobody else changes them."""
    if month is None:
        month = RevenueMonth(referral_id=referral.id, month=told.month, revenue_minor=0, earned_minor=0, reason="")
        session.add(month)
        month.reason = why_not(referral, month)
    elif month.reason or is_forfeited(referral):
        month.reason = why_not(referral, month)
    month.revenue_minor += told.amount_minor
    referral.revenue_minor += told.amount_minor
    return month


def why_not(referral: Referral, month: RevenueMonth) -> str:
    """Why a month earns nothing now (a key of REASONS); empty where it earns its share."""
    return why_no_share(value_of(terms_of(referral)), facts_of(referral), month.month)


def latest_row(month: RevenueMonth) -> RevenueRow | None:
    """The row of a month that was reported last, of those that earned nothing."""
    query = select(RevenueRow).where(RevenueRow.referral_id == month.referral_id, RevenueRow.month == month.month)
    idle = query.where(~select(Earning.id).where(Earning.revenue_row_id == RevenueRow.id).exists())
    return session.scalar(idle.order_by(RevenueRow.id.desc()).limit(1))
