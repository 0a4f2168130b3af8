"""What the API reads and writes as JSON; reading is strict."""

from typing import Any

from flask.json.provider import DefaultJSONProvider

from referrals.strict_json import read_json


class StrictJSON(DefaultJSONProvider):
    """What the API reads and writes."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """The value; raises ValueError for everything that is not exactly one."""
        return read_json(s)
