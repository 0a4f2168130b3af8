"""The states of an import."""

from referrals.lifecycle import Lifecycle

IMPORT = Lifecycle(
    "status",
    {
        "new": ["running", "withdrawn"],
        "running": ["done", "failed"],
        "done": [],
        "failed": [],
        "withdrawn": [],
    },
)
