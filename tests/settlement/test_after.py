"""What follows from facts that become known after settlement; what is settled by hand (`SPEC §10`)."""

from itertools import permutations

import pytest
from sqlalchemy import select

from referrals.commissions.commission_list import CommissionList
from referrals.commissions.operations import SettledAlready, hand_over
from referrals.db import session
from referrals.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from referrals.ledger.operations import InsufficientBalance
from referrals.listing import Wish
from referrals.money import AmountTooLarge
from referrals.orders.facts import facts_of
from referrals.orders.queries import find_order
from referrals.people.rules import SYSTEM
from referrals.settlement.by_hand import NothingByHand, UnknownWay, WrongDirection, by_hand_settlements, settle_by_hand
from tests.making import Making
from tests.settlement.selling import Selling


def settled(sales: Selling, *amounts: int, **more: object) -> None:
    sales.done("1", *amounts, **more)  # type: ignore[arg-type]
    sales.top_up(100_000)
    sales.run()
    assert sales.commission("1").status == "settled"


def money(sales: Selling) -> tuple[int, int, int]:
    """What was clawed back, what the salesperson has, what is due by hand."""
    made = sales.commission("1")
    return made.clawed_back_minor, sales.earned, made.by_hand_due_minor


@pytest.mark.parametrize("rule", ["keep", "claw_back"])
@pytest.mark.parametrize(
    ("fact", "amount", "clawed"),
    [("refunded", 1, 0), ("refunded", 5, 0), ("refunded", 6, 1), ("refunded", 2_500, 250), ("refunded", 10_000, 1_000),
     ("refunded", 20_000, 1_000), ("cancelled", None, 1_000), ("cashback", 5_000, 0)],
)  # fmt: skip
def test_refunds_after_settlement_follow_the_rule(
    make: Making, rule: str, fact: str, amount: int | None, clawed: int
) -> None:
    sales = Selling(make, refunds_after_settlement=rule)
    settled(sales, 10_000)
    sales.event("1", fact, amount_minor=amount)
    moved = clawed if rule == "claw_back" else 0
    made = sales.commission("1")
    assert (made.status, made.amount_minor) == ("settled", 1_000)
    assert money(sales) == (moved, 1_000 - moved, 0)
    assert sales.store_balance == 99_000 + moved


@pytest.mark.parametrize("order", list(permutations([1_000, 3_333, 5_667])))
def test_clawbacks_add_up_whatever_the_order(clawing: Selling, order: tuple[int, ...]) -> None:
    settled(clawing, 10_000)
    for amount in order:
        clawing.refund("1", amount)
    assert money(clawing) == (1_000, 0, 0)


def test_a_refund_that_is_told_twice_claws_back_once(clawing: Selling) -> None:
    settled(clawing, 10_000)
    for _ in range(2):
        clawing.refund("1", 4_000, name="r1")
    assert money(clawing) == (400, 600, 0)


def test_a_clawback_may_leave_a_debt_that_later_commissions_pay(clawing: Selling) -> None:
    settled(clawing, 10_000)
    make_withdrawal(clawing, 900)
    clawing.refund("1", 10_000)
    assert clawing.earned == -900
    clawing.done("2", 20_000)
    clawing.run()
    assert clawing.earned == 1_100


def make_withdrawal(sales: Selling, amount: int) -> None:
    from referrals.settlement.withdrawals import request_withdrawal

    request_withdrawal(sales.anna, amount, by=SYSTEM, at=sales.at)
    session.commit()


def test_the_cashback_of_settlement_counts_in_a_clawback(clawing: Selling) -> None:
    clawing.group_buy(clawing.store, "spring", (1, 800), (3, 1_000))
    settled(clawing, 8_800, group_buy="spring")
    for name in ("2", "3"):
        clawing.order(name, 8_800, group_buy="spring")
    clawing.refund("1", 800)
    made = clawing.commission("1")
    assert (made.amount_minor, made.clawed_back_minor, made.cashback_minor) == (800, 80, 800)


