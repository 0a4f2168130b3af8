"""The tables of moves of a lead: its status, its payout outcome, its claim to the prospect (`SPEC §2`)."""

from referrals.lifecycle import Lifecycle

STATUS = Lifecycle(
    "status",
    {
        "submitted": ["in_progress", "awarded", "ineligible"],
        "in_progress": ["awarded", "ineligible"],
        "awarded": [],
        "ineligible": ["in_progress"],
    },
)
PAYOUT = Lifecycle(
    "payout",
    {
        "none": ["due", "not_eligible"],
        "due": ["paid", "not_eligible"],
        "paid": [],
        "not_eligible": ["none", "due"],
    },
)
CLAIM = Lifecycle(
    "claim",
    {
        "owner": ["lost"],
        "in_conflict": ["owner", "lost", "shared"],
        "shared": ["lost"],
        "lost": ["in_conflict"],
    },
)
OPEN = ("submitted", "in_progress")
