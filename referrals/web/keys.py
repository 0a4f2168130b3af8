"""A partner's API keys: made, shown once, revoked (`SPEC §14`)."""

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.people.queries import keys_of_partner
from referrals.people.rules import Actor
from referrals.people.sign_in import make_key, revoke_key
from referrals.values import parse_id
from referrals.web import hx
from referrals.web.forms.people import KeyForm
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("keys", __name__)


@blueprint.get("/keys")
@may("manage_members")
def index() -> Response:
    """The keys that are good."""
    return keys_page(KeyForm())


def keys_page(form: KeyForm, status: int = 200, secret: str = "") -> Response:
    keys = keys_of_partner(actor().partner_id or 0)
    return hx.render("keys/list.html", "keys/list.html", status, form=form, keys=keys, secret=secret)


@blueprint.post("/keys")
@may("manage_members")
def create() -> Response:
    """Make a key; its secret is shown on this answer and never again."""
    form = KeyForm()
    if not form.validate():
        return keys_page(form, 422)
    secret = make_key(
        "partner", partner_id=actor().partner_id, name=form.name.data, scopes=scopes_of(actor()), by=actor(), at=now()
    )
    session.commit()
    return keys_page(KeyForm(formdata=None), secret=secret)


def scopes_of(maker: Actor) -> list[str]:
    """What a new key opens: nobody hands out more than they have."""
    held = {"referrals": "view_referrals", "financials": "view_financials"}
    return ["leads", *(scope for scope, permission in held.items() if maker.may(permission))]


@blueprint.post("/keys/<key_id>/revocation")
@may("manage_members")
def revoke(key_id: str) -> AnyResponse:
    """End a key at once."""
    wanted = parse_id(key_id)
    key = next((key for key in keys_of_partner(actor().partner_id or 0) if key.id == wanted), None)
    if key is None:
        raise NotFound
    revoke_key(key, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("keys.index"), N_("The key is revoked."))
