"""The money of a shop: its balance, top-ups, settlement runs, withdrawals."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.money_schemas import (
    BalanceOut,
    PaymentIn,
    RefusalIn,
    SettlementIn,
    SettlementOut,
    TopUpIn,
    TopUpOut,
    WithdrawalIn,
    WithdrawalOut,
    WithdrawalQuery,
    Withdrawals,
)
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json, read_money
from referrals.clock import now
from referrals.ledger.operations import STORE
from referrals.ledger.queries import balance
from referrals.listing import AnyRow, Wish
from referrals.settlement.balance import outlook, top_up
from referrals.settlement.models import SettlementRun, Withdrawal
from referrals.settlement.runs import get_run, owner_of
from referrals.settlement.withdrawal_list import WithdrawalList
from referrals.settlement.withdrawals import get_withdrawal, pay_withdrawal, refuse_withdrawal, request_withdrawal
from referrals.settling import settle_shop
from referrals.shops.queries import get_salesperson
from referrals.values import parse_id

blueprint = Blueprint("api_balance", __name__, url_prefix="/api/v1", description="A shop's money")
blueprint.before_request(require_key)


@blueprint.get("/balance")
@blueprint.doc(operationId="readBalance", security=[{"key": []}])
@blueprint.response(200, BalanceOut)
@shop_key
def show_balance() -> Response:
    """Read the balance, and what waits for it"""
    found = outlook(g.shop, at=now())
    amounts = {name: getattr(found, name) for name in ("balance", "pending", "due", "shortfall")}
    shown = {name: money_json(minor, found.currency) for name, minor in amounts.items()}
    return jsonify({**shown, "next_run_at": moment_json(found.next_run_at)})


@blueprint.post("/top-ups")
@blueprint.arguments(TopUpIn)
@blueprint.doc(operationId="topUp", security=[{"key": []}])
@blueprint.response(201, TopUpOut)
@shop_key
@idempotent
def create_top_up(body: dict[str, Any]) -> tuple[Response, int]:
    """Put money into the store balance; the same id again is answered with 200"""
    amount = read_money(body["amount"], g.shop.currency, "amount")
    made, fresh = top_up(g.shop, amount, external_id=body["id"], note=body["note"], by=g.actor, at=now())
    answer = {
        "id": made.external_id,
        "amount": money_json(made.amount_minor, g.shop.currency),
        "note": made.note,
        "at": moment_json(made.at),
        "balance": store_balance(),
    }
    return jsonify(answer), 201 if fresh else 200


@blueprint.post("/settlements")
@blueprint.arguments(SettlementIn)
@blueprint.doc(operationId="settle", security=[{"key": []}])
@blueprint.response(201, SettlementOut)
@shop_key
@idempotent
def settle(body: dict[str, Any]) -> tuple[Response, int]:
    """Settle what is due, now or as if it were a past moment"""
    run = settle_shop(g.shop.id, as_of=body.get("as_of"), started_by="api", by=g.actor, at=now())
    return jsonify(run_json(run)), 201


@blueprint.get("/settlements/<run_id>")
@blueprint.doc(operationId="readSettlement", security=[{"key": []}])
@blueprint.response(200, SettlementOut)
@shop_key
def show_settlement(run_id: str) -> Response:
    """Read a run, and how far it has come"""
    return jsonify(run_json(get_run(g.actor, g.shop, parse_id(run_id))))


@blueprint.get("/withdrawals")
@blueprint.arguments(WithdrawalQuery, location="query")
@blueprint.doc(operationId="listWithdrawals", security=[{"key": []}])
@blueprint.response(200, Withdrawals)
@shop_key
def list_withdrawals(query: dict[str, Any]) -> Response:
    """List withdrawals, the newest first"""
    wish = Wish(filters={"status": query.get("status", "")}, page=query.get("cursor", ""))
    found = WithdrawalList(g.actor, g.shop, wish).slice()
    return jsonify({"items": [withdrawal_json(row) for row in found.rows], "next": found.next})


@blueprint.post("/withdrawals")
@blueprint.arguments(WithdrawalIn)
@blueprint.doc(operationId="requestWithdrawal", security=[{"key": []}])
@blueprint.response(201, WithdrawalOut)
@shop_key
@idempotent
def create_withdrawal(body: dict[str, Any]) -> tuple[Response, int]:
    """Ask for a salesperson's money to be paid out; the amount is reserved"""
    asking = get_salesperson(g.actor, g.shop.id, parse_id(body["salesperson"]) or 0)
    amount = read_money(body["amount"], g.shop.currency, "amount")
    made = request_withdrawal(asking, amount, method=body["method"], by=g.actor, at=now())
    return jsonify(withdrawal_json(made)), 201


@blueprint.post("/withdrawals/<withdrawal_id>/payment")
@blueprint.arguments(PaymentIn)
@blueprint.doc(operationId="payWithdrawal", security=[{"key": []}])
@blueprint.response(200, WithdrawalOut)
@shop_key
@idempotent
def pay(body: dict[str, Any], withdrawal_id: str) -> Response:
    """Record that a withdrawal was paid"""
    found = get_withdrawal(g.actor, parse_id(withdrawal_id))
    fee = read_money(body["fee"], found.currency, "fee") if body.get("fee") else 0
    pay_withdrawal(found, fee_minor=fee, reference=body["reference"], by=g.actor, at=now())
    return jsonify(withdrawal_json(found))


@blueprint.post("/withdrawals/<withdrawal_id>/refusal")
@blueprint.arguments(RefusalIn)
@blueprint.doc(operationId="refuseWithdrawal", security=[{"key": []}])
@blueprint.response(200, WithdrawalOut)
@shop_key
@idempotent
def refuse(body: dict[str, Any], withdrawal_id: str) -> Response:
    """Refuse a withdrawal; the money is the salesperson's again"""
    found = get_withdrawal(g.actor, parse_id(withdrawal_id))
    refuse_withdrawal(found, body["reason"], by=g.actor, at=now())
    return jsonify(withdrawal_json(found))


def store_balance() -> dict[str, str]:
    return money_json(balance(owner_of(g.shop), STORE), g.shop.currency)


def run_json(run: SettlementRun) -> dict[str, Any]:
    """A run as the API shows it, with the balance of now."""
    return {
        "id": str(run.id),
        "status": run.status,
        "as_of": moment_json(run.as_of),
        "started_at": moment_json(run.started_at),
        "finished_at": moment_json(run.finished_at),
        "settled": run.settled,
        "settled_amount": money_json(run.settled_minor, g.shop.currency),
        "left": run.left,
        "void": run.void,
        "failed": run.failed,
        "balance": store_balance(),
    }


def withdrawal_json(found: Withdrawal | AnyRow) -> dict[str, Any]:
    """A withdrawal as the API shows it, never with where the money goes."""
    return {
        "id": str(found.id),
        "salesperson": str(found.salesperson_id),
        "amount": money_json(found.amount_minor, found.currency),
        "status": found.status,
        "method": found.method,
        "requested_at": moment_json(found.requested_at),
        "decided_at": moment_json(found.decided_at),
        "fee": money_json(found.fee_minor, found.currency),
        "reference": found.payment_reference,
        "reason": found.reason,
    }
