"""How what is sent to programs is signed, by the convention of Standard Webhooks. Pure values."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32


def make_secret() -> str:
    """A new secret as receivers configure it: `whsec_` and 256 bits in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, key: str, at: datetime, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 over id, whole seconds and body, in base64."""
    signed = b".".join((key.encode(), str(seconds(at)).encode(), body))
    digest = hmac.new(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signed_headers(secrets_in_force: Iterable[str], key: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers that receivers check; one signature for each secret that is good now."""
    return {
        "webhook-id": key,
        "webhook-timestamp": str(seconds(at)),
        "webhook-signature": " ".join(signature(secret, key, at, body) for secret in secrets_in_force),
    }


def seconds(at: datetime) -> int:
    return int(at.timestamp())
