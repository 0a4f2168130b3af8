"""The hosts of a shop, and the pages on them: links lead nowhere else (P15)."""

import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import func, select
from url_normalize import url_normalize

from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.shops.models import Shop, ShopHost
from referrals.shops.queries import hosts_of
from referrals.values import LONGEST_URL, NotADomain, parse_domain
from referrals.wording import N_

NEVER_IN_A_URL = re.compile(r"[\s\\\x00-\x20\x7f-\x9f]")


class HostTaken(Conflict):
    """Another shop has this host."""

    sentence = N_("Another shop has the address %(host)s already.")


class NoHost(RuleBroken):
    """A shop without an address."""

    sentence = N_("A shop needs at least one address, like shop.example.org.")


class OffTheShop(RuleBroken):
    """The address is no page on one of the shop's own hosts."""

    sentence = N_("This is not a page of your shop. It begins with https:// and one of your shop's addresses.")


def parse_host(text: str) -> str:
    """A host in lower-case ASCII without scheme, port or path; raises NotADomain.

    `localhost` and IP addresses are taken as they are: whoever registers them tries things out on their own machine.
    """
    bare = text.strip().lower().removeprefix("https://").removeprefix("http://").partition("/")[0]
    if bare == "localhost":
        return bare
    with suppress(ValueError):
        return str(ip_address(bare))
    if ":" in bare or "@" in bare:
        raise NotADomain
    return parse_domain(bare)


def add_host(shop: Shop, text: str) -> ShopHost:
    """Let links lead to this host too. Raises NotADomain, HostTaken."""
    try:
        host = parse_host(text)
    except NotADomain:
        raise NotADomain(field="hosts") from None
    lock_names([f"host:{host}"])
    known = session.get(ShopHost, host)
    if known is not None:
        if known.shop_id != shop.id:
            raise HostTaken(field="hosts", host=host)
        return known
    last = session.scalar(select(func.max(ShopHost.position)).where(ShopHost.shop_id == shop.id))
    made = ShopHost(host=host, shop_id=shop.id, position=0 if last is None else last + 1)
    session.add(made)
    session.flush()
    return made


def remove_host(shop: Shop, host: str) -> None:
    """Let no new link lead to this host; those that were shared stay as they are. Raises NoHost for the last one."""
    hosts = hosts_of(shop.id)
    if host in hosts and len(hosts) == 1:
        raise NoHost(field="hosts")
    known = session.get(ShopHost, host)
    if known is not None and known.shop_id == shop.id:
        session.delete(known)
        session.flush()


def page_on(hosts: Collection[str], text: str, *, field: str = "url") -> str:
    """The address of a page on one of these hosts, in its normal form; raises OffTheShop.

    Only http and https; a user part, a backslash, control characters and hosts that merely look alike are refused.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_URL or NEVER_IN_A_URL.search(text):
        raise OffTheShop(field=field)
    if not text.lower().startswith(("http://", "https://")):
        raise OffTheShop(field=field)
    try:
        normal = str(url_normalize(text))
        parts = urlsplit(normal)
        if parts.username is not None or parts.password is not None or parts.port == 0:
            raise OffTheShop(field=field)
    except ValueError:
        raise OffTheShop(field=field) from None
    if parts.scheme not in {"http", "https"} or parts.hostname not in hosts or not normal.isascii():
        raise OffTheShop(field=field)
    return normal


def page_of(shop: Shop, text: str, *, field: str = "url") -> str:
    """The address of a page of a shop; raises OffTheShop."""
    return page_on(hosts_of(shop.id), text, field=field)


def shop_page(hosts: Sequence[str]) -> str:
    """The front page of the shop with these hosts."""
    return f"https://{hosts[0]}/"
