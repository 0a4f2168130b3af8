"""The table of moves of a store in the registry."""

from referrals.lifecycle import Lifecycle

STORE = Lifecycle("status", {"active": ["closed"], "closed": ["active"]})
