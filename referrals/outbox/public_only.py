"""Connections that leave the house: never to a private address, whatever a name resolves to (`STACK`)."""

import socket
import time
from ipaddress import IPv6Address, ip_address, ip_network

from referrals.outbox.transport import Unreachable

# All of IPv6 that is routed among everybody, and what of it is not: documentation, and tunnels that hide another one.
ROUTED = ip_network("2000::/3")
NOT_ROUTED = tuple(ip_network(one) for one in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


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
    """Whether an IP address is reachable for all the world; no IPv6 address in which an IPv4 one hides is."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        return parsed in ROUTED and not any(parsed in one for one in NOT_ROUTED)
    return parsed.is_global and not parsed.is_multicast
