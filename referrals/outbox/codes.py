"""Sending one-time codes to phones."""

import secrets
from datetime import datetime

from referrals.db import session
from referrals.outbox.models import OutboxMessage
from referrals.people.codes import make_code


def send_code(phone: str, *, at: datetime, language: str = "en") -> None:
    """Write a short message with a new code for this phone (in E.164) into the outbox; it leaves when committed."""
    code = make_code(phone, at=at)
    message = OutboxMessage(
        message_key=secrets.token_hex(16),
        to_phone=phone,
        language=language,
        template="one_time_code",
        params={"code": code},
        secret=True,
        created_at=at,
        next_try_at=at,
    )
    session.add(message)
    session.flush()
