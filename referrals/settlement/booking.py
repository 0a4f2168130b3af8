"""One portion of a run: weighed in one pass in memory, written by few statements (`SPEC §9`, S9, S10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from referrals.commissions.clawback import follow_facts
from referrals.commissions.facts import OrderFacts, verdict
from referrals.commissions.lifecycle import COMMISSION
from referrals.commissions.models import Commission
from referrals.commissions.news import tell_of_many
from referrals.commissions.operations import restate_unsettled, take_over
from referrals.db import Base, among, session
from referrals.ids import new_id
from referrals.ledger.operations import STORE, AccountName, Draft, Owner, hold_books, post_entries
from referrals.ledger.queries import balance
from referrals.orders.facts import FactsReader
from referrals.orders.models import Order
from referrals.settlement.campaigns import facts_counted
from referrals.settlement.due import Due
from referrals.settlement.models import SettlementRun

log = structlog.get_logger()
LONGEST_ERROR = 300
# By the table, not the class: these rows are moved by the thousand and no object of them is in memory.
COMMISSIONS = Base.metadata.tables[Commission.__tablename__]


class Done(NamedTuple):
    """What became of a portion: how many commissions, and how much money."""

    settled: int = 0
    settled_minor: int = 0
    left: int = 0
    void: int = 0
    failed: int = 0


class Claim(NamedTuple):
    """What a due commission asks for in a run. `facts`: those that count where what is stored does not suffice."""

    due: Due
    amount: int
    status: str = "pending"
    facts: OrderFacts | None = None


@dataclass
class Weighed:
    """What is to become of the claims of a portion."""

    settled: list[Claim] = field(default_factory=list)
    waiting: list[Claim] = field(default_factory=list)
    zero: list[Claim] = field(default_factory=list)
    aside: list[Claim] = field(default_factory=list)
    failed: list[tuple[Due, str]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(claim.amount for claim in self.settled)


def book_portion(run: SettlementRun, owner: Owner, due: Sequence[Due], *, at: datetime) -> Done:
    """Settle what the balance covers, in order. What fails is narrowed down by halves, so that it fails alone."""
    try:
        with session.begin_nested():
            return book_together(run, owner, due, at=at)
    except OperationalError:
        raise
    except Exception as error:
        if len(due) == 1:
            return note_failed([(due[0], failure(error))])
    middle = len(due) // 2
    parts = [book_portion(run, owner, half, at=at) for half in (due[:middle], due[middle:])]
    return Done(*(sum(column) for column in zip(*parts, strict=True)))


def book_together(run: SettlementRun, owner: Owner, due: Sequence[Due], *, at: datetime) -> Done:
    hold_books(owner)
    claims, failed = claims_of(run, due)
    weighed = weigh(claims, balance(owner, STORE))
    weighed.failed = failed
    post_entries(owner, drafts_of(weighed.settled, at=at))
    write(run, weighed, at=at)
    follow_later(weighed.settled, at=at)
    return Done(
        settled=len(weighed.settled),
        settled_minor=weighed.total,
        left=len(weighed.waiting) + len(failed),
        void=len(weighed.zero),
        failed=len(failed),
    )


def claims_of(run: SettlementRun, due: Sequence[Due]) -> tuple[list[Claim], list[tuple[Due, str]]]:
    """What each commission asks for, and those for which that could not be found out."""
    asked = [one.order_id for one in due if needs_facts(run, one)]
    known = facts_counted(run.shop_id, run.campaigns, asked, until=run.facts_until)
    claims, failed = [], []
    for one in due:
        facts = known.get(one.order_id)
        if facts is None:
            claims.append(Claim(one, one.amount))
            continue
        try:
            found = verdict(facts)
        except Exception as error:
            failed.append((one, failure(error)))
            continue
        claims.append(Claim(one, found.amount, found.status, facts))
    return claims, failed


def needs_facts(run: SettlementRun, one: Due) -> bool:
    """Whether the stored amount may not be what the run has to count."""
    if one.later:
        return True
    counted = run.campaigns.get(str(one.group_buy_id)) if one.counted_orders is not None else None
    return counted is not None and counted["cashback"] != one.cashback


def weigh(claims: Iterable[Claim], store_balance: int) -> Weighed:
    """The skip rule: in order, what the balance covers is settled; what it does not cover blocks nothing behind it."""
    found = Weighed()
    for claim in claims:
        if claim.status != "pending":
            found.aside.append(claim)
        elif claim.amount == 0:
            found.zero.append(claim)
        elif claim.amount <= store_balance:
            store_balance -= claim.amount
            found.settled.append(claim)
        else:
            found.waiting.append(claim)
    return found


def drafts_of(claims: Sequence[Claim], *, at: datetime) -> list[Draft]:
    return [
        Draft(
            "settlement",
            f"settlement:{claim.due.id}",
            ((STORE, -claim.amount), (AccountName("salesperson", claim.due.salesperson_id), claim.amount)),
            at,
            f"commission:{claim.due.id}",
        )
        for claim in claims
    ]


def write(run: SettlementRun, weighed: Weighed, *, at: datetime) -> None:
    # In a run as of a past moment, what is not settled stays as it is by all that is known.
    present = run.facts_until is None
    zero = [claim for claim in weighed.zero if not claim.due.later]
    bring_up_to_facts([*weighed.settled, *zero])
    if present:
        restate_by_facts([*weighed.waiting, *weighed.aside], at=at)
    stay_within_the_table()
    note_settled(run, weighed.settled, at=at)
    void = [claim.due.id for claim in zero]
    set_columns(void, status="void", reason="zero", run_id=run.id)
    tell_of_many("settled", run.shop_id, [claim.due.id for claim in weighed.settled], at=at)
    tell_of_many("void", run.shop_id, void, at=at)
    waiting = [claim.due.id for claim in weighed.waiting if claim.due.status == "pending"]
    set_columns(waiting, reason="insufficient_balance", error="")
    note_failed(weighed.failed)


def bring_up_to_facts(claims: Iterable[Claim]) -> None:
    """Bring the rows of commissions whose stored amount does not count up to the facts of the run."""
    for claim in claims:
        if claim.facts is not None:
            commission = session.get_one(Commission, claim.due.id, populate_existing=True)
            take_over(commission, claim.facts, verdict(claim.facts))
    session.flush()


def restate_by_facts(claims: Iterable[Claim], *, at: datetime) -> None:
    """The same of those that the run does not end: it is told where that changes their state."""
    for claim in claims:
        if claim.facts is not None:
            commission = session.get_one(Commission, claim.due.id, populate_existing=True)
            restate_unsettled(commission, claim.facts, at=at)
    session.flush()


def stay_within_the_table() -> None:
    # Rows are moved by the thousand below: the moves are those of the table all the same.
    assert all(COMMISSION.allows("pending", target) for target in ("settled", "void"))


def note_settled(run: SettlementRun, claims: Sequence[Claim], *, at: datetime) -> None:
    columns = {
        "status": "settled",
        "reason": None,
        "error": "",
        "settled_at": at,
        "run_id": run.id,
        "facts_before_id": new_id(),
        "facts_until": run.facts_until,
        "by_hand_base_minor": Commission.amount_minor,
    }
    set_columns([claim.due.id for claim in claims], **columns)
    for group_buy_id in {claim.due.group_buy_id for claim in claims} & {int(one) for one in run.campaigns}:
        ids = [
            claim.due.id
            for claim in claims
            if claim.due.group_buy_id == group_buy_id and claim.due.counted_orders is not None
        ]
        set_columns(ids, counted_orders=run.campaigns[str(group_buy_id)]["orders"])


def set_columns(ids: Sequence[int], **columns: Any) -> None:
    if ids:
        statement = update(COMMISSIONS).where(among(COMMISSIONS.c.id, ids)).values(**columns)
        session.connection().execute(statement)


def note_failed(failed: Sequence[tuple[Due, str]]) -> Done:
    for one, error in failed:
        log.error("settlement_failed", commission=one.id, error=error)
        set_columns([one.id], reason="failed", error=error)
    return Done(left=len(failed), failed=len(failed))


def failure(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_ERROR]


def follow_later(claims: Sequence[Claim], *, at: datetime) -> None:
    """What is known to have happened after the run's moment follows settlement at once (`SPEC §10`)."""
    by_order = {claim.due.order_id: claim.due.id for claim in claims if claim.due.later}
    if not by_order:
        return
    orders = session.scalars(select(Order).where(among(Order.id, by_order))).all()
    for order_id, facts in FactsReader(orders[0].shop_id).facts(orders).items():
        commission = session.get_one(Commission, by_order[order_id], populate_existing=True)
        follow_facts(commission, facts, at=at)
    session.flush()
