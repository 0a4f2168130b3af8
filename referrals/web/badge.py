"""The badge script that stands on a shop's pages, and what it asks (`SPEC §5`).

The script carries an arriving `ref` into the cart. Whoever left a badge token in the shop's own storage (by *visit my
shop*) is shown the badge, which shares the page it stands on. It is called from the shop's hosts alone.
"""

from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext
from itsdangerous import BadData, URLSafeTimedSerializer

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.links.sharing import share
from referrals.people.rules import SYSTEM, Actor
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import find_shop, get_salesperson, get_shop, hosts_of, settings_of
from referrals.web import limits, words
from referrals.web.house import config, link_url
from referrals.web.language import language
from referrals.web.sell.ground import NotNow
from referrals.wording import N_

blueprint = Blueprint("badge", __name__, url_prefix="/badge")
LIFE_SECONDS = 180 * 24 * 3600
SCRIPT_SECONDS = 300
WORDS = {
    "title": N_("Share this page"),
    "open": N_("Share"),
    "share": N_("Share"),
    "copy": N_("Copy"),
    "copied": N_("Copied."),
    "qr": N_("QR code"),
    "link": N_("Your link to this page"),
    "forget": N_("Hide this here"),
    "failed": N_("That did not work. Please try again."),
}
ACTIVE = N_("%(name)s, whoever opens this link becomes your customer.")
INACTIVE = N_("Your links do not count at the moment. Your own page says why.")
UNKNOWN = N_("Open the shop from your own page again.")


def snippet(shop: Shop) -> str:
    """What a merchant puts into every page of the shop, before `</body>`."""
    return f'<script src="{config().base_url}/badge/{shop.slug}.js" defer></script>'


def signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="badge", signer_kwargs={"digest_method": sha256})


def token_of(salesperson: Salesperson) -> str:
    """By which the badge knows the salesperson; good for half a year, or until they end all of them."""
    return str(signer().dumps([str(salesperson.id), salesperson.badge_digest or ""]))


def bearer(shop: Shop) -> Salesperson | None:
    """The salesperson of this shop whose token the badge sent."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        salesperson_id, mark = signer().loads(token, max_age=LIFE_SECONDS)
        found = get_salesperson(whoever(shop, int(salesperson_id)), shop.id, int(salesperson_id))
    except (BadData, ValueError, TypeError, NotFound):
        return None
    return found if mark == (found.badge_digest or "") else None


def whoever(shop: Shop, salesperson_id: int) -> Actor:
    return Actor(role="salesperson", shop_id=shop.id, salesperson_id=salesperson_id)


@blueprint.get("/<slug>.js")
def script(slug: str) -> Response:
    """The script, in the language that the browser asks for."""
    shop = get_shop(SYSTEM, slug)
    settings = {
        "base": f"{config().base_url}/badge/{shop.slug}",
        "look": render_template("badge/badge.css"),
        "words": words.in_words(WORDS),
    }
    response = make_response(render_template("badge/badge.js", settings=settings))
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_SECONDS}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Content-Language"] = language()
    response.vary.update(["Accept-Language", "Cookie"])
    return response


@blueprint.get("/<slug>/me")
def me(slug: str) -> Response:
    """Who looks at the shop, and whether their links count."""
    shop = get_shop(SYSTEM, slug)
    salesperson = bearer(shop)
    if salesperson is None:
        return refused()
    active = salesperson.status == "active" and settings_of(shop.id).at(now()).programme
    name = salesperson.person.called
    return jsonify(name=name, active=active, note=gettext(ACTIVE, name=name) if active else gettext(INACTIVE))


@blueprint.post("/<slug>/links")
@limits.badge_links
def create_link(slug: str) -> Response:
    """A link for exactly the page that the badge stands on; `kind` qr gives its QR code too."""
    shop = get_shop(SYSTEM, slug)
    salesperson = bearer(shop)
    if salesperson is None:
        return refused()
    asked = request.get_json(silent=True)
    wish: dict[str, Any] = asked if isinstance(asked, dict) else {}
    kind = "qr" if wish.get("kind") == "qr" else "link"
    at = now()
    try:
        if salesperson.status != "active":
            raise NotNow
        link = share(salesperson, str(wish.get("target", "")), kind, shared_at=at, at=at)
    except RuleBroken as broken:
        session.rollback()
        return problem(422, words.say(broken))
    session.commit()
    url = link_url(link.code)
    expires_at = link.expires_at.isoformat() if link.expires_at else None
    drawn = {"qr": drawing(url)} if kind == "qr" else {}
    return make_response(jsonify(code=link.code, url=url, expires_at=expires_at, **drawn), 201)


def drawing(url: str) -> dict[str, Any]:
    """A QR code as the size of its square and one path of its dark fields, for the script to draw."""
    rows = segno.make(url, error="m", micro=False).matrix
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return {"size": len(rows), "path": path}


def refused() -> Response:
    return problem(401, gettext(UNKNOWN))


def problem(status: int, sentence: str) -> Response:
    return make_response(jsonify(problem=sentence), status)


@blueprint.after_request
def allow_the_shop(response: Response) -> Response:
    """Browsers let only pages on the shop's own hosts read these answers."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    shop = find_shop(str((request.view_args or {}).get("slug", "")))
    if shop is not None and not hosts_in(origin).isdisjoint(hosts_of(shop.id)):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Max-Age"] = "600"
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def hosts_in(origin: str) -> set[str]:
    """The host of an origin, without and with its port, as either may be registered."""
    try:
        parts = urlsplit(origin)
        return {parts.hostname or "", parts.netloc.lower()} - {""}
    except ValueError:
        return set()
