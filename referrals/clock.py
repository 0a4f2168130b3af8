"""The present moment; read once at the outermost layer and passed down as `at=`."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment in UTC, to the microsecond."""
    return datetime.now(UTC)
