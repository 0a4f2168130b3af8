"""JSON read strictly: no NaN, no doubled keys, decimals exact, no depth without end (`PROMISES`, faults)."""

import json
from decimal import Decimal
from typing import Any

LONGEST_NUMBER = 30


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def read_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(digits)


def read_decimal(written: str) -> Decimal:
    # Without a bound on the exponent `1e3000000` is twelve bytes that take minutes to become an integer.
    try:
        number = Decimal(written)
    except ArithmeticError:
        raise ValueError("a number is out of bounds") from None
    if len(written) > LONGEST_NUMBER or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError("a number is out of bounds")
    return number


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def read_json(content: str | bytes) -> Any:
    """The value that a text is; raises ValueError for everything that is not exactly one."""
    try:
        text = content.decode() if isinstance(content, bytes) else content
        found = json.loads(
            text,
            parse_int=read_int,
            parse_float=read_decimal,
            parse_constant=refuse_constant,
            object_pairs_hook=without_doubles,
        )
        json.dumps(found, ensure_ascii=False, default=str).encode()  # halves of characters cannot be written
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found
