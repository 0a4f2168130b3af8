"""Answers of the API that are kept, so that a repeated request is answered alike and done once."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from referrals.db import session
from referrals.people.models import ApiAnswer, ApiKey

ANSWER_LIFE = timedelta(days=7)


def find_answer(key: ApiKey, name: str) -> ApiAnswer | None:
    """What this key's request of this name was answered."""
    return session.get(ApiAnswer, (key.id, name))


def keep_answer(key: ApiKey, name: str, request_digest: str, status: int, body: str, *, at: datetime) -> None:
    """Keep an answer; it is written in the transaction of what it tells of."""
    session.add(
        ApiAnswer(
            api_key_id=key.id,
            idempotency_key=name,
            request_digest=request_digest,
            status=status,
            body=body,
            created_at=at,
        )
    )


def drop_old_answers(*, at: datetime) -> None:
    """Forget answers that nobody will ask for again."""
    session.execute(delete(ApiAnswer).where(ApiAnswer.created_at < at - ANSWER_LIFE))
