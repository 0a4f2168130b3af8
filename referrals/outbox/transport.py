"""The two ways out: a mail server, or files that staff can read in the browser (`SPEC §16`)."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20


class Transport(Protocol):
    """Something that brings a mail out; raises OSError or smtplib.SMTPException when it cannot."""

    def send(self, message: EmailMessage, key: str) -> None: ...


class FileTransport:
    """Writes each mail to `<folder>/<key>.eml`; the file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage, key: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{key}"
        draft.write_bytes(message.as_bytes())
        os.replace(draft, self.folder / f"{key}.eml")


class SmtpTransport:
    """Hands each mail to a server: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.secure = parts.scheme == "smtps"
        self.host = parts.hostname or "localhost"
        self.port = parts.port or (465 if self.secure else 25)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")

    def send(self, message: EmailMessage, key: str) -> None:  # noqa: ARG002 - the key is in the Message-ID
        context = ssl.create_default_context()
        if self.secure:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        with server:
            if not self.secure:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)


def transport_for(mail_url: str, data_dir: Path) -> Transport:
    """The way out that the settings name."""
    return SmtpTransport(mail_url) if mail_url else FileTransport(data_dir / "outbox")
