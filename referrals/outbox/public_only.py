"""Connections that leave the house: never to a private address, whatever a name resolves to (`STACK`)."""

import socket
import time
from ipaddress import ip_address

from referrals.outbox.transport import Unreachable


class PrivateAddress(Unreachable):
    """The name leads into a private network, or to this machine."""


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """A connection to the first address of a host that answers; raises PrivateAddress when any of them is not public.

    The address that was looked at is the one that is connected to: a name that resolves otherwise a moment later
    gains nothing. `timeout`: for all of its addresses together.
    """
    until = time.monotonic() + timeout
    found = [entry[4][:2] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address, _ in found:
        if not is_public(str(address)):
            raise PrivateAddress(f"{host} is not a public address.")
    failed: OSError = OSError(f"{host} has no address.")
    for address, _ in found:
        try:
            opened = socket.create_connection((str(address), port), max(0.1, until - time.monotonic()))
            opened.settimeout(timeout)
            return opened
        except OSError as error:
            failed = error
    raise failed


def is_public(address: str) -> bool:
    """Whether an IP address is reachable for all the world, also when it hides in an IPv6 address."""
    parsed = ip_address(address.partition("%")[0])
    hidden = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    return parsed.is_global and not parsed.is_multicast and (hidden is None or is_public(str(hidden)))
