"""Signing in: password, second factor, the sign-in of one browser, API keys."""

import secrets
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import delete, select, update

from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.people import audit
from referrals.people.models import ApiKey, Membership, Person, RecoveryCode, SignIn
from referrals.people.passwords import Passwords
from referrals.people.queries import active_memberships, find_person_by_email
from referrals.people.rules import Actor
from referrals.people.tokens import digest, new_token, spent_one
from referrals.secrets_box import SecretsBox
from referrals.values import NotAnEmail, login_email
from referrals.wording import N_

SIGN_IN_LIFE = timedelta(days=14)
CONFIRMED_FOR = timedelta(minutes=15)
RECOVERY_CODES = 10


class WrongPassword(RuleBroken):
    """E-mail or password is wrong; which of them is not said."""

    sentence = N_("E-mail or password is not right.")


class WrongCode(RuleBroken):
    """The code of the second factor is wrong, old, or was used."""

    sentence = N_("This code is not right. Wait for the next one in your app and try again.")


def check_password(email: str, password: str, passwords: Passwords) -> Person:
    """The person whose e-mail and password these are; raises WrongPassword, always after the same time."""
    try:
        person = find_person_by_email(login_email(email))
    except NotAnEmail:
        person = None
    fits = passwords.fits(password, person.password_hash if person else None)
    if person is None or not fits:
        raise WrongPassword(field="password")
    return person


def open_sign_in(person: Person, *, at: datetime, ip: str = "", user_agent: str = "") -> str:
    """Sign a browser in; answers the token for its cookie. Lands on the only membership, else a choice is due."""
    token = new_token()
    memberships = active_memberships(person.id)
    session.add(
        SignIn(
            token_digest=digest(token),
            person_id=person.id,
            membership_id=memberships[0].id if len(memberships) == 1 else None,
            created_at=at,
            seen_at=at,
            confirmed_at=at,
            expires_at=at + SIGN_IN_LIFE,
            ip=ip,
            user_agent=user_agent[:300],
        )
    )
    session.flush()
    return token


def choose_membership(sign_in_id: int, membership: Membership) -> None:
    """Act in another membership from now on."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(membership_id=membership.id))


def close_sign_in(sign_in_id: int, person_id: int, *, at: datetime) -> None:
    """Sign one of a person's browsers out; raises NotFound."""
    sign_in = session.scalar(select(SignIn).where(SignIn.id == sign_in_id, SignIn.person_id == person_id))
    if sign_in is None:
        raise NotFound
    sign_in.revoked_at = sign_in.revoked_at or at


def confirm_sign_in(sign_in_id: int, *, at: datetime) -> None:
    """Note that the person has just proved again who they are."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(confirmed_at=at))


def note_seen(seen: dict[int, datetime]) -> None:
    """Store when sign-ins were last used (collected in memory, since a GET writes nothing)."""
    for sign_in_id, at in seen.items():
        session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.seen_at < at).values(seen_at=at))


def start_second_factor(person: Person, box: SecretsBox) -> str:
    """A new secret for an authenticator app, not yet in force; answers it."""
    secret = pyotp.random_base32()
    person.second_factor, person.second_factor_since = box.lock(secret), None
    person.second_factor_step = 0
    return secret


def confirm_second_factor(person: Person, code: str, box: SecretsBox, *, by: Actor, at: datetime) -> list[str]:
    """Put the second factor in force once a code of it was right; answers recovery codes, shown once."""
    check_code(person, code, box, at=at)
    person.second_factor_since = at
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = [f"{secrets.token_hex(3)}-{secrets.token_hex(3)}" for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(person_id=person.id, code_digest=digest(code)) for code in codes)
    audit.record("second_factor_set", by=by, at=at, about=person)
    return codes


def remove_second_factor(person: Person, *, by: Actor, at: datetime) -> None:
    """Sign in by password alone from now on."""
    person.second_factor, person.second_factor_since = None, None
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    audit.record("second_factor_removed", by=by, at=at, about=person)


def check_code(person: Person, code: str, box: SecretsBox, *, at: datetime) -> None:
    """Accept a code of the app, each once (the step it belongs to only grows), or a recovery code; else WrongCode."""
    code = code.strip().replace(" ", "")
    if not code.isascii():
        raise WrongCode(field="code")
    secret = box.open(person.second_factor) if person.second_factor else None
    if secret is None:
        raise WrongCode(field="code")
    totp = pyotp.TOTP(secret)
    step = int(at.timestamp()) // totp.interval
    for near in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.generate_otp(near), code) and spend_step(person, near):
            return
    if not spend_recovery_code(person, code, at=at):
        raise WrongCode(field="code")


def spend_step(person: Person, step: int) -> bool:
    """Whether this step is later than all before it; of several who come at once with it, one is told so (P14)."""
    spent = session.execute(
        update(Person)
        .where(Person.id == person.id, Person.second_factor_step < step)
        .values(second_factor_step=step)
        .execution_options(synchronize_session=False)
    )
    return spent_one(spent)


def spend_recovery_code(person: Person, code: str, *, at: datetime) -> bool:
    """Whether this is a recovery code in force that nobody has used; it is now (P14)."""
    if person.second_factor_since is None:
        return False
    spent = session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.person_id == person.id, RecoveryCode.code_digest == digest(code.lower()))
        .where(RecoveryCode.used_at.is_(None))
        .values(used_at=at)
        .execution_options(synchronize_session=False)
    )
    return spent_one(spent)


def make_key(
    kind: str,
    *,
    partner_id: int | None = None,
    shop_id: int | None = None,
    name: str,
    scopes: list[str],
    by: Actor,
    at: datetime,
) -> str:
    """A new API key; answers its secret, which is shown once and not stored."""
    secret = f"rk_{kind}_{new_token()}"
    session.add(
        ApiKey(
            kind=kind,
            partner_id=partner_id,
            shop_id=shop_id,
            name=name,
            beginning=secret[: len(kind) + 8],
            secret_digest=digest(secret),
            scopes=scopes,
            created_at=at,
            created_by_id=by.person_id,
        )
    )
    session.flush()
    audit.record("key_made", by=by, at=at, subject=name, kind=kind)
    return secret


def revoke_key(key: ApiKey, *, by: Actor, at: datetime) -> None:
    """End a key at once."""
    key.revoked_at = at
    audit.record("key_revoked", by=by, at=at, subject=key.name)
