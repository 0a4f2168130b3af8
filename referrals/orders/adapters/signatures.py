"""Whether a webhook comes from whom it says: checked over the raw bytes, in constant time, with every good secret."""

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterable
from hashlib import md5, sha256
from typing import Protocol

from referrals.strict_json import read_json


class Headers(Protocol):
    """Headers by name, letter case aside."""

    def get(self, name: str, default: str, /) -> str:
        """The header with this name, or the default."""
        ...


# Where a shop has no secret, one is tried all the same: the answer takes as long as for a wrong one.
NOBODYS = "there is no such secret"


def signed_by_hmac(header: str) -> Callable[[Headers, bytes, str], bool]:
    """Shopify and WooCommerce: base64 of the HMAC-SHA256 over the body."""

    def check(headers: Headers, body: bytes, secret: str) -> bool:
        expected = b64encode(hmac.digest(secret.encode(), body, sha256))
        return hmac.compare_digest(expected, headers.get(header, "").strip().encode())

    return check


def signed_by_youzan(headers: Headers, body: bytes, secret: str) -> bool:
    """Youzan: MD5 over client id, body and client secret; older shops sign the message within the body."""
    client_id = headers.get("Client-Id", "").strip()
    signature = headers.get("Event-Sign", "").strip()
    if signature:
        return same_digest(client_id.encode() + body + secret.encode(), signature)
    client_id, message, signature = signed_within(body)
    return same_digest(f"{client_id}{message}{secret}".encode("utf-8", "replace"), signature)


def signed_within(body: bytes) -> tuple[str, str, str]:
    try:
        told = read_json(body)
    except ValueError:
        return "", "", ""
    if not isinstance(told, dict):
        return "", "", ""
    parts = [told.get(name) for name in ("client_id", "msg", "sign")]
    if not all(isinstance(part, str) and part for part in parts):
        return "", "", ""
    return str(parts[0]), str(parts[1]), str(parts[2])


def same_digest(signed: bytes, signature: str) -> bool:
    # The platform's own scheme; nothing here depends on MD5 beyond what its secret protects.
    expected = md5(signed, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", "replace"))


CHECKS: dict[str, Callable[[Headers, bytes, str], bool]] = {
    "shopify": signed_by_hmac("X-Shopify-Hmac-Sha256"),
    "woocommerce": signed_by_hmac("X-WC-Webhook-Signature"),
    "youzan": signed_by_youzan,
}


def is_genuine(source: str, headers: Headers, body: bytes, secrets: Iterable[str]) -> bool:
    """Whether one of these secrets signed the body. Without any, the answer is no, and takes as long."""
    known = list(secrets)
    found = [CHECKS[source](headers, body, secret) for secret in known or [NOBODYS]]
    return bool(known) and any(found)
