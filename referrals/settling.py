"""Settlement as it is run: by the scheduler, the API, pages and the command line; each portion with its own commit."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from referrals.clock import now
from referrals.db import others_write, reading, session
from referrals.ledger.checking import books_are_good, check_new
from referrals.people.rules import SYSTEM, Actor
from referrals.settlement.due import Place
from referrals.settlement.models import SettlementRun
from referrals.settlement.runs import (
    BooksInDoubt,
    finish_run,
    owner_of,
    settle_portion,
    shops_asking,
    shops_with_work,
    start_run,
    stop_run,
)
from referrals.shops.models import Shop

log = structlog.get_logger()
Stop = Callable[[], bool]
Tell = Callable[[SettlementRun], None]
# How long a portion holds the lock, and how long while others want it; how few make it up, and how few then.
PORTION_MS, SHORT_PORTION_MS = 150, 40
FIRST_PORTION, SMALLEST_PORTION, SHORTEST_PORTION, LARGEST_PORTION = 1_000, 400, 100, 5_000
# Between portions others who write get their turn. Those in another process look for SQLite's lock every tenth of a
# second, so that once a second it is free for longer.
PAUSE_SECONDS, PAUSE_EVERY_SECONDS = 0.11, 1


def never() -> bool:
    """For runs that nobody asks to stop."""
    return False


def after(seconds: float) -> Stop:
    """Asks to stop so many seconds after it was first asked; that first time it never does, so that runs get on."""
    began: list[float] = []

    def late() -> bool:
        if not began:
            began.append(time.monotonic())
            return False
        return time.monotonic() - began[0] >= seconds

    return late


def tell_nobody(_run: SettlementRun) -> None:
    """For runs whose progress nobody watches."""


def settle_shop(
    shop_id: int,
    *,
    as_of: datetime | None = None,
    started_by: str,
    by: Actor,
    at: datetime | None = None,
    stop: Stop = never,
    tell: Tell = tell_nobody,
) -> SettlementRun:
    """One whole run over what is due in a shop, now or as of a past moment. Raises NotYet, BooksInDoubt.

    Commits each portion by itself: interrupted, it leaves whole commissions behind, and the next run goes on.
    """
    at = at or now()
    prove_books(shop_id, at=at)
    shop = session.get_one(Shop, shop_id, populate_existing=True)
    run = start_run(shop, as_of=as_of or at, started_by=started_by, by=by, at=at)
    session.commit()
    run_id, started, began = run.id, at, time.monotonic()

    def moment() -> datetime:
        return started + timedelta(seconds=time.monotonic() - began)

    try:
        through = settle_portions(run_id, moment, stop, tell)
    except BaseException:
        session.rollback()
        with suppress(SQLAlchemyError):
            stop_run(run_id, at=moment())
            session.commit()
        raise
    ended = (finish_run if through else stop_run)(run_id, at=moment())
    session.commit()
    session.expire_all()
    return ended


def prove_books(shop_id: int, *, at: datetime) -> None:
    """Prove what is new in the books of the shop before money moves; what is found wrong is kept (P17)."""
    owner = owner_of(session.get_one(Shop, shop_id))
    if not books_are_good(owner):
        raise BooksInDoubt
    session.commit()
    check_new(owner, at=at)
    session.commit()


def settle_portions(run_id: int, moment: Callable[[], datetime], stop: Stop, tell: Tell) -> bool:
    """Settle portion by portion; answers whether the run is through, or was asked to stop."""
    place: Place | None = None
    more, size = True, FIRST_PORTION
    paused = time.monotonic()
    while more and not stop():
        began = time.monotonic()
        place = settle_portion(run_id, place, at=moment(), size=size)
        session.commit()
        size = (next_short_size if others_write() else next_size)(size, time.monotonic() - began)
        tell(session.get_one(SettlementRun, run_id))
        more = place is not None
        session.expire_all()
        if more and time.monotonic() - paused > PAUSE_EVERY_SECONDS:
            time.sleep(PAUSE_SECONDS)
            paused = time.monotonic()
    return not more


def next_size(size: int, seconds: float) -> int:
    """How many commissions the next portion takes, so that it holds the lock about as long as it should."""
    return fitting(size, seconds, PORTION_MS, SMALLEST_PORTION)


def next_short_size(size: int, seconds: float) -> int:
    """The same while others in this process write or wait to."""
    return fitting(size, seconds, SHORT_PORTION_MS, SHORTEST_PORTION)


def fitting(size: int, seconds: float, wanted_ms: int, smallest: int) -> int:
    found = size * wanted_ms // max(1, int(seconds * 1000))
    return min(max(found, size // 2, smallest), size * 2, LARGEST_PORTION)


def settle_due(*, at: datetime, stop: Stop = never) -> tuple[int, int]:
    """Settle in every shop that settles by itself and has something due; answers how many runs did and failed."""
    with reading():
        shops = shops_with_work(at=at)
    return settle_each(shops, "schedule", at=at, stop=stop)


def settle_asked(*, at: datetime, stop: Stop = never) -> tuple[int, int]:
    """Settle in every shop that was topped up since its last run."""
    with reading():
        shops = shops_asking(at=at)
    return settle_each(shops, "top_up", at=at, stop=stop)


def settle_each(shop_ids: Sequence[int], started_by: str, *, at: datetime, stop: Stop) -> tuple[int, int]:
    done = failed = 0
    for shop_id in shop_ids:
        if stop():
            break
        try:
            settle_shop(shop_id, started_by=started_by, by=SYSTEM, at=at, stop=stop)
            done += 1
        except Exception as error:
            session.rollback()
            log.error("settlement_waits", shop=shop_id, error_type=type(error).__name__)
            failed += 1
    return done, failed
