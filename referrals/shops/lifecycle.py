"""The states of a salesperson in a shop (`SPEC §5`)."""

from referrals.lifecycle import Lifecycle

SALESPERSON = Lifecycle(
    "status",
    {
        "applied": ["active", "left"],
        "active": ["suspended", "left"],
        "suspended": ["active", "left"],
        "left": ["applied", "active"],
    },
)
