"""Passwords: argon2id, with the parameters that OWASP names for it."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from referrals.errors import RuleBroken
from referrals.wording import N_

SHORTEST = 8
LONGEST = 200
TOO_COMMON = frozenset(
    (
        "password password1 password123 12345678 123456789 1234567890 qwertyuiop qwerty123 11111111 00000000 iloveyou "
        "letmein1 welcome1 abcd1234 abc12345 sunshine princess football baseball trustno1"
    ).split()
)


class PasswordTooShort(RuleBroken):
    """Fewer characters than we accept."""

    sentence = N_("A password has at least %(least)s characters.")


class PasswordTooLong(RuleBroken):
    """More characters than we read."""

    sentence = N_("A password has at most %(most)s characters.")


class PasswordTooCommon(RuleBroken):
    """One of the passwords that are tried first."""

    sentence = N_("This password is one of those that are guessed first. Please choose another.")


class Passwords:
    """Makes and checks password hashes; `cheap` is for tests."""

    def __init__(self, *, cheap: bool = False) -> None:
        time_cost, memory_cost = (1, 8) if cheap else (2, 19 * 1024)
        self.hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_cost, parallelism=1)
        self.decoy = self.hasher.hash("nobody's password")

    def hash(self, password: str, *, field: str = "password") -> str:
        """The hash to store; raises PasswordTooShort, PasswordTooLong or PasswordTooCommon."""
        if len(password) < SHORTEST:
            raise PasswordTooShort(field=field, least=SHORTEST)
        if len(password) > LONGEST:
            raise PasswordTooLong(field=field, most=LONGEST)
        if password.lower() in TOO_COMMON:
            raise PasswordTooCommon(field=field)
        return self.hasher.hash(password)

    def fits(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one. Takes as long when there is none, so that nobody learns it."""
        try:
            return self.hasher.verify(stored or self.decoy, password[:LONGEST]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
