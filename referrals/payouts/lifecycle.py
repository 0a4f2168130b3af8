"""The table of moves of a payout. `carried`: nothing of the period reached its minimum, all of it waits."""

from referrals.lifecycle import Lifecycle

PAYOUT = Lifecycle("status", {"pending": ["paid", "failed"], "paid": ["failed"], "failed": [], "carried": []})
GROUPS = ("plus", "pos", "other")
