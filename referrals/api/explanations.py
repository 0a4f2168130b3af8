"""Why a commission is what it is, why an order is nobody's, and what other settings would have done."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.book_schemas import DifferenceOut, ExplanationOut, SettingsTry, WhyNotOut
from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import money_json
from referrals.api.problems import Invalid
from referrals.api.settings import read_changes
from referrals.clock import now
from referrals.commissions.queries import commission_of, get_commission
from referrals.errors import NotFound
from referrals.explanations.commission import explain
from referrals.explanations.dry_run import dry_run
from referrals.explanations.telling import as_values, why_not_values
from referrals.explanations.unattributed import explain_unattributed
from referrals.orders.queries import get_order
from referrals.values import parse_id

blueprint = Blueprint("api_explanations", __name__, url_prefix="/api/v1", description="Why things are as they are")
blueprint.before_request(require_key)


@blueprint.get("/commissions/<commission_id>/explanation")
@blueprint.doc(operationId="explainCommission", security=[{"key": []}])
@blueprint.response(200, ExplanationOut)
@shop_key
def explain_commission(commission_id: str) -> Response:
    """Retell a commission, from the click to the books"""
    return jsonify(as_values(explain(get_commission(g.actor, parse_id(commission_id)))))


@blueprint.get("/orders/<path:external_id>/explanation")
@blueprint.doc(operationId="explainOrder", security=[{"key": []}])
@blueprint.response(200, WhyNotOut)
@shop_key
def explain_order(external_id: str) -> Response:
    """Say why an order is nobody's, or retell its commission"""
    order = get_order(g.actor, g.shop.id, external_id)
    why_not = explain_unattributed(order)
    if why_not is not None:
        return jsonify(why_not_values(why_not))
    commission = commission_of(order.id)
    if commission is None:
        raise NotFound
    return jsonify(as_values(explain(commission)))


@blueprint.post("/settings/dry-run")
@blueprint.arguments(SettingsTry)
@blueprint.doc(operationId="trySettings", security=[{"key": []}])
@blueprint.response(200, DifferenceOut)
@shop_key
@idempotent
def try_settings(body: dict[str, Any]) -> Response:
    """Try settings on the orders of a time that is past; nothing is changed"""
    since, until = body.pop("since"), body.pop("until", None) or now()
    if until < since:
        raise Invalid({"to": "This is before `from`."})
    shop = g.shop
    currency = shop.currency
    found = dry_run(shop, read_changes(body), since, until)
    people = [
        {"salesperson": str(who), "difference": money_json(minor, currency)}
        for who, minor in sorted(found.per_salesperson.items())
    ]
    return jsonify(
        {
            "orders": found.orders,
            "orders_changed": found.orders_changed,
            "per_salesperson": people,
            "total": money_json(found.total, currency),
        }
    )
