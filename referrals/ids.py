"""Ids that tell nothing: they grow with time, and nobody can count or guess by them what others have (P13)."""

import secrets
import time
from threading import Lock

EPOCH_MS = 1_577_836_800_000  # 2020-01-01
RANDOM_BITS = 22
_lock = Lock()
_last = 0


def new_id() -> int:
    """A number of at most 63 bits, greater than every one this process made before: milliseconds, then chance."""
    global _last
    moment = (time.time_ns() // 1_000_000 - EPOCH_MS) << RANDOM_BITS
    with _lock:
        _last = max(moment | secrets.randbits(RANDOM_BITS), _last + 1 + secrets.randbits(8))
        return _last
