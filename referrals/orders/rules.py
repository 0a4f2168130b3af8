"""What the events of an order make of it (`SPEC §7`). Pure: it depends on the events, not on how they arrived."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from referrals.commissions.facts import RefundFact

CLOCK_SKEW = timedelta(minutes=5)
STAGES = ("placed", "paid", "shipped", "completed", "refunded", "cancelled")


@dataclass(frozen=True)
class Happened:
    """An event as the rules see it; `id` is ours and grows with the order of arrival, `event_id` is the source's."""

    id: int
    event_id: str
    type: str
    at: datetime
    amount: int | None = None
    lines: tuple[tuple[str, int], ...] = ()
    summary_of: str | None = None


@dataclass(frozen=True)
class State:
    """What is known of an order: the earliest times, the amendment in force, refunds one by one, cashback paid back."""

    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    finished_at: datetime | None = None
    cancelled_at: datetime | None = None
    lines_event_id: int | None = None
    refunds: tuple[RefundFact, ...] = ()
    cashback: int | None = None


def state_of(events: Iterable[Happened], *, until: datetime | None = None) -> State:
    """The state that these events make; with `until`, those that had happened by then."""
    known = [event for event in events if until is None or event.at <= until]
    cashback = [event.amount or 0 for event in known if event.type == "cashback"]
    amendments = [event for event in known if event.type == "amended"]
    return State(
        paid_at=earliest(known, "paid"),
        shipped_at=earliest(known, "shipped"),
        finished_at=earliest(known, "completed"),
        cancelled_at=earliest(known, "cancelled"),
        lines_event_id=max(amendments, key=lambda one: (one.at, one.event_id)).id if amendments else None,
        refunds=tuple(refunds_of([event for event in known if event.type == "refunded"])),
        cashback=sum(cashback) if cashback else None,
    )


def earliest(events: Iterable[Happened], type_: str) -> datetime | None:
    """When something happened first, whatever the ids of the events that tell it."""
    return min((event.at for event in events if event.type == type_), default=None)


def refunds_of(events: Sequence[Happened]) -> Iterator[RefundFact]:
    """The refunds one by one. A summary gives way to the refund that it is of; a total adds what it exceeds them.

    What a summary or a total said before the refund itself came was known since then: the refund takes that mark.
    """
    single = {event.event_id: event for event in events if event.summary_of is None}
    for summary in sorted(events, key=lambda one: (one.at, one.event_id), reverse=True):
        if not summary.summary_of:
            continue
        known = single.get(summary.summary_of)
        single[summary.summary_of] = summary if known is None else replace_by_earliest(known, summary)
    totals = sorted((event for event in events if event.summary_of == ""), key=lambda one: (one.at, one.event_id))
    total = max(totals, key=lambda one: one.amount or 0, default=None)
    if total is None:
        yield from (fact_of(event) for event in in_order(single.values()))
        return
    yield from beside_total(in_order(single.values()), total)


def replace_by_earliest(known: Happened, summary: Happened) -> Happened:
    """The refund itself with the mark of what told of it first; of two summaries the earlier one."""
    if known.summary_of is None:
        return replace(known, id=min(known.id, summary.id))
    return summary


def beside_total(single: Sequence[Happened], total: Happened) -> Iterator[RefundFact]:
    told, covered = total.amount or 0, 0
    for event in single:
        covered += event.amount or 0
        fact = fact_of(event)
        yield replace(fact, event_id=min(fact.event_id, total.id)) if covered <= told else fact
    if told > covered:
        yield RefundFact(total.id, total.at, told - covered)


def in_order(events: Iterable[Happened]) -> list[Happened]:
    return sorted(events, key=lambda one: one.id)


def fact_of(event: Happened) -> RefundFact:
    return RefundFact(event.id, event.at, event.amount or 0, event.lines)


def completion_of(state: State, *, requires_shipping: bool, days: int) -> datetime | None:
    """When an order counts as completed; without payment never (`SPEC §7`).

    That is the completed event or `days` after shipping (after payment where nothing ships), whichever is earlier,
    and not before payment.
    """
    if state.paid_at is None:
        return None
    base = state.shipped_at if requires_shipping else state.paid_at
    after = base + timedelta(days=days) if base is not None else None
    done = min((moment for moment in (state.finished_at, after) if moment is not None), default=None)
    return max(state.paid_at, done) if done is not None else None


def stage_of(state: State, *, completed_at: datetime | None, goods: int, left: int, at: datetime) -> str:
    """How far an order has come: placed, paid, shipped, completed, refunded (wholly), cancelled."""
    if state.cancelled_at is not None:
        return "cancelled"
    if goods and not left:
        return "refunded"
    if completed_at is not None and completed_at <= at:
        return "completed"
    if state.shipped_at is not None:
        return "shipped"
    return "paid" if state.paid_at is not None else "placed"
