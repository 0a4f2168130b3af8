"""The states of runs and withdrawals (`SPEC §9`, §10)."""

from referrals.lifecycle import Lifecycle

RUN = Lifecycle("status", {"running": ["done", "stopped"], "done": [], "stopped": []})
WITHDRAWAL = Lifecycle("status", {"requested": ["paid", "refused"], "paid": [], "refused": []})
