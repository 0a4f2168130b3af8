"""JSON read strictly: no NaN, no doubled keys, decimals exact, no depth without end (`PROMISES`, faults)."""

import json
from decimal import Decimal
from typing import Any

from flask.json.provider import DefaultJSONProvider


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


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
                text, parse_float=Decimal, parse_constant=refuse_constant, object_pairs_hook=without_doubles
            )
            json.dumps(found, ensure_ascii=False, default=str).encode()  # halves of characters cannot be written
            return found
        except RecursionError:
            raise ValueError("nested too deeply") from None
