"""The states of a commission (`SPEC §9`).

What is void is taken up again when a fact that comes later leaves something to earn; after settlement nothing moves.
"""

from referrals.lifecycle import Lifecycle

COMMISSION = Lifecycle(
    "status",
    {
        "pending": ["settled", "void", "by_hand"],
        "settled": [],
        "void": ["pending", "by_hand", "settled"],
        "by_hand": ["settled", "void", "pending"],
    },
)
PENDING_REASONS = ("waiting", "insufficient_balance", "failed", "held")
VOID_REASONS = ("cancelled", "refunded", "zero")
