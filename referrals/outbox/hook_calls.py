"""The way out to programs: one signed POST, within ten seconds, never into a private network."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from referrals.outbox.public_only import PrivateAddress, connect
from referrals.outbox.signing import signed_headers
from referrals.outbox.transport import is_this_machine, told
from referrals.wording import N_

TIMEOUT_SECONDS = 10
LONGEST_ANSWER = 1000
# One sentence for a name without an address and for one with a private one: nobody explores a network by it.
NO_WAY = N_("The address cannot be reached from here.")
NO_SECRET = N_("The secret was locked with another key; make a new one.")
TOO_LATE = N_("No whole answer came in time.")


@dataclass(frozen=True)
class Letter:
    """What is to be sent to an endpoint. `private`: its address may be in the network that we are in ourselves."""

    delivery_id: int
    endpoint_id: int
    url: str
    key: str
    body: bytes
    secrets: tuple[str, ...]
    private: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a call. `status` is None where no answer came at all, and `error` says why."""

    letter: Letter
    status: int | None = None
    answer: str = ""
    error: str = ""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def call(letter: Letter, *, at: datetime) -> Outcome:
    """Post one letter. Redirects are not followed: whatever is not 2xx was not taken."""
    if not letter.secrets:
        return Outcome(letter, error=NO_SECRET)
    try:
        status, answer = post(letter, signed_headers(letter.secrets, letter.key, at, letter.body))
    except (PrivateAddress, socket.gaierror, UnicodeError):
        return Outcome(letter, error=NO_WAY)
    except TimeoutError:
        return Outcome(letter, error=TOO_LATE)
    except (OSError, http.client.HTTPException) as error:
        return Outcome(letter, error=told(error)[:200])
    taken = 200 <= status < 300
    return Outcome(letter, status, readable(answer), "" if taken else f"The answer was {status}.")


def post(letter: Letter, signed: dict[str, str]) -> tuple[int, bytes]:
    parts = urlsplit(letter.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    headers = {"Content-Type": "application/json", "User-Agent": "referrals", "Connection": "close", **signed}
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    connection.default_port = 443 if parts.scheme == "https" else 80
    with within_time(connected(parts, host, port, private=letter.private)) as connection.sock:
        if parts.scheme == "https":
            connection.sock.do_handshake()  # type: ignore[attr-defined]
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, letter.body, headers)
        response = connection.getresponse()
        return response.status, response.read(LONGEST_ANSWER)


def connected(parts: SplitResult, host: str, port: int, *, private: bool) -> socket.socket:
    open_socket = plainly if private else connect
    plain = open_socket(host, port, TIMEOUT_SECONDS)
    if parts.scheme != "https":
        return plain
    return tls().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


@cache
def tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def plainly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@contextmanager
def within_time(opened: socket.socket) -> Iterator[socket.socket]:
    """A socket that is cut off when the time is up: timeouts alone begin anew with every byte that drips in."""
    too_late = Event()

    def cut_off() -> None:
        too_late.set()
        with suppress(OSError):
            socket.socket.shutdown(opened, socket.SHUT_RDWR)

    timer = Timer(TIMEOUT_SECONDS, cut_off)
    timer.daemon = True
    timer.start()
    try:
        yield opened
    except (OSError, http.client.HTTPException) as error:
        raise TimeoutError if too_late.is_set() else error from None
    finally:
        timer.cancel()
        opened.close()


def may_be_private(url: str, owner_kind: str, *, everybody: bool) -> bool:
    """Whether an endpoint may be in our own network: the operator's on this machine, or where a setting allows it."""
    return everybody or (owner_kind == "operator" and is_this_machine(urlsplit(url).hostname or ""))


def readable(answer: bytes) -> str:
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", " ", answer.decode("utf-8", "replace"))
