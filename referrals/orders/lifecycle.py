"""What becomes of a delivery in the inbox (P5)."""

from referrals.lifecycle import Lifecycle

DELIVERY = Lifecycle(
    "status",
    {
        "parked": ["applied", "ignored"],
        "applied": [],
        "ignored": [],
    },
)
