"""Links, clicks and customers of a shop, and whose customer somebody is."""

from secrets import token_urlsafe
from typing import Any

from flask import Response, current_app, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.link_schemas import (
    ClickIn,
    ClickOut,
    IdentifyIn,
    IdentifyOut,
    LinkIn,
    LinkOut,
    Relations,
    RelationsQuery,
)
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json
from referrals.api.problems import Invalid, sentence_of
from referrals.clock import now
from referrals.errors import NotFound, RuleBroken
from referrals.links.customers import find_customer
from referrals.links.joins import CustomerKeys, read_keys
from referrals.links.models import Link
from referrals.links.operations import identify, record_click
from referrals.links.queries import Relation, find_link, read_ref, relations_known, relations_of
from referrals.links.rules import BINDING_OUTCOMES
from referrals.links.sharing import share
from referrals.orders.queries import find_order
from referrals.shops.queries import get_salesperson
from referrals.values import UnreadableCharacters, clean_text, parse_id

blueprint = Blueprint("api_links", __name__, url_prefix="/api/v1", description="Links, clicks and relations of a shop")
blueprint.before_request(require_key)
NO_SUCH_LINK = "The shop has no link with this code."


@blueprint.post("/salespeople/<salesperson_id>/links")
@blueprint.arguments(LinkIn)
@blueprint.doc(operationId="shareLink", security=[{"key": []}])
@blueprint.response(201, LinkOut)
@shop_key
@idempotent
def create(body: dict[str, Any], salesperson_id: str) -> tuple[Response, int]:
    """Share something: a link, or a QR code, of a salesperson"""
    salesperson = get_salesperson(g.actor, g.shop.id, parse_id(salesperson_id) or 0)
    target = read_text(body["target"], "target")
    return jsonify(link_json(share(salesperson, target, body["kind"], shared_at=body.get("shared_at"), at=now()))), 201


@blueprint.post("/clicks")
@blueprint.arguments(ClickIn)
@blueprint.doc(operationId="recordClick", security=[{"key": []}])
@blueprint.response(201, ClickOut)
@shop_key
@idempotent
def click(body: dict[str, Any]) -> tuple[Response, int]:
    """Record a click that the shop's own server saw"""
    at = now()
    link = find_link(g.shop.id, read_text(body["code"], "code"))
    if link is None:
        raise Invalid({"code": NO_SUCH_LINK})
    # Without a visitor nobody else is ever behind this click; its id still serves as `ref`.
    visitor = read_text(body.get("visitor") or "", "visitor") or token_urlsafe(16)
    made = record_click(link, visitor=visitor, occurred_at=body.get("occurred_at") or at, source="api", at=at)
    return jsonify({"id": str(made.id), "bound": made.outcome in BINDING_OUTCOMES, "outcome": made.outcome}), 201


@blueprint.post("/identify")
@blueprint.arguments(IdentifyIn)
@blueprint.doc(operationId="identifyCustomer", security=[{"key": []}])
@blueprint.response(200, IdentifyOut)
@shop_key
@idempotent
def identify_customer(body: dict[str, Any]) -> Response:
    """Tell which customer is behind a visitor or a click"""
    at = now()
    moment = body.get("occurred_at") or at
    ref = read_text(body.get("ref") or "", "ref")
    customer = identify(
        g.shop.id,
        customer_keys(body.get("customer") or {}, "customer."),
        visitor=read_text(body.get("visitor") or "", "visitor") or None,
        ref=ref,
        occurred_at=moment,
        source="api",
        at=at,
    )
    present = [one for one in relations_of(customer.id) if one.holds(moment)]
    return jsonify(
        {
            "customer": str(customer.id),
            "relation": relation_json(present[0]) if present else None,
            "ref_problem": read_ref(g.shop.id, ref, moment)[1],
        }
    )


@blueprint.get("/relations")
@blueprint.arguments(RelationsQuery, location="query")
@blueprint.doc(operationId="readRelations", security=[{"key": []}])
@blueprint.response(200, Relations)
@shop_key
def relations(query: dict[str, Any]) -> Response:
    """Ask whose customer somebody is, now or at any moment"""
    found = of_order(query["order"]) if query.get("order") else of_customer(query)
    moment = query.get("at")
    items = [relation_json(one) for one in found if moment is None or one.holds(moment)]
    return jsonify({"items": items, "next": None})


def of_order(external_id: str) -> list[Relation]:
    """The relations of an order's customer as they were known when it was received. Raises NotFound."""
    order = find_order(g.shop.id, read_text(external_id, "order"))
    if order is None:
        raise NotFound
    return relations_known(order.customer_id, order.received_at) if order.customer_id is not None else []


def of_customer(query: dict[str, Any]) -> list[Relation]:
    """The relations of a customer as they are known now; those of somebody unknown are none."""
    # A + that was not escaped in the address arrives as a space.
    email = (query.get("email") or "").strip().replace(" ", "+")
    phone = (query.get("phone") or "").strip()
    asked = {"id": query.get("customer_id"), "email": email, "phone": f"+{phone}" if phone[:1].isdigit() else phone}
    keys = customer_keys(asked, "")
    if not keys:
        raise Invalid({"customer_id": "Name a customer_id, an email, a phone or an order."})
    customer = find_customer(g.shop.id, keys)
    return relations_of(customer.id) if customer is not None else []


def customer_keys(named: dict[str, Any], prefix: str) -> CustomerKeys:
    """The keys in normal form; raises Invalid, naming the field that cannot be read."""
    try:
        return read_keys(named.get("id"), named.get("email"), named.get("phone"))
    except RuleBroken as broken:
        raise Invalid({f"{prefix}{broken.field}": sentence_of(broken)}) from None


def read_text(text: str, name: str) -> str:
    """A text without characters that cannot be shown; raises Invalid, naming the field."""
    try:
        return clean_text(text)
    except UnreadableCharacters as broken:
        raise Invalid({name: sentence_of(broken)}) from None


def link_json(link: Link) -> dict[str, Any]:
    """A link as the API shows it."""
    return {
        "code": link.code,
        "url": f"{current_app.extensions['referrals'].config.base_url}/r/{link.code}",
        "expires_at": moment_json(link.expires_at),
        "kind": link.kind,
        "target": link.target,
        "target_url": link.target_url,
    }


def relation_json(relation: Relation) -> dict[str, Any]:
    """An interval as the API shows it."""
    return {
        "salesperson": str(relation.salesperson_id),
        "from": moment_json(relation.from_at),
        "until": moment_json(relation.until_at),
        "click": str(relation.click_id),
        "rule": relation.rule,
    }
