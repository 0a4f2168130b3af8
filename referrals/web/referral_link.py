"""A partner's referral link: its page with QR code, and `/p/<code>`, where it leads (`SPEC §4`)."""

from io import BytesIO
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import segno
from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.leads.catalogue import programme
from referrals.partners.links import find_partner_by_code, make_link
from referrals.partners.models import Partner
from referrals.partners.queries import get_partner
from referrals.web import hx
from referrals.web.house import config
from referrals.web.promo import QR_SCALE
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("referral_link", __name__)


@blueprint.get("/referral-link")
@may("submit_leads")
def show() -> Response:
    """The link to share, its QR code, or the button that makes it."""
    partner = own_partner()
    url = link_url(partner.link_code) if partner.link_code else ""
    leads_on = bool(programme().signup_url)
    return hx.render("referrals/link.html", "referrals/link.html", code=partner.link_code, url=url, leads_on=leads_on)


@blueprint.post("/referral-link")
@may("submit_leads")
def create() -> AnyResponse:
    """Make the link, or find the one that another member made meanwhile."""
    make_link(own_partner(), by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("referral_link.show"), N_("Your link is ready."))


def own_partner() -> Partner:
    return get_partner(actor(), actor().partner_id or 0)


def link_url(code: str) -> str:
    """The whole address of a partner's referral link."""
    return f"{config().base_url}/p/{code}"


@blueprint.get("/p/<code>")
def follow(code: str) -> AnyResponse:
    """Lead on to where merchants sign up, with the partner's code; to no address but the operator's (P15)."""
    partner, address = find_partner_by_code(code), programme().signup_url
    if partner is None or not address:
        raise NotFound
    response = redirect(with_partner(address, partner.link_code or ""), 302)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def with_partner(address: str, code: str) -> str:
    """The address with `partner=<code>` as its last parameter, in place of one that stood there."""
    parts = urlsplit(address)
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "partner"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("partner", code)])))


@blueprint.get("/p/<code>.<any(svg, png):kind>")
def qr_code(code: str, kind: str) -> Response:
    """The QR code of a link: to print at any size, or as a picture."""
    partner = find_partner_by_code(code)
    if partner is None or partner.link_code is None:
        raise NotFound
    picture = BytesIO()
    segno.make(link_url(partner.link_code), error="m", micro=False).save(
        picture, kind=kind, scale=QR_SCALE, border=4, dark="#000", light="#fff"
    )
    response = Response(picture.getvalue(), mimetype={"svg": "image/svg+xml", "png": "image/png"}[kind])
    response.headers["Content-Disposition"] = f'inline; filename="{partner.link_code}.{kind}"'
    return response
