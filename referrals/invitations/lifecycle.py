"""The table of moves of an upgrade invitation (`SPEC §3`)."""

from referrals.lifecycle import Lifecycle

INVITATION = Lifecycle(
    "status",
    {
        "sent": ["accepted", "declined", "expired", "revoked"],
        "accepted": [],
        "declined": [],
        "expired": ["sent"],
        "revoked": [],
    },
)
