"""A year of revenue of the demo: merchants who came by a link long ago, fees each month, corrections."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.operations import report_revenue
from referrals.leads.catalogue import programme
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import close_referral, record_referral
from referrals.people.rules import SYSTEM, Actor

FEES = {"plus": 230_000, "basic": 3_900, "starter": 500, "": 8_900}
# Name, domain, plan, days from now back to the sign-up and to the closing (none: still a customer).
SIGNED_UP = (
    ("Kwiaciarnia Stokrotka", "stokrotka.example.org", "basic", 380, None),
    ("North Pier Fishing", "northpier.example.org", "plus", 371, None),
    ("ร้านหนังสือเดินทาง", "dernthang.example.org", "basic", 340, None),
    ("Gốm Bát Tràng", "battrang.example.org", "basic", 290, 75),
    ("Bakır Atölyesi", "bakir.example.org", "starter", 210, None),
    ("Old Quarter Records", "oldquarter.example.org", "basic", 160, None),
)


def fill_revenue(members: Sequence[Actor], *, at: datetime) -> None:
    """Sign-ups by the partners' links, then what every referral paid, month by month until the last whole one."""
    dice = Random(1234)  # noqa: S311 - repeatable on purpose
    partners = sorted({member.partner_id or 0 for member in members if member.may("view_referrals")})
    currency = programme().currency
    for number, (name, domain, plan, signed_up, closed) in enumerate(SIGNED_UP):
        referral = record_referral(
            session.get_one(Partner, partners[number % len(partners)]),
            "affiliate_link",
            merchant=name,
            domain=domain,
            plan=plan,
            referred_at=at - timedelta(days=signed_up),
            import_key=f"demo {domain}",
            currency=currency,
            by=SYSTEM,
            at=at - timedelta(days=signed_up),
        )
        if closed is not None:
            close_referral(referral, by=SYSTEM, at=at - timedelta(days=closed))
    for told_at, month, referral in in_time(at):
        pay(referral, month, told_at, dice)


def in_time(at: datetime) -> Iterator[tuple[datetime, date, Referral]]:
    """Which referral paid for which month, as the platform told it on the third of the month after."""
    found = []
    for referral in session.scalars(select(Referral)):
        month = referral.referred_at.date().replace(day=1)
        while (told := datetime.combine(next_month(month), time(8), UTC) + timedelta(days=2)) <= at:
            if referral.closed_at is None or month <= referral.closed_at.date():
                found.append((told, month, referral))
            month = next_month(month)
    yield from sorted(found, key=lambda one: (one[0], one[2].id))


def next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def pay(referral: Referral, month: date, at: datetime, dice: Random) -> None:
    fee = FEES.get(referral.plan, FEES[""])
    tell(referral, month, "platform_fee", fee + dice.randint(0, fee // 3), at)
    if dice.random() < 0.06:
        tell(referral, month, "adjustment", -dice.randint(1, fee // 4), at + timedelta(hours=30))


def tell(referral: Referral, month: date, kind: str, amount_minor: int, at: datetime) -> None:
    report_revenue(
        referral,
        external_id=f"demo {referral.id} {month:%Y-%m} {kind}",
        month=month,
        kind=kind,
        amount_minor=amount_minor,
        currency=referral.currency,
        by=SYSTEM,
        at=at,
    )
