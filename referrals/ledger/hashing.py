"""The hash of an entry: it covers the one before and everything that the entry says, but no person and no row's id."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring as quoted


def moment_text(at: datetime) -> str:
    """A moment as it is hashed: UTC with microseconds, `2026-11-23T09:00:00.000000+00:00`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def entry_hash(
    previous: str,
    seq: int,
    kind: str,
    reference: str,
    about: str,
    moment: str,
    currency: str,
    corrects: str,
    postings: Sequence[tuple[str, int, int]],
) -> str:
    """SHA-256 of the hash before and the entry as JSON without spaces; postings are (kind, holder, minor), sorted.

    `corrects` is a reference, `moment` as `moment_text` writes it. The JSON is spelled out: a million times it counts.
    """
    moves = ",".join([f"[{quoted(name)},{holder},{minor}]" for name, holder, minor in sorted(postings)])
    said = (
        f"{previous}[{seq},{quoted(kind)},{quoted(reference)},{quoted(about)},{quoted(moment)},"
        f"{quoted(currency)},{quoted(corrects)},[{moves}]]"
    )
    return sha256(said.encode()).hexdigest()
