"""The registry of stores, which the platform keeps up to date with an operator's key."""

from typing import Any

from flask import Response, g, jsonify
from marshmallow import Schema, fields, validate

from referrals.api.keys import idempotent, operator_key, require_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import Readable, moment_json
from referrals.api.problems import Invalid, sentence_of
from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.partners.queries import name_of_partner
from referrals.stores.lifecycle import STORE
from referrals.stores.models import Store
from referrals.stores.operations import put_store
from referrals.stores.queries import find_listed
from referrals.stores.rules import LANGUAGES, Facts, parse_language, parse_plan, parse_status, parse_store_domain
from referrals.values import parse_email

blueprint = Blueprint("api_stores", __name__, url_prefix="/api/v1", description="The registry of stores")
blueprint.before_request(require_key)
LONGEST = validate.Length(max=200)
PARSERS = {
    "owner_email": parse_email,
    "owner_language": parse_language,
    "plan": parse_plan,
    "status": parse_status,
}


class StoreIn(Schema):
    """What is told of a store; what is left out, or null, stays as it is. A new one needs a plan."""

    domain = Readable(allow_none=True, metadata={"description": "If it is there, that of the address."})
    name = Readable(allow_none=True, validate=LONGEST)
    owner_name = Readable(allow_none=True, validate=LONGEST)
    owner_email = Readable(allow_none=True, metadata={"description": "Empty: nobody can be invited."})
    owner_language = Readable(allow_none=True, metadata={"description": f"One of {', '.join(LANGUAGES)}."})
    plan = Readable(allow_none=True, metadata={"description": "Code of the plan, like basic or plus."})
    status = Readable(allow_none=True, metadata={"description": f"One of {', '.join(STORE.states)}."})


class StoreOut(Schema):
    """A store as the registry has it."""

    domain = fields.String()
    name = fields.String()
    owner_name = fields.String()
    owner_email = fields.String()
    owner_language = fields.String(validate=validate.OneOf(LANGUAGES))
    plan = fields.String()
    status = fields.String(validate=validate.OneOf(STORE.states))
    partner = fields.String(allow_none=True, metadata={"description": "Who builds it, or built it."})
    handed_over_at = fields.String(allow_none=True)
    changed_at = fields.String()


@blueprint.get("/stores/<domain>")
@blueprint.doc(operationId="readStore", security=[{"key": []}])
@blueprint.response(200, StoreOut)
@operator_key
def show(domain: str) -> Response:
    """Read one store"""
    store = find_listed(domain_in(domain))
    if store is None:
        raise NotFound
    return jsonify(as_json(store))


@blueprint.put("/stores/<domain>")
@blueprint.arguments(StoreIn)
@blueprint.doc(operationId="putStore", security=[{"key": []}])
@blueprint.response(200, StoreOut)
@operator_key
@idempotent
def put(body: dict[str, Any], domain: str) -> Response:
    """Add a store, or bring it up to date"""
    host = domain_in(domain)
    put = put_store(host, facts_in(body, host), by=g.actor, at=now())
    session.flush()
    return jsonify(as_json(put.store))


def domain_in(text: str) -> str:
    """The domain in an address; raises Invalid."""
    try:
        return parse_store_domain(text)
    except RuleBroken as broken:
        raise Invalid({"domain": sentence_of(broken)}) from None


def facts_in(body: dict[str, Any], domain: str) -> Facts:
    """What a body tells; raises Invalid with a sentence for each field that cannot be read."""
    told = {name: value for name, value in body.items() if value is not None}
    errors: dict[str, str] = {}
    if told.get("domain") and domain_in(told["domain"]) != domain:
        errors["domain"] = "This is not the domain of the address."
    for name, parse in PARSERS.items():
        if told.get(name) or (name in told and name != "owner_email"):
            try:
                told[name] = parse(told[name])
            except RuleBroken as broken:
                errors[name] = sentence_of(broken)
    if errors:
        raise Invalid(errors)
    return Facts(**{name: value for name, value in told.items() if name != "domain"})


def as_json(store: Store) -> dict[str, Any]:
    """A store as the API shows it."""
    texts = ("domain", "name", "owner_name", "owner_email", "owner_language", "plan", "status")
    return {name: getattr(store, name) for name in texts} | {
        "partner": name_of_partner(store.partner_id) if store.partner_id else None,
        "handed_over_at": moment_json(store.handed_over_at),
        "changed_at": moment_json(store.changed_at),
    }
