"""`/r/<code>`: where shared links and QR codes lead. The one page that writes when it is read: it records the click."""

import hmac
import re
import secrets
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from threading import Lock
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Answer

from referrals.clock import now
from referrals.errors import NotFound
from referrals.links.addresses import with_ref
from referrals.links.models import Click
from referrals.links.operations import Traces, record_click_of
from referrals.links.queries import LinkCard, find_card
from referrals.links.rules import BINDING_OUTCOMES
from referrals.links.sharing import code_for_qr
from referrals.web.house import config, link_url
from referrals.web.security import client_ip
from referrals.web.together import Together

blueprint = Blueprint("promo", __name__)
COOKIE = "buyer"
YEAR_SECONDS = 365 * 24 * 3600
COOKIE_VALUE = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
FETCHED_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
PURPOSES = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
BOTS = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|facebookexternalhit|facebookcatalog|whatsapp/|skypeuripreview|embedly|"
    r"mediapartners-google|google-inspectiontool|bingpreview|linkpreview|link preview|pingdom|uptimerobot|vkshare|"
    r"bytespider|ia_archiver|snap url preview|iframely|quora link|feedfetcher|headlinesfetcher|mail\.ru_bot",
    re.IGNORECASE,
)
QR_SCALE = 12


class Cards:
    """The links that were followed lately, by code; a link never changes, so that nothing here grows old."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = Lock()
        self.known: dict[str, LinkCard] = {}

    def get(self, code: str, find: Callable[[str], LinkCard | None]) -> LinkCard | None:
        """The link with this code, from memory or found; unknown codes are not kept."""
        card = self.known.get(code) or find(code)
        if card is not None and code not in self.known:
            with self.lock:
                if len(self.known) >= self.most:
                    del self.known[next(iter(self.known))]
                self.known[code] = card
        return card


cards = Cards(10_000)
together = Together()


@blueprint.get("/r/<code>")
def follow(code: str) -> Answer:
    """Record the click, then lead to the page of the shop; bots and browsers that look ahead leave no trace."""
    card = cards.get(code, find_card)
    if card is None:
        raise NotFound
    if is_passing():
        return led_to(card.target_url)
    visitor = request.cookies.get(COOKIE, "")
    if not COOKIE_VALUE.fullmatch(visitor):
        visitor = secrets.token_urlsafe(16)
    click, known = record(card, visitor)
    wants_ref = click.outcome in BINDING_OUTCOMES or not known
    response = led_to(with_ref(card.target_url, click.id) if wants_ref else card.target_url)
    response.set_cookie(
        COOKIE, visitor, max_age=YEAR_SECONDS, path="/r/", secure=config().secure, httponly=True, samesite="Lax"
    )
    return response


def record(card: LinkCard, visitor: str) -> tuple[Click, bool]:
    """On disk before anybody is led on."""
    at, seen = now(), traces()
    return together.write(lambda: record_click_of(card, visitor, seen, occurred_at=at, source="link", at=at))


def led_to(address: str) -> Answer:
    response = redirect(address, 302)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def is_passing() -> bool:
    """Whether nobody reads what we answer: a bot, or a browser that only looks ahead."""
    if request.method == "HEAD" or BOTS.search(request.headers.get("User-Agent", "")):
        return True
    return any(FETCHED_AHEAD.search(request.headers.get(name, "")) for name in PURPOSES)


def traces() -> Traces:
    """What the browser tells of itself; of the page it comes from only the address without parameters."""
    try:
        parts = urlsplit(request.referrer or "")
        referrer = parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        referrer = ""
    return Traces(ip_hash(), request.headers.get("User-Agent", ""), referrer)


def ip_hash() -> str:
    """The visitor's address as something that tells equal ones, and nothing else without our key."""
    key = f"address of a click:{config().secret_key}".encode()
    return hmac.new(key, str(client_ip()).encode(), sha256).hexdigest()[:32]


@blueprint.get("/r/<code>.svg")
def qr_svg(code: str) -> Response:
    """The QR code of a link, to print at any size."""
    return drawn(code, "svg", "image/svg+xml")


@blueprint.get("/r/<code>.png")
def qr_png(code: str) -> Response:
    """The QR code of a link as a picture."""
    return drawn(code, "png", "image/png")


def drawn(code: str, kind: str, mimetype: str) -> Response:
    """QR codes never expire: that of a link which does is the one that was shared with it."""
    picture = BytesIO()
    segno.make(link_url(code_for_qr(code)), error="m", micro=False).save(
        picture, kind=kind, scale=QR_SCALE, border=4, dark="#000", light="#fff"
    )
    response = Response(picture.getvalue(), mimetype=mimetype)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Disposition"] = f'inline; filename="{code}.{kind}"'
    return response
