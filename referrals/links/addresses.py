"""Addresses that links may lead to: pages of the shop's registered hosts, nothing else (P15). Pure functions."""

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import idna
from url_normalize import url_normalize

from referrals.errors import RuleBroken
from referrals.values import LONGEST_URL
from referrals.wording import N_

FORBIDDEN = re.compile(r"[\s\\\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
STARTS = re.compile(r"https?://[^/?#]", re.IGNORECASE)
PLAIN_HOST = re.compile(r"[a-z0-9.-]+", re.ASCII)
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|.*\.localhost)(:\d+)?", re.ASCII)


class NotAPage(RuleBroken):
    """The text is no http or https address that we would send anybody to."""

    sentence = N_("This is not the address of a page. It begins with https:// and the shop's own host.")


class NotOurHost(RuleBroken):
    """The page is not on a host of this shop."""

    sentence = N_("Links lead to pages of the shop itself. This host is not one of the shop's.")


def page_address(text: str, hosts: Collection[str]) -> str:
    """The address of a page of these hosts, in its normal form. Raises NotAPage, NotOurHost.

    User part, backslash, control and invisible characters are refused, and hosts that only look like a registered one.
    """
    text = text.strip(" ")
    if len(text) > LONGEST_URL or FORBIDDEN.search(text) or not STARTS.match(text):
        raise NotAPage(field="target")
    try:
        typed = urlsplit(text)
        normal = urlsplit(str(url_normalize(text)))
        host, port = normal.hostname or "", normal.port
        if "@" in typed.netloc or "@" in normal.netloc or port == 0 or normal.scheme not in {"http", "https"}:
            raise NotAPage(field="target")
        if not PLAIN_HOST.fullmatch(host) or not is_spelled(typed.hostname or "", host):
            raise NotAPage(field="target")
    except ValueError:
        raise NotAPage(field="target") from None
    if host not in hosts and f"{host}:{port}" not in hosts:
        raise NotOurHost(field="target")
    address = urlunsplit(normal)
    if not address.isascii() or FORBIDDEN.search(address):
        raise NotAPage(field="target")
    return address


def is_spelled(typed: str, host: str) -> bool:
    """Whether a typed host is this one as its owner writes it, not something that merely maps to it."""
    if typed.isascii():
        return typed.lower() == host
    try:
        return typed.lower() == idna.decode(host)
    except idna.IDNAError:
        return False


def address_of(host: str, *path: str) -> str:
    """A page of a host, by the parts of its path; without https where the host is this very machine."""
    scheme = "http" if LOOPBACK.fullmatch(host) else "https"
    return f"{scheme}://{host}/" + "/".join(quote(part, safe="") for part in path)


def with_ref(address: str, click_id: int) -> str:
    """The address with `ref=<click id>` as its last parameter, in place of one that stood there."""
    parts = urlsplit(address)
    kept = parts.query
    if re.search(r"(^|&)ref=", kept):
        kept = urlencode([pair for pair in parse_qsl(kept, keep_blank_values=True) if pair[0] != "ref"])
    return urlunsplit(parts._replace(query=f"{kept}&ref={click_id}" if kept else f"ref={click_id}"))
