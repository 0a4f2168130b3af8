"""The audit log: who changed the set-up or an account, and when."""

from datetime import datetime
from typing import Any

from referrals.db import session
from referrals.people.models import AuditEntry
from referrals.people.rules import Actor


def record(action: str, *, by: Actor, at: datetime, subject: str = "", **details: Any) -> None:
    """Write one line into the audit log; the caller's transaction carries it."""
    session.add(AuditEntry(at=at, person_id=by.person_id, action=action, subject=subject, details=details))
