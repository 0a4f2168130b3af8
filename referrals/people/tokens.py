"""Secrets that people or programs hold, of which we keep the digest alone (P14)."""

import secrets
from hashlib import sha256
from typing import Any


def new_token() -> str:
    """256 random bits, fit for a cookie or a header."""
    return secrets.token_urlsafe(32)


def spent_one(result: Any) -> bool:
    """Whether the UPDATE that spends something unspent found it so: of many at once, for one alone."""
    return bool(result.rowcount == 1)


def digest(token: str) -> str:
    """What is stored of a token. A plain hash is enough for secrets that nobody can guess."""
    return sha256(token.encode()).hexdigest()
