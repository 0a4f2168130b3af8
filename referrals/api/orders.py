"""Orders of a shop and what happens to them, by the same operations as webhooks and files."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.order_schemas import EventIn, EventOut, Lines, OrderIn, OrderOut
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json, read_money
from referrals.api.problems import Invalid
from referrals.clock import now
from referrals.commissions.queries import commission_of
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import Order, OrderEvent, OrderLine
from referrals.orders.operations import receive_event, receive_order
from referrals.orders.queries import campaign_of, contact_of, events_of, get_order
from referrals.orders.rules import stage_of
from referrals.orders.standing import standing_of

blueprint = Blueprint("api_orders", __name__, url_prefix="/api/v1", description="Orders of a shop")
blueprint.before_request(require_key)
COUNTED = {"refunded", "cashback"}
AMOUNTS = ("shipping", "tax", "goods", "left", "refunded", "excess")
MOMENTS = ("paid_at", "shipped_at", "completed_at", "cancelled_at")


@blueprint.post("/orders")
@blueprint.arguments(OrderIn)
@blueprint.doc(operationId="receiveOrder", security=[{"key": []}])
@blueprint.response(201, OrderOut)
@blueprint.alt_response(200, schema=OrderOut, description="The same order again")
@shop_key
@idempotent
def create(body: dict[str, Any]) -> tuple[Response, int]:
    """Tell of an order; again is the same, otherwise is a conflict that names the difference"""
    received = receive_order(g.shop, read_order(body), source="api", by=g.actor, at=now())
    return jsonify(order_json(received.order)), 201 if received.fresh else 200


@blueprint.get("/orders/<path:external_id>")
@blueprint.doc(operationId="readOrder", security=[{"key": []}])
@blueprint.response(200, OrderOut)
@shop_key
def show(external_id: str) -> Response:
    """Read an order: facts, events, whose it is, what it earns"""
    return jsonify(order_json(get_order(g.actor, g.shop.id, external_id)))


@blueprint.post("/orders/<path:external_id>/events")
@blueprint.arguments(EventIn)
@blueprint.doc(operationId="receiveOrderEvent", security=[{"key": []}])
@blueprint.response(201, EventOut)
@blueprint.alt_response(200, schema=EventOut, description="The same event again")
@blueprint.alt_response(202, schema=EventOut, description="Kept until its order comes")
@shop_key
@idempotent
def create_event(body: dict[str, Any], external_id: str) -> tuple[Response, int]:
    """Tell what happened to an order, also before the order itself"""
    event = read_event(body)
    received = receive_event(g.shop, external_id, event, source="api", by=g.actor, at=now())
    status = 202 if received.order is None else 201 if received.fresh else 200
    return jsonify(event_json(received.event)), status


def read_order(body: dict[str, Any]) -> IncomingOrder:
    """The order that a body describes; raises Invalid."""
    customer = body.get("customer") or {}
    return IncomingOrder(
        external_id=body["external_id"],
        placed_at=body["placed_at"],
        currency=body["currency"],
        payment_method=body.get("payment_method") or "",
        collected_by=body.get("collected_by"),
        customer=IncomingCustomer(customer.get("id"), customer.get("email"), customer.get("phone")),
        ref=body.get("ref"),
        visitor=body.get("visitor"),
        coupon_codes=tuple(body.get("coupon_codes") or ()),
        test=body["test"],
        requires_shipping=body["requires_shipping"],
        group_buy=body.get("group_buy"),
        shipping_minor=optional_money(body, "shipping"),
        tax_minor=optional_money(body, "tax"),
        lines=tuple(read_line(line, number) for number, line in enumerate(body["lines"])),
        paid_at=body.get("paid_at"),
        shipped_at=body.get("shipped_at"),
        completed_at=body.get("completed_at"),
        cancelled_at=body.get("cancelled_at"),
    )


def read_line(line: dict[str, Any], number: int) -> IncomingLine:
    amount = read_money(line["amount"], g.shop.currency, f"lines.{number}.amount")
    return IncomingLine(line["id"], line["sku"], line["title"], line["quantity"], amount)


def optional_money(body: dict[str, Any], name: str) -> int:
    return read_money(body[name], g.shop.currency, name) if body.get(name) is not None else 0


def read_event(body: dict[str, Any]) -> IncomingEvent:
    """The event that a body describes; raises Invalid."""
    type_, lines = body["type"], body.get("lines")
    amount = read_money(body["amount"], g.shop.currency, "amount") if body.get("amount") is not None else None
    if amount is not None and type_ not in COUNTED:
        raise Invalid({"amount": "Only refunded and cashback have an amount."})
    if lines is not None and type_ not in {"refunded", "amended"}:
        raise Invalid({"lines": "Only refunded and amended have lines."})
    if type_ == "amended" and lines is None:
        raise Invalid({"lines": "An amendment tells all lines anew."})
    return IncomingEvent(
        id=body["id"],
        type=type_,
        occurred_at=body["occurred_at"],
        amount_minor=amount,
        lines=tuple(read_part(part, number) for number, part in enumerate(lines or ())) if type_ == "refunded" else (),
        new_lines=new_lines(lines or ()) if type_ == "amended" else (),
    )


def read_part(part: Any, number: int) -> tuple[str, int]:
    if not isinstance(part, dict) or set(part) != {"id", "amount"} or not isinstance(part["id"], str):
        raise Invalid({f"lines.{number}": "Write {id, amount}."})
    return part["id"], read_money(part["amount"], g.shop.currency, f"lines.{number}.amount")


def new_lines(lines: Sequence[Any]) -> tuple[IncomingLine, ...]:
    errors = Lines().validate({"lines": list(lines)})
    if errors:
        raise Invalid({"lines": "Write {id, sku, title, quantity, amount} for each line."})
    loaded: Any = Lines().load({"lines": list(lines)})
    return tuple(read_line(line, number) for number, line in enumerate(loaded["lines"]))


def order_json(order: Order) -> dict[str, Any]:
    """An order as the API shows it."""
    standing, contact, campaign = standing_of(order), contact_of(order), campaign_of(order)
    amounts = {name: money_json(getattr(order, f"{name}_minor"), order.currency) for name in AMOUNTS}
    return {
        "external_id": order.external_id,
        "status": stage_of(
            standing.state,
            completed_at=order.completed_at,
            goods=order.goods_minor,
            left=order.left_minor,
            at=now(),
        ),
        "placed_at": moment_json(order.placed_at),
        "currency": order.currency,
        "payment_method": order.payment_method,
        "collected_by": order.collected_by,
        "customer": {
            "id": contact.customer_ref if contact else None,
            "email": contact.email if contact else None,
            "phone": contact.phone if contact else None,
        },
        "ref": order.ref,
        "ref_problem": order.ref_problem,
        "visitor": order.visitor,
        "coupon_codes": list(order.coupon_codes),
        "test": order.test,
        "requires_shipping": order.requires_shipping,
        "group_buy": campaign.external_id if campaign else None,
        **amounts,
        "lines": [line_json(line, order.currency) for line in standing.lines],
        **{name: moment_json(getattr(order, name)) for name in MOMENTS},
        "events": [event_json(event) for event in events_of(order)],
        "attribution": attribution_json(order),
        "commission": commission_json(order),
    }


def line_json(line: OrderLine, currency: str) -> dict[str, Any]:
    return {
        "id": line.line_id,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "amount": money_json(line.amount_minor, currency),
    }


def event_json(event: OrderEvent) -> dict[str, Any]:
    """An event as the API shows it; amounts are in the shop's currency."""
    currency = g.shop.currency
    if event.type == "amended":
        lines = [
            {"id": name, "sku": sku, "title": title, "quantity": quantity, "amount": money_json(amount, currency)}
            for name, sku, title, quantity, amount in event.lines
        ]
    else:
        lines = [{"id": name, "amount": money_json(amount, currency)} for name, amount in event.lines]
    return {
        "id": event.event_id,
        "type": event.type,
        "occurred_at": moment_json(event.occurred_at),
        "amount": money_json(event.amount_minor, currency) if event.amount_minor is not None else None,
        "lines": lines,
        "order": event.order_external_id,
        "waiting": event.order_id is None,
    }


def attribution_json(order: Order) -> dict[str, Any]:
    return {
        "salesperson": str(order.salesperson_id) if order.salesperson_id is not None else None,
        "click": str(order.click_id) if order.click_id is not None else None,
        "via": order.via,
        "reason": order.reason,
    }


def commission_json(order: Order) -> dict[str, Any] | None:
    found = commission_of(order.id)
    if found is None:
        return None
    return {
        "id": str(found.id),
        "salesperson": str(found.salesperson_id),
        "status": found.status,
        "reason": found.reason,
        "amount": money_json(found.amount_minor, found.currency),
        "clawed_back": money_json(found.clawed_back_minor, found.currency),
        "due_at": moment_json(found.due_at),
        "settled_at": moment_json(found.settled_at),
    }
