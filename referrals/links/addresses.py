"""Addresses that links may lead to: pages of the shop's registered hosts, nothing else (P15). Pure functions."""

import re
from collections.abc import Collection
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import idna

from referrals.shops.hosts import OffTheShop, page_on

FORBIDDEN = re.compile(r"[\s\\\x00-\x20\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
STARTS = re.compile(r"https?://[^/?#]", re.IGNORECASE)
LOOPBACK = re.compile(r"(localhost|127(\.\d+){3}|.*\.localhost)(:\d+)?", re.ASCII)


def page_address(text: str, hosts: Collection[str]) -> str:
    """The address of a page of these hosts, in its normal form; raises OffTheShop.

    Beside what `page_on` refuses: invisible characters, and hosts that only look like a registered one or map to it.
    """
    text = text.strip(" ")
    if FORBIDDEN.search(text) or not STARTS.match(text):
        raise OffTheShop(field="target")
    address = page_on(hosts, text, field="target")
    if "@" in urlsplit(text).netloc or not is_spelled(urlsplit(text).hostname or "", urlsplit(address).hostname or ""):
        raise OffTheShop(field="target")
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
