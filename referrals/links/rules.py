"""What binds a customer to a salesperson: one pure function of the customer's clicks (`SPEC §6`)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SHORT = timedelta(days=15)
BINDING_OUTCOMES = frozenset({"bound", "renewed"})


@dataclass(frozen=True)
class Facts:
    """A click as the rules see it.

    `ends_at`: when a binding made by it ends at the latest. `refused`: why it can bind nobody, whoever they belong to.
    `rule` and `protect_days` are those in force at this click.
    """

    click_id: int
    at: datetime
    salesperson_id: int
    ends_at: datetime | None = None
    refused: str | None = None
    rule: str = "last_click"
    protect_days: int | None = None


@dataclass(frozen=True)
class Interval:
    """The customer belongs to the salesperson in `[from_at, until_at)`, by this click and the rule it was judged by.

    `ends_at` is when it would have ended by itself; `until_at` is earlier where a later click closed it.
    """

    salesperson_id: int
    click_id: int
    from_at: datetime
    until_at: datetime | None
    rule: str
    ends_at: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force: exactly at the start it is, exactly at the end no longer."""
        return self.from_at <= moment and (self.until_at is None or moment < self.until_at)


@dataclass(frozen=True)
class Picture:
    """What a customer's clicks come to: intervals in order of time, and what became of each click."""

    intervals: tuple[Interval, ...]
    outcomes: dict[int, str]


def fold(clicks: Iterable[Facts]) -> Picture:
    """The bindings that these clicks make, in order of (time, click id) whatever order they are given in."""
    intervals: list[Interval] = []
    outcomes: dict[int, str] = {}
    for click in sorted(clicks, key=lambda one: (one.at, one.click_id)):
        present = intervals[-1] if intervals and intervals[-1].holds(click.at) else None
        outcome = outcomes[click.click_id] = judge(click, present)
        if outcome not in BINDING_OUTCOMES:
            continue
        ends_at = click.ends_at
        if present is not None:
            intervals[-1] = replace(present, until_at=click.at)
            if outcome == "renewed":
                ends_at = later_end(present.ends_at, click.ends_at)
        intervals.append(Interval(click.salesperson_id, click.click_id, click.at, ends_at, click.rule, ends_at=ends_at))
    # Of clicks at one and the same moment only the last one's binding lasts.
    return Picture(tuple(one for one in intervals if one.until_at is None or one.from_at < one.until_at), outcomes)


def judge(click: Facts, present: Interval | None) -> str:
    """What becomes of a click while this binding, or none, is in force."""
    if click.refused is not None:
        return click.refused
    if present is None:
        return "bound"
    if present.salesperson_id == click.salesperson_id:
        return "renewed"
    if click.rule == "first_click":
        return "already_bound"
    if click.rule == "protected" and click.at - present.from_at < timedelta(days=click.protect_days or 0):
        return "protected"
    return "bound"


def later_end(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two ends; None is never."""
    return None if one is None or other is None else max(one, other)


def refusal(*, at: datetime, expires_at: datetime | None, status: str | None, programme: bool) -> str | None:
    """Why a click at this moment can bind nobody, or None: link, salesperson and programme are asked in this order."""
    if expires_at is not None and at >= expires_at:
        return "link_expired"
    if status != "active":
        return "salesperson_inactive"
    return None if programme else "programme_off"


def expiry_of(kind: str, validity: str, shared_at: datetime) -> datetime | None:
    """When a link stops that is shared now: never where it is permanent or a QR code."""
    return shared_at + SHORT if validity == "short" and kind == "link" else None


def end_of(kind: str, validity: str, expires_at: datetime | None, clicked_at: datetime) -> datetime | None:
    """When a binding made by a click on such a link ends at the latest."""
    if validity != "short":
        return None
    return clicked_at + SHORT if kind == "qr" else expires_at
