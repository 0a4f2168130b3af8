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
