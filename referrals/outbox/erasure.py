"""Erasing mails and bells that name somebody who is to be forgotten (`SPEC §1`)."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, select

from referrals.db import session
from referrals.outbox.models import Notification, NotificationChoice, OutboxMessage

ROWS_AT_ONCE = 1000


def erase_mails_of(person_id: int, words: Collection[str]) -> list[str]:
    """Forget what was written to a person, and whatever to others holds one of these words; answers mail keys.

    The keys are those of the mails, so that files written from them can go too.
    """
    session.execute(delete(NotificationChoice).where(NotificationChoice.person_id == person_id))
    session.execute(delete(Notification).where(Notification.person_id == person_id))
    mails = session.scalars(select(OutboxMessage.id).where(OutboxMessage.person_id == person_id)).all()
    all_mails = session.scalars(select(OutboxMessage).execution_options(yield_per=ROWS_AT_ONCE))
    all_bells = session.scalars(select(Notification).execution_options(yield_per=ROWS_AT_ONCE))
    return erase_mails({*mails, *naming(all_mails, words)}, naming(all_bells, words))


def erase_mails_about(subject: str) -> list[str]:
    """Forget all mails and bells about this lead; answers the keys of the mails."""
    mails = session.scalars(select(OutboxMessage.id).where(OutboxMessage.subject == subject)).all()
    bells = session.scalars(select(Notification.id).where(Notification.subject == subject)).all()
    return erase_mails(mails, bells)


def erase_mails_naming(words: Collection[str]) -> list[str]:
    """Forget all mails and bells that hold one of these words; answers the keys of the mails."""
    if not words:
        return []
    all_mails = session.scalars(select(OutboxMessage).execution_options(yield_per=ROWS_AT_ONCE))
    all_bells = session.scalars(select(Notification).execution_options(yield_per=ROWS_AT_ONCE))
    return erase_mails(naming(all_mails, words), naming(all_bells, words))


def naming(rows: Iterable[OutboxMessage | Notification], words: Collection[str]) -> list[int]:
    """Those that hold one of the words. All are read: erasing is rare, and JSON hides letters from the database."""
    return [row.id for row in rows if any(names_one(text, words) for text in texts_of(row))]


def names_one(text: str, words: Collection[str]) -> bool:
    """Whether a text is one of the words, or has an address among them in it; "Ann" alone is also in "Annual"."""
    return text in words or any("@" in word and word in text for word in words)


def texts_of(row: OutboxMessage | Notification) -> Iterable[str]:
    if isinstance(row, OutboxMessage):
        yield from (row.to_email, row.to_phone, row.to_name)
    yield from texts_in(row.params)


def texts_in(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)


def erase_mails(mail_ids: Iterable[int], bell_ids: Iterable[int]) -> list[str]:
    keys = []
    for mail_id in sorted(set(mail_ids)):
        message = session.get_one(OutboxMessage, mail_id)
        keys.append(message.message_key)
        session.delete(message)
    session.execute(delete(Notification).where(Notification.id.in_(sorted(set(bell_ids)))))
    session.flush()
    return keys
