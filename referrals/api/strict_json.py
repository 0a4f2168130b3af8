"""JSON read strictly: no NaN, no doubled keys, decimals exact, no depth without end (`PROMISES`, faults)."""

import json
from decimal import Decimal
from typing import Any

from flask.json.provider import DefaultJSONProvider

LONGEST_NUMBER = 30


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def read_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(digits)


def read_decimal(written: str) -> Decimal:
    # Without a bound on the exponent `1e3000000` is twelve bytes that take minutes to become an integer.
    number = Decimal(written)
    if len(written) > LONGEST_NUMBER or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError("a number is out of bounds")
    return number


def without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


class StrictJSON(DefaultJSONProvider):
    """What the API reads and writes."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """The value; raises ValueError for everything that is not exactly one."""
        try:
            text = s.decode() if isinstance(s, bytes) else s
            found = json.loads(
                text,
                parse_int=read_int,
                parse_float=read_decimal,
                parse_constant=refuse_constant,
                object_pairs_hook=without_doubles,
            )
            json.dumps(found, ensure_ascii=False, default=str).encode()  # halves of characters cannot be written
            return found
        except RecursionError:
            raise ValueError("nested too deeply") from None
