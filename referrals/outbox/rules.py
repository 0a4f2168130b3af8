"""The kinds of notification (`SPEC §2`), and when a mail is tried again. Pure values."""

from datetime import timedelta

KINDS = ("submitted", "assigned", "status", "payout", "message", "conflict", "appeal", "invitation")
BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed tries; None: park it."""
    return BACK_OFF[attempts - 1] if attempts <= len(BACK_OFF) else None
