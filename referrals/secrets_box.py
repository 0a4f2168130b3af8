"""Small secrets at rest (second factors), locked with a key that is derived from the secret key."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SecretsBox:
    """Locks and opens short texts; `purpose` keeps the secrets of one purpose from passing for another's."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(secret_key.encode())
        self.fernet = Fernet(base64.urlsafe_b64encode(derived))

    def lock(self, secret: str) -> str:
        """The secret as it may be stored."""
        return self.fernet.encrypt(secret.encode()).decode()

    def open(self, locked: str) -> str | None:
        """The secret, or None when it was locked with another key."""
        try:
            return self.fernet.decrypt(locked.encode()).decode()
        except InvalidToken:
            return None
