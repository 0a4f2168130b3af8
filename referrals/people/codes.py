"""One-time codes by which somebody proves to hold a phone (`SPEC §5`). `outbox.codes.send_code` sends one."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.people.models import OneTimeCode, Person
from referrals.people.shop_members import person_with_phone
from referrals.people.tokens import digest, spent_one
from referrals.wording import N_

CODE_LIFE = timedelta(minutes=10)
TRIES = 5
DIGITS = 6


class WrongCode(RuleBroken):
    """The code is wrong, old, used, or was tried too often; all answer alike."""

    sentence = N_("This code is not right, or not good any more. Look again, or ask for a new one.")


def make_code(phone: str, *, at: datetime) -> str:
    """A new code for this phone (in E.164); it is stored hashed, and earlier ones end with it."""
    lock_names([f"code:{phone}"])
    session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.phone == phone, OneTimeCode.expires_at > at)
        .values(expires_at=at)
        .execution_options(synchronize_session=False)
    )
    code = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    session.add(OneTimeCode(phone=phone, code_digest=digest_of(phone, code), created_at=at, expires_at=at + CODE_LIFE))
    session.flush()
    return code


def check_code(phone: str, code: str, *, at: datetime, language: str | None = None) -> Person:
    """The person with this phone, made where there is none, if the code is right; it is spent then. Else WrongCode.

    Whoever calls commits in both cases: a wrong try counts, and after five of them no code is right (P14).
    """
    code = code.strip().replace(" ", "")
    known = session.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.phone == phone, OneTimeCode.expires_at > at, OneTimeCode.used_at.is_(None))
        .order_by(OneTimeCode.created_at.desc(), OneTimeCode.id.desc())
        .limit(1)
    )
    if known is None or not spend_try(known, at=at):
        raise WrongCode(field="code")
    if not secrets.compare_digest(known.code_digest, digest_of(phone, code)) or not spend(known, at=at):
        raise WrongCode(field="code")
    return person_with_phone(phone, language=language, at=at)


def spend_try(known: OneTimeCode, *, at: datetime) -> bool:
    """Whether one more try is left; it is spent now, whatever comes of it."""
    tried = session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.id == known.id, OneTimeCode.attempts < TRIES, OneTimeCode.expires_at > at)
        .values(attempts=OneTimeCode.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    return spent_one(tried)


def spend(known: OneTimeCode, *, at: datetime) -> bool:
    """Whether nobody used the code before; of several who come at once with it, one is told so."""
    spent = session.execute(
        update(OneTimeCode)
        .where(OneTimeCode.id == known.id, OneTimeCode.used_at.is_(None))
        .values(used_at=at)
        .execution_options(synchronize_session=False)
    )
    return spent_one(spent)


def digest_of(phone: str, code: str) -> str:
    return digest(f"{phone} {code}")
