"""The ways out of mails: a server, or files that staff can read in the browser (`SPEC §16`)."""

import os
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 20


class Unreachable(Exception):
    """This way out is closed: other mails need not be tried now."""


class LoginInClear(Unreachable):
    """The server offers no encryption, and is not on this machine: it gets no password."""


class NeverTaken(OSError):
    """This one is refused for good: it is not tried again."""


M_contra = TypeVar("M_contra", contravariant=True)


class Transport(Protocol[M_contra]):
    """Something that brings a message out; raises OSError (smtplib's errors are some) or Unreachable if it cannot."""

    def send(self, message: M_contra, key: str) -> None: ...


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
    """Hands each mail to a server: `smtp://user:password@host:587` (STARTTLS where offered) or `smtps://…`.

    User and password go only through TLS, or to this machine itself.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.secure = parts.scheme == "smtps"
        self.host = parts.hostname or "localhost"
        self.port = parts.port or (465 if self.secure else 25)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")

    def send(self, message: EmailMessage, key: str) -> None:  # noqa: ARG002 - the key is in the Message-ID
        """Hand over one mail."""
        with self.connected() as server:
            try:
                server.send_message(message)
            except smtplib.SMTPException as error:
                if isinstance(error, smtplib.SMTPServerDisconnected):
                    raise Unreachable(told(error)) from error
                raise
            except OSError as error:
                raise Unreachable(told(error)) from error

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """A server that takes mails. Once one is handed over, a farewell that fails does not matter any more."""
        try:
            server = self.reached()
        except OSError as error:
            raise Unreachable(told(error)) from error
        try:
            self.introduce(server)
            yield server
            with suppress(OSError):
                server.quit()
        finally:
            server.close()

    def reached(self) -> smtplib.SMTP:
        if self.secure:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)

    def introduce(self, server: smtplib.SMTP) -> None:
        """Say who we are, through TLS where the server offers it."""
        try:
            server.ehlo_or_helo_if_needed()
            if not self.secure and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif not self.secure and self.user and not is_this_machine(self.host):
                raise LoginInClear("The mail server offers no STARTTLS, so user and password are kept from it.")
            if self.user:
                server.login(self.user, self.password)
        except OSError as error:
            raise Unreachable(told(error)) from error


def told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def is_this_machine(host: str) -> bool:
    """Whether a host is the loopback, over which nobody else listens."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def transport_for(mail_url: str, data_dir: Path) -> Transport[EmailMessage]:
    """The way out that the settings name."""
    return SmtpTransport(mail_url) if mail_url else FileTransport(data_dir / "outbox")
