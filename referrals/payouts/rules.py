"""When partners are paid, and what of it (`SPEC §4`): half months, five business days, a minimum per group. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from referrals.payouts.lifecycle import GROUPS

BUSINESS_DAYS = 5
SATURDAY = 5
LAST_OF_FIRST_HALF = 15
GROUP_OF = {"plus_lead": "plus", "pos_lead": "pos"}


@dataclass(frozen=True, order=True)
class Period:
    """A half month: from the 1st to the 15th, or from the 16th to the month's last day, both included."""

    first: date
    last: date

    @property
    def due_on(self) -> date:
        """The day on which it is paid: the fifth business day (Monday to Friday) after its last day."""
        return business_days_after(self.last, BUSINESS_DAYS)

    @property
    def following(self) -> "Period":
        return period_of(self.last + timedelta(days=1))

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Its first moment, in UTC."""
        return day_begins(self.first, zone)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The first moment after it, in UTC."""
        return day_begins(self.last + timedelta(days=1), zone)


@dataclass(frozen=True)
class Share:
    """A category group of a statement in minor units: carried over to it, earned in its period, and paid by it."""

    group: str
    carried_minor: int
    earned_minor: int
    paid_minor: int

    @property
    def left_minor(self) -> int:
        """What waits for a later statement."""
        return self.carried_minor + self.earned_minor - self.paid_minor


def period_of(day: date) -> Period:
    """The period in which a day lies."""
    if day.day <= LAST_OF_FIRST_HALF:
        return Period(day.replace(day=1), day.replace(day=LAST_OF_FIRST_HALF))
    next_month = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Period(day.replace(day=LAST_OF_FIRST_HALF + 1), next_month - timedelta(days=1))


def period_at(moment: datetime, zone: ZoneInfo) -> Period:
    """The period that runs at a moment, by the calendar of the zone."""
    return period_of(moment.astimezone(zone).date())


def periods_between(first: Period, until: Period) -> Iterator[Period]:
    """The periods from one on, up to another one that is left out."""
    while first < until:
        yield first
        first = first.following


def business_days_after(day: date, number: int) -> date:
    """The day that is so many business days later; Saturdays and Sundays are none."""
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < SATURDAY
    return day


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in a zone, in UTC; where midnight is skipped or doubled, that of the change."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def group_of(category: str) -> str:
    """The group in which a category is paid: leads of Plus, leads of POS, and everything else together."""
    return GROUP_OF.get(category, "other")


def shares(sums: Mapping[str, tuple[int, int]], minimum_minor: int) -> list[Share]:
    """What of each group is paid, by (carried, earned): all from the minimum on; less, or a debt, is carried over."""
    found = []
    for group in GROUPS:
        carried, earned = sums.get(group, (0, 0))
        if carried or earned:
            found.append(Share(group, carried, earned, payable(carried + earned, minimum_minor)))
    return found


def payable(whole_minor: int, minimum_minor: int) -> int:
    """A group's whole sum from the minimum on, else nothing."""
    return whole_minor if whole_minor > 0 and whole_minor >= minimum_minor else 0


def is_worth_telling(found: Iterable[Share]) -> bool:
    """Whether a statement has news: something was earned in its period, or something is paid."""
    return any(share.earned_minor or share.paid_minor for share in found)