def test_an_entry_of_a_clawback_moves_from_the_salesperson_to_the_store(clawing: Selling) -> None:
    settled(clawing, 10_000)
    clawing.refund("1", 5_000)
    made = clawing.commission("1")
    rows = session.execute(
        select(LedgerAccount.kind, LedgerPosting.amount_minor)
        .join(LedgerPosting, LedgerPosting.account_id == LedgerAccount.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerEntry.reference == f"clawback:{made.id}:500")
    )
    assert sorted(tuple(row) for row in rows) == [("salesperson", -500), ("store", 500)]


# Amended after settlement


@pytest.mark.parametrize("rule", ["keep", "claw_back"])
@pytest.mark.parametrize(("lines", "due"), [((30_000,), 2_000), ((4_000,), -600), ((10_000,), 0)])
def test_an_amendment_after_settlement_goes_by_hand(make: Making, rule: str, lines: tuple[int, ...], due: int) -> None:
    sales = Selling(make, refunds_after_settlement=rule)
    settled(sales, 10_000)
    sales.amend("1", *lines)
    assert money(sales) == (0, 1_000, due)


def test_amendment_and_clawback_do_not_count_twice(clawing: Selling) -> None:
    settled(clawing, 10_000)
    clawing.amend("1", 30_000)
    clawing.refund("1", 4_000)
    assert money(clawing) == (400, 600, 2_000)
    settle_by_hand(clawing.commission("1"), 2_000, paid_from="balance", by=SYSTEM, at=clawing.at)
    session.commit()
    assert money(clawing) == (400, 2_600, 0)
    clawing.refund("1", 10_000)
    assert money(clawing) == (1_000, 2_000, -400)


