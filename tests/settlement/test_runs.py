"""Runs: who is settled, who waits and why; as of now and as of a past moment (`SPEC §9`)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from referrals.commissions.operations import hold_back, release
from referrals.db import session
from referrals.errors import NotAllowed
from referrals.ledger.models import LedgerCheck, LedgerEntry
from referrals.people.rules import SYSTEM, Actor
from referrals.settlement import booking
from referrals.settlement.balance import outlook
from referrals.settlement.models import SettlementRun
from referrals.settlement.runs import BooksInDoubt, NotYet, settle_portion, start_run
from referrals.settling import settle_shop
from tests.settlement.selling import DAY, Selling


def test_a_commission_is_pending_from_the_moment_the_order_comes(sales: Selling) -> None:
    made = sales.order("1", 8800, paid_at=None)
    assert (made.status, made.reason, made.amount_minor, made.due_at) == ("pending", "waiting", 880, None)


def test_what_is_due_moves_from_the_store_to_the_salesperson(sales: Selling) -> None:
    sales.done("1", 8800)
    sales.top_up(1000)
    run = sales.run()
    made = sales.commission("1")
    assert (made.status, made.reason, made.amount_minor, made.run_id) == ("settled", None, 880, run.id)
    assert made.settled_at is not None
    assert made.settled_at >= sales.at
    assert (sales.store_balance, sales.earned) == (120, 880)
    assert (run.status, run.settled, run.settled_minor, run.left, run.void) == ("done", 1, 880, 0, 0)


@pytest.mark.parametrize(
    ("days", "facts", "is_due"),
    [
        (7, {"shipped_at": -7}, True),
        (7, {"shipped_at": -6.99}, False),
        (7, {"completed_at": -1}, True),
        (7, {"completed_at": -1, "paid_at": None}, False),
        (7, {"shipped_at": -8, "paid_at": None}, False),
        (7, {"requires_shipping": False, "paid_at": -7}, True),
        (7, {"requires_shipping": False, "paid_at": -6}, False),
        (7, {}, False),
        (0, {"shipped_at": 0}, True),
        (7, {"shipped_at": -20, "paid_at": -1}, True),
    ],
)
def test_when_a_commission_is_due(sales: Selling, days: int, facts: dict[str, object], is_due: bool) -> None:
    sales.settings(sales.store, completion_days=days, effective_at=sales.make.later(days=-399))
    times = {
        key: sales.at + value * DAY if isinstance(value, int | float) and key.endswith("_at") else value
        for key, value in facts.items()
    }  # type: ignore[operator]
    sales.order("1", **times)
    sales.top_up(100_000)
    assert sales.run().settled == int(is_due)


def test_a_large_one_never_blocks_small_ones(sales: Selling) -> None:
    for number, amount in enumerate([50_000, 10_000, 90_000, 20_000, 10], 1):
        sales.done(str(number), amount, completed_ago=20 - number)
    sales.top_up(3_001)
    run = sales.run()
    waits, settled = ("pending", "insufficient_balance"), ("settled", None)
    assert sales.states("1", "2", "3", "4", "5") == [waits, settled, waits, settled, settled]
    assert (run.settled, run.settled_minor, run.left, sales.store_balance) == (3, 3_001, 2, 0)


def test_the_oldest_is_served_first_and_ties_go_by_order_id(sales: Selling) -> None:
    for name, ago in [("b", 5), ("a", 5), ("B", 5), ("z", 6)]:
        sales.done(name, 10_000, completed_ago=ago)
    sales.top_up(2_000)
    sales.run()
    assert [state for state, _ in sales.states("z", "B", "a", "b")] == ["settled", "settled", "pending", "pending"]


def test_topping_up_the_shortfall_settles_exactly_the_list(sales: Selling) -> None:
    for number, amount in enumerate([50_005, 10_015, 333], 1):
        sales.done(str(number), amount)
    sales.order("later", 70_000)
    sales.top_up(40)
    sales.run()
    before = outlook(sales.store, at=sales.at)
    assert (before.balance, before.due, before.shortfall, before.due_count) == (7, 6_003, 5_996, 2)
    assert before.pending == 6_003 + 7_000
    sales.top_up(before.shortfall)
    assert sales.run().settled == 2
    assert (sales.store_balance, outlook(sales.store, at=sales.at).due) == (0, 0)
    assert sales.states("later") == [("pending", "waiting")]


def test_one_less_than_the_shortfall_leaves_one(sales: Selling) -> None:
    for number in range(3):
        sales.done(str(number), 10_000)
    sales.top_up(outlook(sales.store, at=sales.at).shortfall - 1)
    assert (sales.run().settled, sales.store_balance) == (2, 999)


def test_zero_commissions_become_void(sales: Selling) -> None:
    sales.done("1", 4)
    run = sales.run()
    assert (sales.states("1"), run.void, run.settled) == ([("void", "zero")], 1, 0)


@pytest.mark.parametrize(("type_", "reason"), [("cancelled", "cancelled"), ("refunded", "refunded")])
def test_what_was_cancelled_or_refunded_is_void(sales: Selling, type_: str, reason: str) -> None:
    sales.done("1", 10_000)
    sales.event("1", type_, amount_minor=10_000 if type_ == "refunded" else None)
    sales.top_up(5_000)
    assert (sales.run().settled, sales.states("1")) == (0, [("void", reason)])


def test_a_refund_between_completion_and_settlement_counts(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.refund("1", 2_500)
    sales.top_up(5_000)
    sales.run()
    assert (sales.commission("1").amount_minor, sales.earned) == (750, 750)


def test_what_was_void_is_taken_up_when_an_amendment_leaves_something(sales: Selling) -> None:
    sales.done("1", 10_000)
    assert sales.refund("1", 10_000, days_ago=3).status == "void"
    made = sales.amend("1", 30_000)
    assert (made.status, made.reason, made.amount_minor) == ("pending", "waiting", 2_000)


def test_a_held_one_stays_and_is_not_in_the_forecast(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.done("2", 20_000)
    sales.top_up(10_000)
    hold_back(sales.commission("1"), "Buyer complains", by=SYSTEM, at=sales.at)
    session.commit()
    assert outlook(sales.store, at=sales.at).due == 2_000
    assert (sales.run().settled, sales.states("1", "2")) == (1, [("pending", "held"), ("settled", None)])
    assert sales.refund("1", 5_000).reason == "held"
    release(sales.commission("1"), by=SYSTEM, at=sales.at)
    session.commit()
    sales.run()
    assert (sales.states("1"), sales.earned) == ([("settled", None)], 2_500)


def test_a_run_twice_pays_once(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(10_000)
    assert [sales.run().settled, sales.run().settled] == [1, 0]
    assert sales.earned == 1_000


def test_a_failed_one_keeps_its_error_and_the_others_go_on(sales: Selling, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        sales.done(str(number), 10_000)
    sales.top_up(10_000)
    bad = sales.commission("2").id
    post = booking.post_entries

    def fails(owner, drafts):  # type: ignore[no-untyped-def]
        if any(draft.about == f"commission:{bad}" for draft in drafts):
            raise ValueError("a fault")
        return post(owner, drafts)

    with monkeypatch.context() as patch:
        patch.setattr(booking, "post_entries", fails)
        run = sales.run()
    assert (run.settled, run.failed, run.left, run.status) == (4, 1, 1, "done")
    assert (sales.states("2"), sales.commission("2").error) == ([("pending", "failed")], "ValueError: a fault")
    assert sales.earned == 4_000
    sales.run()
    assert (sales.states("2"), sales.commission("2").error, sales.earned) == ([("settled", None)], "", 5_000)


def test_portions_share_one_order_and_one_balance(sales: Selling) -> None:
    for number in range(7):
        sales.done(str(number), 10_000 if number != 3 else 40_000, completed_ago=20 - number)
    sales.top_up(6_000)
    run = start_run(sales.store, as_of=sales.at, started_by="hand", by=SYSTEM, at=sales.at)
    session.commit()
    place, portions = settle_portion(run.id, None, at=sales.at, size=2), 1
    session.commit()
    while place is not None:
        place = settle_portion(run.id, place, at=sales.at, size=2)
        session.commit()
        portions += 1
    assert (portions, run.settled, run.left, run.expected) == (4, 6, 1, 7)
    assert [state for state, _ in sales.states(*"0123456")] == ["settled"] * 3 + ["pending"] + ["settled"] * 3
    assert sales.earned == run.settled_minor


def test_a_run_that_stopped_half_way_is_taken_up_by_the_next(sales: Selling) -> None:
    for number in range(5):
        sales.done(str(number), 10_000)
    sales.top_up(5_000)
    dead = start_run(sales.store, as_of=sales.at, started_by="schedule", by=SYSTEM, at=sales.at)
    settle_portion(dead.id, None, at=sales.at, size=2)
    session.commit()
    later = sales.at + timedelta(minutes=6)
    assert sales.run(at=later).settled == 3
    session.expire_all()
    assert session.get_one(SettlementRun, dead.id).status == "stopped"
    assert sales.earned == 5_000


def test_no_run_starts_while_the_last_check_of_the_books_failed(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.top_up(5_000)
    session.add(LedgerCheck(at=sales.at, whole=True, ok=False, entries=1, postings=2, first_problem="hash of entry 1"))
    session.commit()
    with pytest.raises(BooksInDoubt):
        sales.run()
    session.rollback()
    assert sales.states("1") == [("pending", "waiting")]
    session.add(LedgerCheck(at=sales.at, whole=True, ok=True, entries=1, postings=2))
    session.commit()
    assert sales.run().settled == 1


def test_a_run_is_not_as_of_the_future(sales: Selling) -> None:
    with pytest.raises(NotYet):
        sales.run(days_ago=-1)


def test_who_has_no_business_with_money_starts_no_run(sales: Selling) -> None:
    with pytest.raises(NotAllowed):
        settle_shop(sales.store.id, started_by="hand", by=Actor(role="salesperson"), at=sales.at)


def test_each_settled_commission_has_one_entry_of_its_amount(sales: Selling) -> None:
    for number in range(4):
        sales.done(str(number), 10_000 + number * 10)
    sales.top_up(10_000)
    sales.run()
    for number in range(4):
        made = sales.commission(str(number))
        found = session.scalar(select(func.count()).where(LedgerEntry.reference == f"settlement:{made.id}"))
        assert found == 1


# As of a past moment


def test_a_run_as_of_a_moment_takes_what_was_due_then(sales: Selling) -> None:
    sales.done("old", completed_ago=10)
    sales.done("new", completed_ago=2)
    sales.top_up(10_000)
    run = sales.run(days_ago=5)
    assert (run.settled, sales.states("old", "new")) == (1, [("settled", None), ("pending", "waiting")])


def test_completed_exactly_at_the_moment_is_due(sales: Selling) -> None:
    sales.done("1", completed_ago=5)
    sales.top_up(10_000)
    assert sales.run(days_ago=5).settled == 1


@pytest.mark.parametrize("rule", ["keep", "claw_back"])
@pytest.mark.parametrize("fact", ["refunded", "cancelled"])
def test_what_happened_later_is_not_seen_and_follows_at_once(sales: Selling, rule: str, fact: str) -> None:
    sales.settings(sales.store, refunds_after_settlement=rule, effective_at=sales.make.later(days=-399))
    sales.done("1", 10_000, completed_ago=10)
    sales.event("1", fact, days_ago=2, amount_minor=10_000 if fact == "refunded" else None)
    assert sales.states("1") == [("void", fact)]
    sales.top_up(5_000)
    run = sales.run(days_ago=5)
    made = sales.commission("1")
    assert (run.settled, run.settled_minor, made.status, made.amount_minor) == (1, 1_000, "settled", 1_000)
    clawed = 1_000 if rule == "claw_back" else 0
    assert (made.clawed_back_minor, sales.earned, sales.store_balance) == (clawed, 1_000 - clawed, 4_000 + clawed)
    assert made.by_hand_due_minor == 0


def test_as_of_a_part_refund_later_is_clawed_back_from_the_whole(clawing: Selling) -> None:
    clawing.done("1", 10_000, completed_ago=10)
    clawing.refund("1", 1_000, days_ago=8)
    clawing.refund("1", 3_000, days_ago=2)
    clawing.top_up(5_000)
    clawing.run(days_ago=5)
    made = clawing.commission("1")
    assert (made.amount_minor, made.clawed_back_minor, clawing.earned) == (900, 300, 600)


def test_a_merchant_collected_refund_later_goes_by_hand(sales: Selling) -> None:
    sales.done("1", 10_000, completed_ago=10, collected_by="merchant")
    assert sales.refund("1", 4_000, days_ago=2).status == "by_hand"
    sales.top_up(5_000)
    sales.run(days_ago=5)
    made = sales.commission("1")
    assert (made.status, made.amount_minor, made.suggested_minor, made.by_hand_due_minor) == (
        "settled",
        1_000,
        600,
        -400,
    )
    assert sales.earned == 1_000


def test_as_of_with_too_little_balance_leaves_what_is_void_by_now(sales: Selling) -> None:
    sales.done("1", 10_000, completed_ago=10)
    sales.event("1", "cancelled", days_ago=2)
    run = sales.run(days_ago=5)
    assert (run.settled, run.left, sales.states("1")) == (0, 1, [("void", "cancelled")])


def test_as_of_the_present_balance_counts(sales: Selling) -> None:
    sales.done("1", 10_000, completed_ago=10)
    sales.top_up(999)
    assert sales.run(days_ago=5).settled == 0
    sales.top_up(1)
    assert sales.run(days_ago=5).settled == 1


def test_void_and_pending_are_taken_in_one_order_over_portions(sales: Selling) -> None:
    for number in range(8):
        sales.done(str(number), 10_000, completed_ago=20 - number)
        if number % 3 == 0:
            sales.event(str(number), "cancelled", days_ago=1)
    sales.top_up(5_000)
    run = start_run(sales.store, as_of=sales.at - 2 * DAY, started_by="hand", by=SYSTEM, at=sales.at)
    place = settle_portion(run.id, None, at=sales.at, size=3)
    while place is not None:
        place = settle_portion(run.id, place, at=sales.at, size=3)
    session.commit()
    assert (run.settled, run.left) == (5, 3)
    assert [state for state, _ in sales.states(*"01234567")] == [*["settled"] * 5, "pending", "void", "pending"]


def test_run_after_run_as_of_rising_moments_settles_all(clawing: Selling) -> None:
    for number in range(10):
        clawing.done(str(number), 10_000, completed_ago=20 - number)
        clawing.refund(str(number), 1_000, days_ago=20 - number - 3)
    clawing.top_up(100_000)
    for ago in range(21, -1, -1):
        clawing.run(days_ago=ago)
    assert (clawing.earned, clawing.store_balance) == (9_000, 91_000)
