"""The hash of an entry: it covers the one before and everything that the entry says, but no person and no row's id."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def entry_hash(
    previous: str,
    seq: int,
    kind: str,
    reference: str,
    about: str,
    at: datetime,
    currency: str,
    corrects: str,
    postings: Sequence[tuple[str, int, int]],
) -> str:
    """SHA-256 of the hash before and the entry; `corrects` is a reference, `postings` are (kind, holder, minor)."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    said = canonical([seq, kind, reference, about, moment, currency, corrects, sorted(postings)])
    return sha256((previous + said).encode()).hexdigest()
