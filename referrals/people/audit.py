"""The audit log: who changed the set-up or an account, and when."""

from datetime import datetime
from typing import Any

from referrals.db import session
from referrals.people.models import AuditEntry, Person
from referrals.people.rules import Actor


def record(
    action: str, *, by: Actor, at: datetime, subject: str = "", about: Person | None = None, **details: Any
) -> None:
    """Write one line into the audit log, about somebody or something; the caller's transaction carries it."""
    session.add(
        AuditEntry(
            at=at,
            person_id=by.person_id,
            action=action,
            about_id=about.id if about else None,
            subject=about.name if about else subject,
            details=details,
        )
    )
