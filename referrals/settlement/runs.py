"""Settlement runs: who is due is settled from the store balance, portion by portion (`SPEC §9`, P9, P10).

A run is started, settles portions, and is finished; the caller commits each step. Killed anywhere, it left whole
commissions behind, and the next run takes up what is still pending.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from referrals.commissions.operations import hold_settlement
from referrals.db import session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.ledger.checking import books_are_good
from referrals.ledger.operations import Owner
from referrals.people.rules import Actor
from referrals.settlement.booking import book_portion
from referrals.settlement.campaigns import count_campaigns
from referrals.settlement.due import Place, count_due, due_portion
from referrals.settlement.lifecycle import RUN
from referrals.settlement.models import SettlementRun
from referrals.shops.models import Shop
from referrals.shops.queries import visible_to
from referrals.wording import N_

PORTION = 2_000
SILENT_FOR = timedelta(minutes=5)


class NotYet(RuleBroken):
    """A run as of a moment that has not come."""

    sentence = N_("This moment is in the future. A run can be as of now or of a past moment.")


class BooksInDoubt(Conflict):
    """The last check of the books failed: nothing is settled until they are proved again (P17)."""

    sentence = N_("The last check of the books failed. Nothing is settled until they are found good again.")


def owner_of(shop: Shop) -> Owner:
    """The books of a shop."""
    return Owner("shop", shop.id, shop.currency)


def start_run(shop: Shop, *, as_of: datetime, started_by: str, by: Actor, at: datetime) -> SettlementRun:
    """Begin a run; campaigns are counted once, now. Raises NotYet, BooksInDoubt."""
    by.require("finance")
    if as_of > at:
        raise NotYet(field="as_of")
    if not books_are_good(owner_of(shop)):
        raise BooksInDoubt
    stop_silent_runs(shop, at=at)
    run = SettlementRun(
        shop_id=shop.id,
        as_of=as_of,
        started_at=at,
        started_by=started_by,
        by_person_id=by.person_id,
        heartbeat_at=at,
        expected=count_due(shop.id, as_of),
    )
    run.campaigns = count_campaigns(shop.id, until=run.facts_until)
    session.add(run)
    session.execute(update(Shop).where(Shop.id == shop.id).values(settle_wanted_at=None))
    session.flush()
    return run


def stop_silent_runs(shop: Shop, *, at: datetime) -> None:
    """Mark runs of which nothing was heard for a while: their process is gone."""
    silent = session.scalars(
        select(SettlementRun)
        .where(SettlementRun.shop_id == shop.id, SettlementRun.status == "running")
        .where(SettlementRun.heartbeat_at < at - SILENT_FOR)
        .with_for_update(skip_locked=True)
    )
    for run in silent:
        RUN.move(run, "stopped")
        run.finished_at = at


def settle_portion(run_id: int, after: Place | None, *, at: datetime, size: int = PORTION) -> Place | None:
    """Settle the next due commissions behind a place; answers the place reached, None when the run is through."""
    run = session.get_one(SettlementRun, run_id)
    hold_settlement(run.shop_id)
    due = due_portion(run, after, size)
    if due:
        shop = session.get_one(Shop, run.shop_id)
        done = book_portion(run, owner_of(shop), due, at=at)
        run.settled += done.settled
        run.settled_minor += done.settled_minor
        run.left += done.left
        run.void += done.void
        run.failed += done.failed
    run.heartbeat_at = at
    session.flush()
    return due[-1].place if len(due) == size else None


def finish_run(run_id: int, *, at: datetime) -> SettlementRun:
    """End a run."""
    run = session.get_one(SettlementRun, run_id)
    if run.status == "running":
        RUN.move(run, "done")
    run.finished_at = run.heartbeat_at = at
    session.flush()
    return run


def get_run(viewer: Actor, shop: Shop, run_id: int | None) -> SettlementRun:
    """The run of a shop, if the viewer may see it; raises NotFound."""
    run = session.scalar(
        select(SettlementRun)
        .join(Shop, Shop.id == SettlementRun.shop_id)
        .where(SettlementRun.id == (run_id or 0), SettlementRun.shop_id == shop.id, visible_to(viewer))
    )
    if run is None:
        raise NotFound
    return run