def test_with_keep_a_refund_after_settlement_and_an_amendment_differ_by_the_amendment_alone(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.refund("1", 1_000)
    sales.top_up(5_000)
    sales.run()
    sales.refund("1", 5_000)
    sales.amend("1", 20_000)
    assert money(sales) == (0, 900, 1_000)


def test_an_amendment_before_settlement_counts(sales: Selling) -> None:
    sales.done("1", 10_000)
    sales.amend("1", 5_000, 2_000)
    sales.top_up(5_000)
    sales.run()
    assert money(sales) == (0, 700, 0)


# Collected by the merchant


@pytest.mark.parametrize("rule", ["keep", "claw_back"])
@pytest.mark.parametrize(("fact", "amount", "due"), [("refunded", 4_000, -400), ("cancelled", None, -1_000)])
def test_collected_by_the_merchant_nothing_moves_by_itself(
    make: Making, rule: str, fact: str, amount: int | None, due: int
) -> None:
    sales = Selling(make, refunds_after_settlement=rule)
    settled(sales, 10_000, collected_by="merchant")
    sales.event("1", fact, amount_minor=amount)
    assert money(sales) == (0, 1_000, due)


def test_without_a_refund_it_settles_like_any_other(sales: Selling) -> None:
    settled(sales, 10_000, collected_by="merchant")
    assert money(sales) == (0, 1_000, 0)


def test_a_refund_before_settlement_puts_it_on_the_list_that_follows_later_ones(sales: Selling) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.top_up(5_000)
    assert sales.refund("1", 4_000).status == "by_hand"
    assert sales.run().settled == 0
    made = sales.refund("1", 1_000)
    assert (made.amount_minor, made.suggested_minor, made.by_hand_due_minor) == (500, 500, 500)
    assert (sales.refund("1", 5_000).status, sales.commission("1").reason) == ("void", "refunded")


@pytest.mark.parametrize(("way", "store", "earned"), [("balance", 4_450, 550), ("outside", 5_000, 0)])
def test_what_was_agreed_on_is_recorded_and_booked(sales: Selling, way: str, store: int, earned: int) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.refund("1", 4_000)
    sales.top_up(5_000)
    settle_by_hand(sales.commission("1"), 550, paid_from=way, note="by phone", by=SYSTEM, at=sales.at)
    session.commit()
    made = sales.commission("1")
    assert (made.status, made.amount_minor, made.suggested_minor, made.by_hand_due_minor) == ("settled", 550, 600, 0)
    assert (sales.store_balance, sales.earned, made.run_id) == (store, earned, None)
    (kept,) = by_hand_settlements(made)
    assert (kept.suggested_minor, kept.amount_minor, kept.paid_from, kept.note) == (600, 550, way, "by phone")
    sums = session.scalars(select(LedgerPosting.amount_minor).join(LedgerEntry).where(LedgerEntry.kind == "by_hand"))
    assert sum(sums) == 0


def test_after_that_a_further_refund_is_the_difference_to_what_was_suggested(sales: Selling) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.refund("1", 4_000)
    settle_by_hand(sales.commission("1"), 550, paid_from="outside", by=SYSTEM, at=sales.at)
    session.commit()
    assert sales.refund("1", 1_000).by_hand_due_minor == -100
    settle_by_hand(sales.commission("1"), -100, paid_from="balance", by=SYSTEM, at=sales.at)
    session.commit()
    assert (sales.store_balance, sales.earned) == (100, -100)
    assert sales.commission("1").by_hand_due_minor == 0


@pytest.mark.parametrize("way", ["balance", "outside"])
def test_nobody_gives_back_by_hand_more_than_they_received(sales: Selling, way: str) -> None:
    settled(sales, 10_000, collected_by="merchant")
    sales.refund("1", 4_000)
    with pytest.raises(AmountTooLarge):
        settle_by_hand(sales.commission("1"), -1_001, paid_from=way, by=SYSTEM, at=sales.at)
    session.rollback()
    assert money(sales) == (0, 1_000, -400)
    settle_by_hand(sales.commission("1"), -1_000, paid_from="balance", by=SYSTEM, at=sales.at)
    session.commit()
    sales.refund("1", 6_000)
    with pytest.raises(AmountTooLarge):
        settle_by_hand(sales.commission("1"), -1, paid_from=way, by=SYSTEM, at=sales.at)


@pytest.mark.parametrize(
    ("amount", "way", "broken"),
    [(-1, "outside", WrongDirection), (1, "cash", UnknownWay), (700, "balance", InsufficientBalance)],
)
def test_what_cannot_be_agreed_on_changes_nothing(
    sales: Selling, amount: int, way: str, broken: type[Exception]
) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.refund("1", 4_000)
    sales.top_up(699)
    with pytest.raises(broken):
        settle_by_hand(sales.commission("1"), amount, paid_from=way, by=SYSTEM, at=sales.at)
    session.rollback()
    assert (sales.commission("1").status, sales.store_balance, sales.earned) == ("by_hand", 699, 0)


def test_nothing_is_settled_by_hand_that_settles_by_itself(sales: Selling) -> None:
    sales.done("1", 10_000)
    with pytest.raises(NothingByHand):
        settle_by_hand(sales.commission("1"), 5, paid_from="outside", by=SYSTEM, at=sales.at)


def test_agreed_on_nothing_books_nothing(sales: Selling) -> None:
    sales.done("1", 10_000, collected_by="merchant")
    sales.refund("1", 4_000)
    settle_by_hand(sales.commission("1"), 0, paid_from="outside", by=SYSTEM, at=sales.at)
    session.commit()
    assert (sales.commission("1").status, session.scalar(select(LedgerEntry.id))) == ("settled", None)


# Group-buys


@pytest.mark.parametrize(("orders", "amount"), [(2, 880), (3, 850), (4, 850), (5, 800), (9, 800), (10, 780)])
def test_the_tier_reached_at_settlement_counts(sales: Selling, orders: int, amount: int) -> None:
    sales.group_buy(sales.store, "spring", (3, 300), (5, 800), (10, 1_000))
    sales.done("1", 8_800, group_buy="spring")
    for number in range(2, orders + 1):
        sales.order(str(number), 8_800, group_buy="spring")
    sales.top_up(10_000)
    sales.run()
    made = sales.commission("1")
    assert (made.amount_minor, made.counted_orders) == (amount, orders)
    for number in range(11, 21):
        sales.order(str(number), 8_800, group_buy="spring")
    assert sales.commission("1").amount_minor == amount


def test_the_tiers_in_the_books_at_the_run_count(sales: Selling) -> None:
    sales.group_buy(sales.store, "spring", (1, 300))
    sales.done("1", 8_800, group_buy="spring")
    sales.group_buy(sales.store, "spring", (1, 800))
    sales.top_up(10_000)
    sales.run()
    made = sales.commission("1")
    assert (made.amount_minor, made.cashback_minor, made.base_minor) == (800, 800, 8_000)


def test_cashback_that_was_paid_counts_in_place_of_the_tier(sales: Selling) -> None:
    sales.group_buy(sales.store, "spring", (1, 300))
    sales.done("1", 8_800, group_buy="spring")
    sales.event("1", "cashback", amount_minor=500)
    sales.event("1", "cashback", amount_minor=300)
    sales.top_up(10_000)
    sales.run()
    made = sales.commission("1")
    assert (made.amount_minor, made.cashback_minor, made.counted_orders) == (800, 800, None)


def test_a_run_as_of_counts_the_orders_of_then(sales: Selling) -> None:
    sales.group_buy(sales.store, "spring", (1, 300), (2, 800))
    sales.done("1", 8_800, group_buy="spring", completed_ago=10)
    sales.order("2", 8_800, group_buy="spring", days_ago=3)
    assert sales.commission("1").amount_minor == 800
    sales.top_up(10_000)
    sales.run(days_ago=5)
    made = sales.commission("1")
    assert (made.amount_minor, made.counted_orders, made.cashback_minor) == (850, 1, 300)


def test_cashback_above_the_goods_leaves_nothing(sales: Selling) -> None:
    sales.group_buy(sales.store, "spring", (1, 10_000))
    sales.done("1", 8_800, group_buy="spring")
    sales.run()
    assert sales.states("1") == [("void", "zero")]


# Handed over, and listed


def test_a_settled_commission_stays_with_its_salesperson(sales: Selling) -> None:
    settled(sales, 10_000)
    order = find_order(sales.store.id, "1")
    assert order is not None
    with pytest.raises(SettledAlready):
        hand_over(facts_of(order), None, at=sales.at)


def test_a_pending_commission_follows_its_order(sales: Selling) -> None:
    sales.done("1", 10_000)
    bela = sales.salesperson(sales.store)
    order = find_order(sales.store.id, "1")
    assert order is not None
    hand_over(facts_of(order), bela.id, at=sales.at)
    session.commit()
    assert sales.commission("1").salesperson_id == bela.id
    assert hand_over(facts_of(order), None, at=sales.at) is None


@pytest.mark.parametrize(
    ("filters", "orders"),
    [({}, "4321"), ({"status": "pending"}, "2"), ({"status": "settled"}, "41"), ({"status": "by_hand"}, "43"),
     ({"state": "by_hand"}, "3"), ({"by_hand_due": "true"}, "43"), ({"order": "1"}, "1"), ({"salesperson": "7"}, ""),
     ({"reason": "insufficient_balance"}, "2")],
)  # fmt: skip
def test_commissions_are_listed_by_what_they_wait_for(sales: Selling, filters: dict[str, str], orders: str) -> None:
    sales.done("1", 10_000)
    sales.done("2", 900_000)
    sales.done("3", 10_000, collected_by="merchant")
    sales.done("4", 10_000, collected_by="merchant")
    sales.refund("3", 1_000)
    sales.top_up(5_000)
    sales.run()
    sales.refund("4", 1_000)
    merchant = sales.merchant(sales.store)
    found = CommissionList(merchant, sales.store, Wish(filters=filters)).slice()
    assert "".join(row.order_key for row in found.rows) == orders
    assert found.total == len(orders)


def test_others_see_nothing_of_them(sales: Selling) -> None:
    sales.done("1", 10_000)
    other = sales.shop()
    stranger, own = sales.merchant(other), sales.seller(sales.anna)
    assert CommissionList(stranger, sales.store, Wish()).count() == 0
    assert CommissionList(own, None, Wish()).count() == 1
    assert CommissionList(sales.seller(sales.salesperson(sales.store)), None, Wish()).count() == 0
