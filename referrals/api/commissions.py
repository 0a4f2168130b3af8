"""The commissions of a shop: listed, read, settled by hand."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.money_schemas import ByHandIn, CommissionOut, CommissionQuery, Commissions
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json, read_money
from referrals.clock import now
from referrals.commissions.commission_list import CommissionList
from referrals.commissions.models import Commission
from referrals.commissions.queries import get_commission
from referrals.listing import AnyRow, Wish
from referrals.settlement.by_hand import settle_by_hand
from referrals.values import parse_id

blueprint = Blueprint("api_commissions", __name__, url_prefix="/api/v1", description="A shop's commissions")
blueprint.before_request(require_key)


@blueprint.get("/commissions")
@blueprint.arguments(CommissionQuery, location="query")
@blueprint.doc(operationId="listCommissions", security=[{"key": []}])
@blueprint.response(200, Commissions)
@shop_key
def index(query: dict[str, Any]) -> Response:
    """List commissions, the newest first"""
    filters = {name: query.get(name, "") for name in ("reason", "salesperson", "order")}
    filters["state"] = query.get("status", "")
    filters["by_hand_due"] = "true" if query.get("by_hand_due") else ""
    wish = Wish(filters=filters, sort=query.get("sort", ""), page=query.get("cursor", ""))
    found = CommissionList(g.actor, g.shop, wish).slice()
    return jsonify({"items": [commission_json(row) for row in found.rows], "next": found.next})


@blueprint.get("/commissions/<commission_id>")
@blueprint.doc(operationId="readCommission", security=[{"key": []}])
@blueprint.response(200, CommissionOut)
@shop_key
def show(commission_id: str) -> Response:
    """Read one commission"""
    return jsonify(commission_json(get_commission(g.actor, parse_id(commission_id))))


@blueprint.post("/commissions/<commission_id>/by-hand")
@blueprint.arguments(ByHandIn)
@blueprint.doc(operationId="settleByHand", security=[{"key": []}])
@blueprint.response(201, CommissionOut)
@shop_key
@idempotent
def by_hand(body: dict[str, Any], commission_id: str) -> tuple[Response, int]:
    """Record what was agreed on with the salesperson, paid from the balance or outside"""
    commission = get_commission(g.actor, parse_id(commission_id))
    amount = read_money(body["amount"], commission.currency, "amount")
    settle_by_hand(commission, amount, paid_from=body["paid_from"], note=body["note"], by=g.actor, at=now())
    return jsonify(commission_json(commission)), 201


def commission_json(found: Commission | AnyRow) -> dict[str, Any]:
    """A commission as the API shows it; takes rows of the list too."""

    def money(minor: int) -> dict[str, str]:
        return money_json(minor, found.currency)

    return {
        "id": str(found.id),
        "status": found.status,
        "reason": found.reason,
        "amount": money(found.amount_minor),
        "clawed_back": money(found.clawed_back_minor),
        "suggested": money(found.suggested_minor),
        "by_hand_due": money(found.by_hand_due_minor),
        "collected_by": found.collected_by,
        "order": found.order_key,
        "salesperson": str(found.salesperson_id),
        "created_at": moment_json(found.created_at),
        "due_at": moment_json(found.due_at),
        "settled_at": moment_json(found.settled_at),
        "settlement": str(found.run_id) if found.run_id is not None else None,
        "held_reason": found.held_reason,
        "error": found.error,
    }
