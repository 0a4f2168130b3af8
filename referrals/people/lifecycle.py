"""The states of a membership."""

from referrals.lifecycle import Lifecycle

MEMBERSHIP = Lifecycle(
    "status",
    {
        "active": ["suspended", "left"],
        "suspended": ["active", "left"],
        "left": ["active"],
    },
)
