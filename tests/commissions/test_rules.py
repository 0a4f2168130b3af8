"""The arithmetic of a commission: truth tables, and what holds for every order (`SPEC §8`, P3)."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals import money
from referrals.commissions.rules import Goods, Line, Refund, cashback_of, commission, goods_of

TIERS = ((3, 300), (5, 800), (10, 1000))


def whole(amount: int) -> Refund:
    return Refund(amount)


def of_line(line_id: str, amount: int) -> Refund:
    return Refund(amount, ((line_id, amount),))


@pytest.mark.parametrize(
    ("orders", "cashback"), [(0, 0), (2, 0), (3, 300), (4, 300), (5, 800), (9, 800), (10, 1000), (99, 1000)]
)
def test_the_highest_tier_reached_counts(orders: int, cashback: int) -> None:
    assert cashback_of(TIERS, orders) == cashback
    assert cashback_of(TIERS[::-1], orders) == cashback


def test_a_campaign_without_tiers_gives_no_cashback() -> None:
    assert cashback_of((), 5) == 0


@pytest.mark.parametrize(
    ("orders", "base", "amount"),
    [(2, 8800, 880), (3, 8500, 850), (4, 8500, 850), (5, 8000, 800), (9, 8000, 800), (10, 7800, 780)],
)
def test_the_group_buy_of_the_source_and_its_neighbours(orders: int, base: int, amount: int) -> None:
    result = commission([Line("1", 8800, 1000)], [], cashback_of(TIERS, orders))
    assert (result.base, result.amount) == (base, amount)


def test_88_less_8_of_cashback_at_ten_percent_is_8() -> None:
    result = commission([Line("1", 8800, 1000)], [], 800)
    assert money.plain(money.Money(result.amount, "CNY")) == "8.00"
    assert Fraction(result.numerator, result.denominator) == 800


@pytest.mark.parametrize(
    ("refunds", "goods"),
    [
        ([], Goods((100, 50), 0, 150, 150, 0)),
        ([whole(30)], Goods((100, 50), 30, 150, 120, 0)),
        ([of_line("a", 30)], Goods((70, 50), 0, 120, 120, 0)),
        ([of_line("a", 100), of_line("b", 50)], Goods((0, 0), 0, 0, 0, 0)),
        ([of_line("a", 110)], Goods((0, 50), 10, 50, 40, 0)),
        ([of_line("a", 60), of_line("a", 60)], Goods((0, 50), 20, 50, 30, 0)),
        ([of_line("unknown", 10)], Goods((100, 50), 10, 150, 140, 0)),
        ([whole(150)], Goods((100, 50), 150, 150, 0, 0)),
        ([whole(151)], Goods((100, 50), 151, 150, 0, 1)),
        ([of_line("a", 100), whole(70)], Goods((0, 50), 70, 50, 0, 20)),
        ([Refund(40, (("a", 30),))], Goods((70, 50), 10, 120, 110, 0)),
        ([Refund(0)], Goods((100, 50), 0, 150, 150, 0)),
    ],
)
def test_what_refunds_leave(refunds: list[Refund], goods: Goods) -> None:
    assert goods_of([Line("a", 100, 1000), Line("b", 50, 1000)], refunds) == goods


def test_a_line_id_that_comes_twice_is_taken_from_one_after_the_other() -> None:
    assert goods_of([Line("a", 100, 1000), Line("a", 50, 1000)], [of_line("a", 120)]).left == (0, 30)


@pytest.mark.parametrize(
    ("amount", "rate", "earned"),
    [
        (4, 1000, 0),
        (5, 1000, 1),
        (14, 1000, 1),
        (15, 1000, 2),
        (1, 5000, 1),
        (1, 4999, 0),
        (100, 0, 0),
        (0, 9000, 0),
        (1, 9000, 1),
        (10**15, 9000, 9 * 10**14),
    ],
)
def test_the_result_is_rounded_half_up(amount: int, rate: int, earned: int) -> None:
    assert commission([Line("1", amount, rate)], [], 0).amount == earned


def test_only_the_result_is_rounded() -> None:
    lines = [Line(str(number), 5, 1000) for number in range(3)]
    assert commission(lines, [], 0).amount == 2  # 1.5, where each line by itself would round to 1


@pytest.mark.parametrize(
    ("currency", "goods", "earned"), [("JPY", "88", "9"), ("CNY", "88.00", "8.80"), ("KWD", "88.005", "8.801")]
)
def test_currencies_have_their_own_decimals(currency: str, goods: str, earned: str) -> None:
    minor = money.parse(goods, currency).minor
    amount = commission([Line("1", minor, 1000)], [], 0).amount
    assert money.plain(money.Money(amount, currency)) == earned


def test_a_small_order_keeps_every_rule_exhaustively() -> None:
    """Two lines of up to 3, refunds of each and of the whole up to 4, cashback up to 3, three rates."""
    for first, second, of_first, of_second, rest, cashback in product(
        range(4), range(4), range(5), range(5), range(5), range(4)
    ):
        lines = [Line("a", first, 900), Line("b", second, 5000)]
        refunds = [of_line("a", of_first), of_line("b", of_second), whole(rest)]
        result = commission(lines, refunds, cashback)
        left = [max(0, first - of_first), max(0, second - of_second)]
        over = max(0, of_first - first) + max(0, of_second - second) + rest
        base = max(0, max(0, sum(left) - over) - cashback)
        exact = Fraction(base * (left[0] * 900 + left[1] * 5000), 10_000 * sum(left)) if sum(left) else Fraction(0)
        assert result.base == base
        assert result.amount == int(exact + Fraction(1, 2))
        assert Fraction(result.numerator, result.denominator) == exact
        assert commission(lines, refunds[::-1], cashback).amount == result.amount
        assert commission(lines, [*refunds, of_line("a", 1)], cashback).amount <= result.amount
        assert commission(lines, [*refunds, whole(1)], cashback).amount <= result.amount


amounts = st.integers(0, 10**7)
lines_of_orders = st.lists(st.tuples(amounts, st.integers(0, 9000)), min_size=1, max_size=5).map(
    lambda pairs: [Line(str(number), amount, rate) for number, (amount, rate) in enumerate(pairs)]
)
some_refunds = st.lists(
    st.one_of(amounts.map(whole), st.tuples(st.integers(0, 6).map(str), amounts).map(lambda pair: of_line(*pair))),
    max_size=6,
)


@given(lines_of_orders, some_refunds, amounts, st.randoms())
def test_the_order_of_refunds_makes_no_difference(
    lines: list[Line], refunds: list[Refund], cashback: int, chance
) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(refunds)
    chance.shuffle(shuffled)
    assert commission(lines, refunds, cashback) == commission(lines, shuffled, cashback)


@given(lines_of_orders, some_refunds, amounts)
def test_a_refund_never_raises_it(lines: list[Line], refunds: list[Refund], cashback: int) -> None:
    earned = [commission(lines, refunds[:count], cashback).amount for count in range(len(refunds) + 1)]
    assert earned == sorted(earned, reverse=True)


@given(lines_of_orders, some_refunds, amounts, amounts)
def test_cashback_never_raises_it(lines: list[Line], refunds: list[Refund], less: int, more: int) -> None:
    less, more = sorted([less, more])
    assert commission(lines, refunds, more).amount <= commission(lines, refunds, less).amount


@given(lines_of_orders, some_refunds, amounts)
def test_nothing_is_earned_when_all_is_refunded(lines: list[Line], refunds: list[Refund], cashback: int) -> None:
    total = sum(line.amount for line in lines)
    each = [of_line(line.id, line.amount) for line in lines]
    assert commission(lines, [*refunds, whole(total)], cashback).amount == 0
    assert commission(lines, [*refunds, *each], cashback).amount == 0


@given(lines_of_orders, some_refunds, amounts)
def test_it_is_the_exact_fraction_rounded_once(lines: list[Line], refunds: list[Refund], cashback: int) -> None:
    result = commission(lines, refunds, cashback)
    exact = Fraction(result.numerator, result.denominator)
    assert abs(result.amount - exact) <= Fraction(1, 2)
    assert 0 <= result.amount <= sum(line.amount for line in lines)


@given(lines_of_orders, some_refunds)
def test_what_is_left_and_what_was_refunded_sum_to_the_order(lines: list[Line], refunds: list[Refund]) -> None:
    goods = goods_of(lines, refunds)
    refunded = sum(refund.amount for refund in refunds)
    assert goods.sold + refunded - goods.excess == sum(line.amount for line in lines)
