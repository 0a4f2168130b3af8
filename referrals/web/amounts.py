"""Amounts as people type them, in the signs of their language."""

from decimal import Decimal

from babel.numbers import NumberFormatError, get_decimal_symbol, get_group_symbol, parse_decimal
from flask_babel import get_locale

from referrals.errors import RuleBroken
from referrals.money import Money, parse, plain
from referrals.wording import N_

UNREADABLE = "?"
# Percentages have two decimals, like the amounts of this currency.
A_HUNDREDTH = "XXX"


class NotAPercentage(RuleBroken):
    """The text is no percentage with at most two decimals."""

    sentence = N_("Write a percentage with at most two decimals, like 12.50.")


def plain_amount(typed: str) -> str:
    """`1.250,50` typed in Turkish as `1250.50`; empty stays empty, anything else becomes UNREADABLE.

    Strict: a point that the language uses for thousands is not taken for decimals, nor the other way round.
    """
    text = typed.strip()
    if not text:
        return ""
    if not all(letter in "0123456789 .,-\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}'’" for letter in text):
        return UNREADABLE
    if get_group_symbol(get_locale()).isspace():
        text = "".join(text.split())
    try:
        found = parse_decimal(text, locale=get_locale(), strict=True)
    except (NumberFormatError, ValueError):
        return UNREADABLE
    return format(found, "f") if isinstance(found, Decimal) and found.is_finite() else UNREADABLE


def written_amount(minor: int | None, currency: str) -> str:
    """An amount as it stands in a field, to be read again by `plain_amount`."""
    if minor is None:
        return ""
    return plain(Money(minor, currency)).replace(".", get_decimal_symbol(get_locale()))


def basis_points(typed: str) -> int:
    """A rate in percent as basis points: `12.5` and `12.5 %` are 1250. Raises NotAPercentage."""
    try:
        return parse(plain_amount(typed.replace("%", "").replace("٪", "")), A_HUNDREDTH).minor
    except RuleBroken:
        raise NotAPercentage from None


def written_percentage(bp: int | None) -> str:
    """Basis points as they stand in a field."""
    return written_amount(bp, A_HUNDREDTH)
