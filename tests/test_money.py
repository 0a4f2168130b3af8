"""Money is whole numbers of minor units; reading and writing it loses nothing."""

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from referrals import money
from referrals.money import Money


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("88", "CNY", 8800),
        ("88.5", "CNY", 8850),
        ("88.05", "CNY", 8805),
        ("1500", "JPY", 1500),
        ("0.005", "KWD", 5),
        ("-3.20", "USD", -320),
        ("92233720368547758.07", "USD", 2**63 - 1),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: str, minor: int) -> None:
    assert money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "broken"),
    [
        ("1.5", "JPY", money.TooManyDecimals),
        ("1.0005", "KWD", money.TooManyDecimals),
        ("88.005", "CNY", money.TooManyDecimals),
        ("NaN", "USD", money.NotAnAmount),
        ("sNaN", "USD", money.NotAnAmount),
        ("1e3", "USD", money.NotAnAmount),
        ("1,000", "USD", money.NotAnAmount),
        ("", "USD", money.NotAnAmount),
        ("٣", "USD", money.NotAnAmount),
        ("92233720368547758.08", "USD", money.AmountTooLarge),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str, broken: type[Exception]) -> None:
    with pytest.raises(broken):
        money.parse(text, currency)


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(sorted(money.CURRENCIES)))
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    assert money.parse(money.plain(Money(minor, currency)), currency) == Money(minor, currency)


def test_amounts_are_written_with_exactly_the_decimals_of_the_currency() -> None:
    shown = [
        money.plain(Money(amount, code)) for amount, code in [(8800, "CNY"), (5, "KWD"), (1500, "JPY"), (-7, "USD")]
    ]
    assert shown == ["88.00", "0.005", "1500", "-0.07"]


def test_the_exponents_differ_from_the_unicode_data_only_where_that_leaves_iso() -> None:
    # CLDR counts these without the cents that ISO 4217 gives them, since nobody uses the coins any more.
    without_coins = set("AFN ALL IQD IRR KPW LAK LBP MGA MMK RSD SOS SYP YER".split())
    data = get_global("currency_fractions")
    differing = {code for code in money.CURRENCIES if data.get(code, data["DEFAULT"])[0] != money.decimals(code)}
    assert differing == without_coins


RATES = st.integers(0, money.WHOLE_BP)
AMOUNTS = st.integers(-money.LARGEST, money.LARGEST)


@pytest.mark.parametrize(
    ("minor", "rate_bp", "share"),
    [(100, 2000, 20), (2, 2500, 1), (-2, 2500, -1), (1, 4999, 0), (1, 5000, 1), (-1, 5000, -1), (7, 0, 0)],
)
def test_a_half_of_a_share_goes_away_from_zero(minor: int, rate_bp: int, share: int) -> None:
    assert money.share_of_rate(minor, rate_bp) == share


@given(AMOUNTS, RATES)
def test_a_share_is_within_half_a_unit_of_the_exact_one(minor: int, rate_bp: int) -> None:
    assert abs(2 * (money.share_of_rate(minor, rate_bp) * money.WHOLE_BP - minor * rate_bp)) <= money.WHOLE_BP


@given(AMOUNTS, RATES)
def test_a_share_below_zero_is_the_mirror_image(minor: int, rate_bp: int) -> None:
    assert money.share_of_rate(-minor, rate_bp) == -money.share_of_rate(minor, rate_bp)


@given(AMOUNTS, AMOUNTS, RATES)
def test_a_larger_amount_has_no_smaller_share(one: int, other: int, rate_bp: int) -> None:
    smaller, larger = sorted((one, other))
    assert money.share_of_rate(smaller, rate_bp) <= money.share_of_rate(larger, rate_bp)
