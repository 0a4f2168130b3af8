"""The same year in plain Python, by the words of the specification and none of the application's own rules."""

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.payouts.year_script import PARTNERS, YEAR, Step, fate, midnight

MINIMUM = 2500
BOUNTY = 50_000
GROUPS = {"plus_lead": "plus", "pos_lead": "pos"}


@dataclass(eq=False)
class Earned:
    """An amount, of which lead or merchant, and when."""

    merchant: str
    category: str
    minor: int
    at: datetime

    @property
    def group(self) -> str:
        return GROUPS.get(self.category, "other")


@dataclass
class Merchant:
    """A referral: what it earns by, and its months."""

    partner: str
    category: str
    plan: str
    since: datetime
    closed: datetime | None = None
    months: dict[date, int] = field(default_factory=dict)

    def earns(self, month: date) -> bool:
        begun = month >= self.since.date().replace(day=1)
        return begun and self.plan != "starter" and (self.closed is None or month <= self.closed.date())


@dataclass(eq=False)
class Statement:
    """A statement and what it holds."""

    partner: str
    period: tuple[date, date]
    due: date
    lines: dict[str, tuple[int, int, int]]
    status: str
    held: list[Earned]

    @property
    def minor(self) -> int:
        return sum(paid for _, _, paid in self.lines.values())


class PlainYear:
    """Does each step, and knows what every statement says."""

    def __init__(self) -> None:
        self.merchants: dict[str, Merchant] = {}
        self.payouts_of_leads: dict[str, str] = {}
        self.free: dict[str, list[Earned]] = {partner: [] for partner in PARTNERS}
        self.earned: list[Earned] = []
        self.statements: list[Statement] = []
        self.closed: set[date] = set()

    def live(self, steps: list[Step]) -> "PlainYear":
        for step in steps:
            getattr(self, step.verb, lambda _step: None)(step)
        return self

    def earn(self, partner: str, merchant: str, category: str, minor: int, at: datetime) -> None:
        if minor:
            one = Earned(merchant, category, minor, at)
            self.earned.append(one)
            self.free[partner].append(one)

    def submit(self, step: Step) -> None:
        self.payouts_of_leads[step.merchant] = "none"

    invite = submit

    def award(self, step: Step) -> None:
        category = "plus_lead" if step.facts["product"] == "plus" else "pos_lead"
        self.merchants[step.merchant] = Merchant(step.partner, category, "plus", step.moment)
        self.payouts_of_leads[step.merchant] = "due"
        if category == "pos_lead":
            self.earn(step.partner, step.merchant, category, BOUNTY, step.moment)

    qualify = award

    def refuse(self, step: Step) -> None:
        self.payouts_of_leads[step.merchant] = "not_eligible"

    def pay_by_hand(self, step: Step) -> None:
        self.payouts_of_leads[step.merchant] = "paid"
        self.earn(step.partner, step.merchant, "pos_lead", -BOUNTY, step.moment)

    def forfeit(self, step: Step) -> None:
        self.payouts_of_leads[step.merchant] = "not_eligible"
        self.earn(step.partner, step.merchant, "pos_lead", -BOUNTY, step.moment)

    def accept(self, step: Step) -> None:
        self.payouts_of_leads[step.merchant] = "due"
        self.merchants[step.merchant] = Merchant(step.partner, "plus_lead", "plus", step.moment)

    def hand_over(self, step: Step) -> None:
        self.merchants[step.merchant] = Merchant(step.partner, "store_transfer", "basic", step.moment)

    def sign_up(self, step: Step) -> None:
        self.merchants[step.merchant] = Merchant(step.partner, "affiliate_link", step.facts["plan"], step.moment)

    def close_referral(self, step: Step) -> None:
        self.merchants[step.merchant].closed = step.moment

    def revenue(self, step: Step) -> None:
        merchant, month = self.merchants[step.merchant], step.facts["month"]
        before = merchant.months.get(month, 0)
        merchant.months[month] = before + step.facts["minor"]
        if merchant.earns(month):
            minor = a_fifth(merchant.months[month]) - a_fifth(before)
            self.earn(step.partner, step.merchant, merchant.category, minor, step.moment)

    def tick(self, step: Step) -> None:
        for first, last in half_months():
            ends = midnight(last + timedelta(days=1))
            if ends <= step.moment and first not in self.closed:
                self.closed.add(first)
                for partner in PARTNERS:
                    self.close(partner, first, last, ends)

    def close(self, partner: str, first: date, last: date, ends: datetime) -> None:
        mine = [one for one in self.free[partner] if one.at < ends]
        lines: dict[str, tuple[int, int, int]] = {}
        for group in ("plus", "pos", "other"):
            carried = sum(one.minor for one in mine if one.group == group and one.at < midnight(first))
            earned = sum(one.minor for one in mine if one.group == group and one.at >= midnight(first))
            if carried or earned:
                lines[group] = (carried, earned, carried + earned if carried + earned >= MINIMUM else 0)
        if not any(earned or paid for _, earned, paid in lines.values()):
            return
        held = [one for one in mine if lines.get(one.group, (0, 0, 0))[2]]
        self.free[partner] = [one for one in self.free[partner] if one not in held]
        status = "pending" if held else "carried"
        self.statements.append(Statement(partner, (first, last), five_business_days_after(last), lines, status, held))

    def operate(self, step: Step) -> None:
        for one in self.statements:
            if one.status == "pending" and one.due <= step.facts["day"]:
                self.decide(one)
            elif one.status == "paid" and comes_back(one, step.facts["day"]):
                self.fail(one)

    def decide(self, one: Statement) -> None:
        if fate(one.partner, one.period[0]) == "failed":
            self.fail(one)
            return
        one.status = "paid"
        for earned in one.held:
            if self.payouts_of_leads.get(earned.merchant) == "due":
                self.payouts_of_leads[earned.merchant] = "paid"

    def fail(self, one: Statement) -> None:
        one.status = "failed"
        self.free[one.partner] += one.held
        one.held = []

    def told(self) -> list[Any]:
        """All statements, as they are compared."""
        return sorted(
            [one.partner, *map(str, (*one.period, one.due)), one.minor, one.status, sorted(one.lines.items())]
            for one in self.statements
        )

    def balances(self, partner: str) -> list[int]:
        """What is the partner's, what is on its way to it, and what came from outside less what went there."""
        free = sum(one.minor for one in self.free[partner])
        pending = sum(one.minor for one in self.statements if one.partner == partner and one.status == "pending")
        return [free, pending, -free - pending]


def comes_back(one: Statement, day: date) -> bool:
    return fate(one.partner, one.period[0]) == "returned" and one.due <= day - timedelta(days=7)


def a_fifth(minor: int) -> int:
    """20 %, a half away from zero."""
    whole, part = divmod(abs(minor), 5)
    share = whole + (part * 2 >= 5)
    return share if minor >= 0 else -share


def half_months() -> list[tuple[date, date]]:
    found = []
    for month in range(1, 13):
        end = calendar.monthrange(YEAR, month)[1]
        found += [(date(YEAR, month, 1), date(YEAR, month, 15)), (date(YEAR, month, 16), date(YEAR, month, end))]
    return found


def five_business_days_after(day: date) -> date:
    later = [day + timedelta(days=number) for number in range(1, 10)]
    return [one for one in later if one.isoweekday() <= 5][4]
