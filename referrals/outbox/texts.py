"""The ways out of short messages: an operator's gateway, or files that staff can read in the browser (`SPEC §16`)."""

import base64
import http.client
import json
import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from referrals.outbox.public_only import connect
from referrals.outbox.transport import NeverTaken, Transport, Unreachable, is_this_machine, told

TIMEOUT_SECONDS = 20
TRY_AGAIN = {408, 425, 429}


@dataclass(frozen=True)
class ShortMessage:
    """What goes to a phone."""

    to: str
    text: str


class TextFiles:
    """Writes each message to `<folder>/<key>.sms.txt`; the file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: ShortMessage, key: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{key}"
        draft.write_text(f"To: {message.to}\n\n{message.text}\n", encoding="utf-8")
        os.replace(draft, self.folder / f"{key}.sms.txt")


class Gateway:
    """Posts each message as JSON `{to, text}` to the operator's URL, with the key as Idempotency-Key.

    Private addresses are refused when connecting, unless the URL itself names this machine. Redirects are not
    followed. A 4xx answer is final, anything else but 2xx is tried again.
    """

    def __init__(self, url: str) -> None:
        self.parts: SplitResult = urlsplit(url)
        self.host = self.parts.hostname or ""
        self.port = self.parts.port or (443 if self.parts.scheme == "https" else 80)

    def send(self, message: ShortMessage, key: str) -> None:
        """Hand over one message."""
        body = json.dumps({"to": message.to, "text": message.text}, ensure_ascii=False).encode()
        try:
            status = self.post(body, key)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(told(error)) from error
        if 200 <= status < 300:
            return
        if 400 <= status < 500 and status not in TRY_AGAIN:
            raise NeverTaken(f"The gateway answered {status}.")
        raise OSError(f"The gateway answered {status}.")

    def post(self, body: bytes, key: str) -> int:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        connection.sock = self.connected()
        try:
            path = (self.parts.path or "/") + (f"?{self.parts.query}" if self.parts.query else "")
            connection.request("POST", path, body, self.headers(key))
            return connection.getresponse().status
        finally:
            connection.close()

    def headers(self, key: str) -> dict[str, str]:
        found = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "referrals"}
        if self.parts.username:
            login = f"{unquote(self.parts.username)}:{unquote(self.parts.password or '')}"
            found["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        return found

    def connected(self) -> socket.socket:
        if is_this_machine(self.host):
            plain = socket.create_connection((self.host, self.port), TIMEOUT_SECONDS)
        else:
            plain = connect(self.host, self.port, TIMEOUT_SECONDS)
        if self.parts.scheme != "https":
            return plain
        return ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def text_transport_for(sms_url: str, data_dir: Path) -> Transport[ShortMessage]:
    """The way out that the settings name."""
    return Gateway(sms_url) if sms_url else TextFiles(data_dir / "outbox")
