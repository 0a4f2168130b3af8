"""Amounts as people type them, in the signs of their language."""

from decimal import Decimal

from babel.numbers import NumberFormatError, get_group_symbol, parse_decimal
from flask_babel import get_locale

UNREADABLE = "?"


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
