"""What a salesperson shares: the shop, a product, an article, or any page of the shop's hosts (`SPEC §5`)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.links.addresses import address_of, page_address
from referrals.links.models import LINK_KINDS, Link
from referrals.links.rules import expiry_of
from referrals.shops.history import refuse_future
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import find_article, find_product, hosts_of, settings_of
from referrals.wording import N_

# Without letters and digits that look alike, since codes are also typed from paper.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
CODE_LENGTH = 12


class NothingToShare(RuleBroken):
    """The target names no product or article of the shop."""

    sentence = N_("The shop has no such product or article.")


class NoPageYet(RuleBroken):
    """The product has no address."""

    sentence = N_("This product has no page yet. Its address must be set first.")


class NotAKind(RuleBroken):
    """Neither a link nor a QR code."""

    sentence = N_("Choose link or qr.")


@dataclass(frozen=True)
class Page:
    """Where a link leads, and how that is called."""

    target: str
    url: str
    title: str


def share(
    salesperson: Salesperson, target: str, kind: str = "link", *, shared_at: datetime | None = None, at: datetime
) -> Link:
    """The salesperson's link, or QR code, to a target: `shop`, `product:SKU`, `article:ID`, or a page's address.

    A link that never ends is given again. One that ends comes with a QR code beside it, since those never do.
    Raises NotAKind, NothingToShare, NoPageYet, OffTheShop, InTheFuture.
    """
    if kind not in LINK_KINDS:
        raise NotAKind(field="kind")
    shared_at = shared_at or at
    refuse_future(shared_at, at=at, field="shared_at")
    page = find_page(salesperson.shop_id, target)
    validity = settings_of(salesperson.shop_id).at(shared_at).validity
    link = share_page(salesperson, page, kind, validity, shared_at)
    if link.expires_at is not None:
        share_page(salesperson, page, "qr", validity, shared_at)
    return link


def share_page(salesperson: Salesperson, page: Page, kind: str, validity: str, shared_at: datetime) -> Link:
    expires_at = expiry_of(kind, validity, shared_at)
    known = find_lasting(salesperson, page, kind, validity, shared_at) if expires_at is None else None
    if known is not None:
        return known
    return add_link(salesperson, page, kind, new_code(), validity, shared_at)


def find_lasting(salesperson: Salesperson, page: Page, kind: str, validity: str, shared_at: datetime) -> Link | None:
    """The salesperson's link of this kind to the page that never ends, shared by then."""
    return session.scalar(
        select(Link)
        .where(Link.salesperson_id == salesperson.id, Link.target_url == page.url, Link.kind == kind)
        .where(Link.validity == validity, Link.expires_at.is_(None), Link.shared_at <= shared_at)
        .order_by(Link.shared_at, Link.id)
        .limit(1)
    )


def welcome(salesperson: Salesperson, *, at: datetime) -> Link:
    """The link to the shop that a new salesperson has from the start; its code is the salesperson's own."""
    known = session.scalar(select(Link).where(Link.code == salesperson.code))
    if known is not None:
        return known
    shared_at = min(salesperson.joined_at, at)
    validity = settings_of(salesperson.shop_id).at(shared_at).validity
    page = find_page(salesperson.shop_id, "shop")
    link = add_link(salesperson, page, "link", salesperson.code, validity, shared_at)
    if link.expires_at is not None:
        share_page(salesperson, page, "qr", validity, shared_at)
    return link


def add_link(salesperson: Salesperson, page: Page, kind: str, code: str, validity: str, shared_at: datetime) -> Link:
    link = Link(
        code=code,
        shop_id=salesperson.shop_id,
        salesperson_id=salesperson.id,
        kind=kind,
        target=page.target,
        target_url=page.url,
        title=page.title,
        validity=validity,
        shared_at=shared_at,
        expires_at=expiry_of(kind, validity, shared_at),
    )
    session.add(link)
    session.flush()
    return link


def find_page(shop_id: int, target: str) -> Page:
    """The page that a target names; raises NothingToShare, NoPageYet, OffTheShop."""
    target = target.strip()
    hosts = hosts_of(shop_id)
    noun, colon, name = target.partition(":")
    if target == "shop":
        shop = session.get_one(Shop, shop_id)
        return Page("shop", address_of(first(hosts)), shop.name)
    if colon and noun == "product":
        product = find_product(shop_id, name)
        if product is None:
            raise NothingToShare(field="target")
        if not product.url:
            raise NoPageYet(field="target")
        return Page(target, page_address(product.url, hosts), product.title)
    if colon and noun == "article":
        article = find_article(shop_id, name)
        if article is None and not name.strip():
            raise NothingToShare(field="target")
        url = article.url if article else address_of(first(hosts), "articles", name.strip())
        return Page(target, page_address(url, hosts), article.title if article else name)
    url = page_address(target, hosts)
    return Page(url, url, url.partition("://")[2])


def first(hosts: Sequence[str]) -> str:
    if not hosts:
        raise NothingToShare(field="target")
    return hosts[0]


def new_code() -> str:
    """A code that nobody guesses and everybody can type."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def code_for_qr(code: str) -> str:
    """The code that the QR code of a link leads to, of whatever shop; raises NotFound."""
    link = session.scalar(select(Link).where(Link.code == code))
    if link is None:
        raise NotFound
    return qr_of(link).code


def qr_of(link: Link) -> Link:
    """The link that a QR code of this one leads to: itself where it never ends, else the QR code shared with it."""
    if link.expires_at is None:
        return link
    found = session.scalar(
        select(Link)
        .where(Link.salesperson_id == link.salesperson_id, Link.target_url == link.target_url, Link.kind == "qr")
        .where(or_(Link.validity == "short", Link.expires_at.is_(None)))
        .order_by(Link.shared_at, Link.id)
        .limit(1)
    )
    return found or link
