"""Settlement runs: who is due is settled from the store balance, portion by portion (`SPEC §9`, P9, P10).

A run is started, settles portions, and is finished; the caller commits each step. Killed anywhere, it left whole
commissions behind, and the next run takes up what is still pending.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, func, select, update

from referrals.commissions.models import Commission
from referrals.commissions.operations import hold_settlement
from referrals.db import session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.ledger.checking import books_are_good
from referrals.ledger.operations import STORE, Owner
from referrals.ledger.queries import balance
from referrals.people.rules import Actor
from referrals.settlement.booking import book_portion
from referrals.settlement.campaigns import count_campaigns, outdated
from referrals.settlement.due import PENDING, Place, count_due, due_portion, may_settle
from referrals.settlement.lifecycle import RUN
from referrals.settlement.models import SettlementRun
from referrals.shops.models import Shop
from referrals.shops.queries import settings_of, visible_to
from referrals.wording import N_

PORTION = 2_000
SILENT_FOR = timedelta(minutes=5)
# What failed is tried again, but not every few minutes.
FAILED_REST = timedelta(hours=1)


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
    """End a run that is through."""
    return end(run_id, "done", at=at)


def stop_run(run_id: int, *, at: datetime) -> SettlementRun:
    """End a run before it is through; what it settled stays, and the next run takes up the rest."""
    return end(run_id, "stopped", at=at)


def end(run_id: int, target: str, *, at: datetime) -> SettlementRun:
    run = session.get_one(SettlementRun, run_id, populate_existing=True)
    if run.status == "running":
        RUN.move(run, target)
        run.finished_at = at
    run.heartbeat_at = at
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


def shops_with_work(*, at: datetime) -> list[int]:
    """Shops that settle by themselves and have something due that a run may settle; those with books in doubt wait."""
    some_due = exists().where(PENDING, Commission.shop_id == Shop.id, Commission.due_at <= at)
    shops = session.scalars(select(Shop).where(some_due).order_by(Shop.id)).all()
    return [shop.id for shop in shops if settles_by_itself(shop, at=at) and has_work(shop, at=at)]


def shops_asking(*, at: datetime) -> list[int]:
    """Shops that settle by themselves and ask for a run at once, after a top-up."""
    shops = session.scalars(select(Shop).where(Shop.settle_wanted_at.is_not(None)).order_by(Shop.settle_wanted_at))
    return [shop.id for shop in shops if settles_by_itself(shop, at=at)]


def settles_by_itself(shop: Shop, *, at: datetime) -> bool:
    return settings_of(shop.id).at(at).auto_settle and books_are_good(owner_of(shop))


def has_work(shop: Shop, *, at: datetime) -> bool:
    last = session.scalar(select(func.max(SettlementRun.started_at)).where(SettlementRun.shop_id == shop.id))
    store = balance(owner_of(shop), STORE)
    if outdated(shop.id, count_campaigns(shop.id), due_by=at):
        return True
    return may_settle(shop.id, store, at=at, retry_failed=last is None or last < at - FAILED_REST)
