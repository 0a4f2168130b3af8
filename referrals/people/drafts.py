"""Drafts: forms that were sent without a sign-in, kept for a day for whoever holds the token."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from referrals.db import session
from referrals.people.models import Draft, SignIn
from referrals.people.tokens import digest

DRAFT_LIFE = timedelta(days=1)


def keep_draft(
    token: str, path: str, fields: Sequence[tuple[str, str]], *, author_id: int | None, at: datetime
) -> None:
    """Store what was typed; a later draft of the same token replaces the earlier one. The author may be unknown."""
    session.merge(
        Draft(
            token_digest=digest(token),
            person_id=author_id,
            path=path,
            fields=[list(field) for field in fields],
            created_at=at,
        )
    )


def find_draft(token: str, path: str, *, reader_id: int | None, at: datetime) -> list[Any] | None:
    """The fields that were typed into the form for `path`, unless somebody else is known to have typed them."""
    draft = session.get(Draft, digest(token))
    if draft is None or draft.path != path or draft.created_at < at - DRAFT_LIFE:
        return None
    return draft.fields if draft.person_id in (None, reader_id) else None


def author_of(sign_in_token: str) -> int | None:
    """Whose sign-in this is or was."""
    return session.scalar(select(SignIn.person_id).where(SignIn.token_digest == digest(sign_in_token)))


def drop_draft(token: str) -> None:
    """Forget a draft."""
    session.execute(delete(Draft).where(Draft.token_digest == digest(token)))


def drop_old_drafts(*, at: datetime) -> None:
    """Forget drafts that nobody came back for."""
    session.execute(delete(Draft).where(Draft.created_at < at - DRAFT_LIFE))
