"""What happens to two partners in a leap year: a list of steps in the order of time, the same for the same seed."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

YEAR = 2028
# Its clocks change at midnight: one day has no first hour, another one has its last twice.
ZONE = "America/Santiago"
PARTNERS = ("Alfa", "Bravo")


@dataclass(frozen=True, order=True)
class Step:
    """Something that happens: when, under which name (by which it is known to be done), what, and to whom."""

    moment: datetime
    key: str
    verb: str = field(compare=False)
    partner: str = field(compare=False, default="")
    merchant: str = field(compare=False, default="")
    facts: dict[str, Any] = field(compare=False, default_factory=dict)


def fate(partner: str, period_from: date) -> str:
    """What becomes of a payout: `paid`, `failed`, or `returned` some days after it was paid."""
    return {3: "failed", 5: "returned"}.get(crc32(f"{partner} {period_from}".encode()) % 7, "paid")


def midnight(day: date) -> datetime:
    """The first moment of a day where the programme lives."""
    return datetime.combine(day, time(), ZoneInfo(ZONE)).astimezone(UTC)


class Script:
    """Writes the steps of a year."""

    def __init__(self, seed: int, merchants_of_each: int = 1) -> None:
        self.random = Random(seed)
        self.steps: list[Step] = []
        for partner in PARTNERS:
            for number in range(merchants_of_each):
                self.leads(partner, number)
                self.plain_referrals(partner, number)
        self.house()

    def until(self, moment: datetime) -> list[Step]:
        """The steps up to a moment, in the order of time."""
        return sorted(step for step in self.steps if step.moment < moment)

    def add(self, moment: datetime, verb: str, partner: str = "", merchant: str = "", **facts: Any) -> None:
        key = f"{len(self.steps)} {verb} {merchant}"
        self.steps.append(Step(moment, key, verb, partner, merchant, facts))

    def some_day(self, first_month: int, last_month: int) -> datetime:
        month = self.random.randint(first_month, last_month)
        day = self.random.randint(1, calendar.monthrange(YEAR, month)[1])
        return datetime(YEAR, month, day, 12, tzinfo=UTC) + timedelta(minutes=self.random.randint(0, 400))

    def leads(self, partner: str, number: int) -> None:
        won = self.some_day(1, 3)
        self.lead(partner, f"{partner} plus {number}", "plus", won, "award")
        self.revenue(partner, f"{partner} plus {number}", won)
        accepted = self.some_day(1, 4)
        self.invitation(partner, f"{partner} invited {number}", accepted)
        for name, day in (
            ("leap", datetime(YEAR, 2, 29, 15, tzinfo=UTC)),
            ("last", datetime(YEAR, 12, 20, 15, tzinfo=UTC)),
        ):
            self.lead(partner, f"{partner} {name} {number}", "pos", day, "award")
        for kind, verb in (("pos", "award"), ("alone", "qualify"), ("no", "refuse")):
            self.lead(partner, f"{partner} {kind} {number}", "pos", self.some_day(1, 12), verb, alone=kind == "alone")
        by_hand = self.some_day(4, 11).replace(day=6)
        self.lead(partner, f"{partner} hand {number}", "pos", by_hand, "award")
        self.add(by_hand + timedelta(days=2), "pay_by_hand", partner, f"{partner} hand {number}")
        # Forfeited in the same period, and while its payout is under way.
        for days, name in ((1, "soon"), (8, "late")):
            day = self.some_day(3, 10).replace(day=10)
            self.lead(partner, f"{partner} {name} {number}", "pos", day, "award")
            self.add(day + timedelta(days=days), "forfeit", partner, f"{partner} {name} {number}")

    def lead(self, partner: str, name: str, product: str, won: datetime, verb: str, *, alone: bool = False) -> None:
        self.add(won - timedelta(days=9), "submit", partner, name, product=product, sales_support=not alone)
        self.add(won, verb, partner, name, product=product)

    def invitation(self, partner: str, name: str, accepted: datetime) -> None:
        domain = f"{name.lower().replace(' ', '-')}.shops.example.org"
        self.add(accepted - timedelta(days=5), "put_store", partner, name, domain=domain)
        self.add(accepted - timedelta(days=3), "invite", partner, name, domain=domain)
        self.add(accepted, "accept", partner, name)
        self.add(accepted + timedelta(minutes=1), "activate", partner, name)
        self.revenue(partner, name, accepted)

    def plain_referrals(self, partner: str, number: int) -> None:
        handed = self.some_day(1, 5)
        name = f"{partner} built {number}"
        self.add(
            handed - timedelta(days=9), "build", partner, name, domain=f"{name.lower().replace(' ', '-')}.example.org"
        )
        self.add(handed, "hand_over", partner, name)
        closed = self.some_day(7, 9).replace(day=14)
        self.add(closed, "close_referral", partner, name)
        self.revenue(partner, name, handed)
        for plan in ("basic", "starter"):
            signed_up = self.some_day(1, 6)
            self.add(signed_up, "sign_up", partner, f"{partner} {plan} {number}", plan=plan)
            self.revenue(partner, f"{partner} {plan} {number}", signed_up)

    def revenue(self, partner: str, merchant: str, since: datetime) -> None:
        """The fee of each month, told at the beginning of the next one; some are corrected, one at a period's end."""
        for month in range(since.month, 12):
            told = datetime(YEAR, month + 1, self.random.randint(2, 6), 3, self.random.randint(0, 59), tzinfo=UTC)
            fee = self.random.choice((1, 999, 4995, 12_003, 29_999))
            first = date(YEAR, month, 1)
            self.add(told, "revenue", partner, merchant, month=first, kind="platform_fee", minor=fee)
            if self.random.random() < 0.4:
                minor = self.random.choice((-2, -1, 3, -fee, -fee - 4001, 777))
                later = told + timedelta(days=self.random.randint(1, 40), seconds=1)
                if later.year == YEAR:
                    self.add(later, "revenue", partner, merchant, month=first, kind="adjustment", minor=minor)
            if month % 3 == 2:
                edge = midnight(date(YEAR, month + 1, 16)) - timedelta(microseconds=self.random.randint(0, 1))
                self.add(edge, "revenue", partner, merchant, month=first, kind="adjustment", minor=505)

    def house(self) -> None:
        """The scheduler's ticks, some of them missed, and the operator who pays what is due."""
        for day in days_of_the_year():
            if day.day in (1, 16) and self.random.random() < 0.8:
                self.add(midnight(day) + timedelta(minutes=self.random.choice((0, 0, 3, 4000))), "tick")
            if day.weekday() == 4:
                self.add(midnight(day) + timedelta(hours=20), "operate", day=day)
        self.add(midnight(date(YEAR + 1, 1, 1)), "tick")


def days_of_the_year() -> Iterator[date]:
    day = date(YEAR, 1, 1)
    while day.year == YEAR:
        yield day
        day += timedelta(days=1)
