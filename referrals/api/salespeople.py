"""The salespeople of a shop: added, changed, read with their money."""

from datetime import datetime
from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json
from referrals.api.problems import Invalid, sentence_of
from referrals.api.shop_schemas import (
    Salespeople,
    SalespeopleQuery,
    SalespersonChanges,
    SalespersonIn,
    SalespersonOut,
    SalespersonShort,
)
from referrals.clock import now
from referrals.commissions.earnings import earned_by
from referrals.errors import NotFound
from referrals.ledger.operations import Owner, salesperson
from referrals.ledger.queries import balance
from referrals.links.sharing import welcome
from referrals.listing import AnyRow, Wish
from referrals.people.rules import masked_phone
from referrals.shops.models import Salesperson
from referrals.shops.queries import find_by_phone, get_salesperson
from referrals.shops.rates import own_rate, set_rate
from referrals.shops.salespeople import AlreadySalesperson, add_salesperson, change_status, set_coupon, set_email
from referrals.shops.salesperson_list import SalespersonList
from referrals.values import NotAPhone, parse_id, parse_phone

blueprint = Blueprint("api_salespeople", __name__, url_prefix="/api/v1", description="A shop's salespeople")
blueprint.before_request(require_key)


@blueprint.get("/salespeople")
@blueprint.arguments(SalespeopleQuery, location="query")
@blueprint.doc(operationId="listSalespeople", security=[{"key": []}])
@blueprint.response(200, Salespeople)
@shop_key
def index(query: dict[str, str]) -> Response:
    """List salespeople, the newest first"""
    wish = Wish(filters={"status": query.get("status", "")}, page=query.get("cursor", ""))
    found = SalespersonList(g.actor, g.shop.id, wish).slice()
    return jsonify({"items": [row_json(row) for row in found.rows], "next": found.next})


@blueprint.post("/salespeople")
@blueprint.arguments(SalespersonIn)
@blueprint.doc(operationId="addSalesperson", security=[{"key": []}])
@blueprint.response(201, SalespersonShort)
@shop_key
@idempotent
def create(body: dict[str, Any]) -> tuple[Response, int]:
    """Add a salesperson; one who is known by this phone is answered as they are, with 200"""
    at = now()
    phone = read_phone(body["phone"])
    try:
        made = add_salesperson(
            g.shop,
            phone,
            nickname=body.get("nickname") or "",
            email=body.get("email") or "",
            coupon_code=body.get("coupon_code") or "",
            joined_at=body.get("joined_at"),
            by=g.actor,
            at=at,
        )
    except AlreadySalesperson:
        return jsonify(as_json(known_by(phone))), 200
    welcome(made, at=at)
    return jsonify(as_json(made)), 201


@blueprint.get("/salespeople/<salesperson_id>")
@blueprint.doc(operationId="readSalesperson", security=[{"key": []}])
@blueprint.response(200, SalespersonOut)
@shop_key
def show(salesperson_id: str) -> Response:
    """Read one salesperson, with balance, pending and settled commissions"""
    return jsonify(with_money(find(salesperson_id), at=now()))


@blueprint.patch("/salespeople/<salesperson_id>")
@blueprint.arguments(SalespersonChanges)
@blueprint.doc(operationId="changeSalesperson", security=[{"key": []}])
@blueprint.response(200, SalespersonOut)
@shop_key
@idempotent
def change(body: dict[str, Any], salesperson_id: str) -> Response:
    """Change a salesperson's state, rate, coupon code or e-mail"""
    at = now()
    found = find(salesperson_id)
    effective_at: datetime = body.get("effective_at") or at
    if "email" in body:
        set_email(found, body["email"] or "")
    if "coupon_code" in body:
        set_coupon(found, body["coupon_code"] or "")
    if "rate_bp" in body:
        set_rate(g.shop, "salesperson", found.id, body["rate_bp"], effective_at=effective_at, by=g.actor, at=at)
    if "status" in body:
        change_status(found, body["status"], effective_at=effective_at, by=g.actor, at=at)
    return jsonify(with_money(found, at=max(at, effective_at)))


def find(salesperson_id: str) -> Salesperson:
    return get_salesperson(g.actor, g.shop.id, parse_id(salesperson_id) or 0)


def known_by(phone: str) -> Salesperson:
    known = find_by_phone(g.shop.id, phone)
    if known is None:
        raise NotFound
    return known


def read_phone(text: str) -> str:
    try:
        return parse_phone(text)
    except NotAPhone as broken:
        raise Invalid({"phone": sentence_of(broken)}) from None


def as_json(found: Salesperson) -> dict[str, Any]:
    """A salesperson as the API shows them."""
    return {
        "id": str(found.id),
        "code": found.code,
        "status": found.status,
        "name": found.person.called,
        "email": found.email,
        "coupon_code": found.coupon_code,
        "joined_at": moment_json(found.joined_at),
    }


def row_json(row: AnyRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "code": row.code,
        "status": row.status,
        "name": row.nickname or masked_phone(row.phone or ""),
        "email": row.email,
        "coupon_code": row.coupon_code,
        "joined_at": moment_json(row.joined_at),
    }


def with_money(found: Salesperson, *, at: datetime) -> dict[str, Any]:
    """A salesperson with the rate that is theirs alone, and their money."""
    currency = g.shop.currency
    earned = earned_by([found.id])[found.id]
    held = balance(Owner("shop", g.shop.id, currency), salesperson(found.id))
    return as_json(found) | {
        "rate_bp": own_rate(g.shop.id, "salesperson", found.id, at),
        "balance": money_json(held, currency),
        "pending": money_json(earned.pending, currency),
        "settled": money_json(earned.settled, currency),
    }
