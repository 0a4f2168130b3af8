"""Settlement by the scheduler: what is due by itself, at once after a top-up, and after a week of silence."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from referrals import settling
from referrals.db import session
from referrals.ledger.models import LedgerCheck
from referrals.people.rules import SYSTEM
from referrals.settlement.balance import next_run_at, outlook
from referrals.settlement.models import SettlementRun
from referrals.settlement.runs import shops_with_work
from referrals.settling import next_short_size, next_size, settle_asked, settle_due
from referrals.shops.models import Shop
from tests.settlement.bulk import fill_due
from tests.settlement.selling import DAY, Selling

MANY = 20_000


def started(sales: Selling) -> list[str]:
    session.rollback()
    return list(session.scalars(select(SettlementRun.started_by).order_by(SettlementRun.id)))


def test_what_is_due_is_settled_by_itself(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    assert settle_due(at=sales.at) == (1, 0)
    assert (sales.states("1"), started(sales)) == ([("settled", None)], ["schedule"])


def test_nothing_due_means_no_run(sales: Selling) -> None:
    sales.order("1", 10_000)
    assert (settle_due(at=sales.at), started(sales)) == ((0, 0), [])


def test_what_waits_for_the_balance_makes_no_further_runs(sales: Selling) -> None:
    sales.done("1", 10_000)
    assert [settle_due(at=sales.at), settle_due(at=sales.at)] == [(1, 0), (0, 0)]
    sales.top_up(999)
    assert settle_due(at=sales.at) == (0, 0)
    sales.top_up(1)
    assert settle_due(at=sales.at) == (1, 0)
    assert sales.states("1") == [("settled", None)]


def test_a_top_up_asks_for_a_run_at_once_and_once(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    assert [settle_asked(at=sales.at), settle_asked(at=sales.at)] == [(1, 0), (0, 0)]
    assert (sales.states("1"), started(sales)) == ([("settled", None)], ["top_up"])


def test_nothing_settles_by_itself_where_the_merchant_starts_runs(sales: Selling) -> None:
    sales.settings(sales.store, auto_settle=False)
    sales.done("1", 10_000)
    sales.top_up(5_000)
    assert (settle_due(at=sales.at), settle_asked(at=sales.at)) == ((0, 0), (0, 0))
    assert outlook(sales.store, at=sales.at).next_run_at is None
    assert sales.run().settled == 1


def test_after_a_week_of_silence_all_that_fell_due_is_settled(sales: Selling) -> None:
    sales.settings(sales.store, completion_days=2, effective_at=sales.make.later(days=-399))
    for number in range(5):
        sales.order(str(number), 10_000, days_ago=5, shipped_at=sales.at - number * DAY)
    sales.top_up(10_000)
    assert settle_due(at=sales.at) == (1, 0)
    assert sales.earned == 3_000
    assert settle_due(at=sales.at + 7 * DAY) == (1, 0)
    assert sales.earned == 5_000


def test_what_failed_is_tried_again_after_an_hour(sales: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    with monkeypatch.context() as patch:
        patch.setattr("referrals.settlement.booking.post_entries", lambda *_: 1 // 0)
        settle_due(at=sales.at)
    assert sales.states("1") == [("pending", "failed")]
    assert settle_due(at=sales.at + timedelta(minutes=59)) == (0, 0)
    assert settle_due(at=sales.at + timedelta(minutes=61)) == (1, 0)
    assert sales.states("1") == [("settled", None)]


def test_one_shop_that_fails_does_not_hold_up_the_next(sales: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    bad = sales.shop()
    settle = settling.settle_shop

    def fails(shop_id: int, **more: object) -> SettlementRun:
        if shop_id == bad.id:
            raise ValueError
        return settle(shop_id, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(settling, "settle_shop", fails)
    shops = [bad.id, sales.store.id]
    assert settling.settle_each(shops, "schedule", at=sales.at, stop=settling.never) == (1, 1)


def test_no_run_by_itself_while_the_books_are_in_doubt(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    session.add(LedgerCheck(at=sales.at, whole=True, ok=False, entries=1, postings=2, first_problem="entry 1"))
    session.commit()
    assert (shops_with_work(at=sales.at), settle_due(at=sales.at), settle_asked(at=sales.at)) == ([], (0, 0), (0, 0))
    assert session.get_one(Shop, sales.store.id).settle_wanted_at is not None


def test_a_run_that_is_asked_to_stop_leaves_whole_commissions(sales: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "FIRST_PORTION", 2)
    for number in range(5):
        sales.done(str(number), 10_000)
    sales.top_up(10_000)
    asked = iter([False, False, True])
    assert settle_due(at=sales.at, stop=lambda: next(asked, False)) == (1, 0)
    run = session.scalars(select(SettlementRun)).one()
    assert (run.status, run.settled, sales.earned) == ("stopped", 2, 2_000)
    sales.run()
    assert sales.earned == 5_000


@pytest.mark.parametrize(("minute", "second", "expected"), [(0, 0, 3), (2, 59, 3), (3, 0, 6), (59, 59, 60)])
def test_the_next_run_is_on_the_third_full_minute(minute: int, second: int, expected: int, at: datetime) -> None:
    hour = at.replace(minute=0, second=0, microsecond=0)
    assert next_run_at(hour + timedelta(minutes=minute, seconds=second)) == hour + timedelta(minutes=expected)


@pytest.mark.parametrize(
    ("size", "seconds", "expected"),
    [(1_000, 0.15, 1_000), (1_000, 0.3, 500), (1_000, 3.0, 500), (1_000, 0.01, 2_000), (4_000, 0.01, 5_000),
     (600, 9.0, 400)],
)  # fmt: skip
def test_portions_grow_and_shrink_with_the_time_they_take(size: int, seconds: float, expected: int) -> None:
    assert next_size(size, seconds) == expected


@pytest.mark.parametrize(("size", "seconds", "expected"), [(1_000, 0.16, 500), (500, 0.08, 250), (150, 9.0, 100)])
def test_portions_are_short_while_others_want_to_write(size: int, seconds: float, expected: int) -> None:
    assert next_short_size(size, seconds) == expected


def test_many_due_commissions_are_one_run_with_progress(sales: Selling) -> None:
    fill_due(sales, MANY, amount=100)
    sales.top_up(MANY * 100 - 1)
    seen: list[int] = []
    run = settling.settle_shop(
        sales.store.id, started_by="hand", by=SYSTEM, at=sales.at, tell=lambda run: seen.append(run.settled)
    )
    assert (run.status, run.expected, run.settled, run.left) == ("done", MANY, MANY - 1, 1)
    assert seen == sorted(seen)
    assert len(seen) > 3
    assert (sales.earned, sales.store_balance) == ((MANY - 1) * 100, 99)
