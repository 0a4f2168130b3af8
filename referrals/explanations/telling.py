"""An explanation as plain values for JSON, and as lines of text for the command line."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from referrals import money
from referrals.explanations.story import Explanation, LineTold, RefundTold
from referrals.explanations.unattributed import WhyNot

VIA = {"coupon": "by the coupon code", "binding": "by the binding in force", "hand": "by hand"}
OUTCOMES = {"exact": "nothing to round", "up": "rounded up", "down": "rounded down"}
NAMED_IDS = {"id", "by_person_id", "rate_version_id", "version_id"}


def as_values(told: Explanation) -> dict[str, Any]:
    """Everything, with money as the API writes it and ids as strings."""
    pay = payer(told.currency)
    result = told.result
    return {
        "commission": str(told.commission_id),
        "order": told.order_key,
        "salesperson": str(told.salesperson_id),
        "status": told.status,
        "reason": told.reason,
        "amount": pay(told.booked),
        "computed": pay(result.amount),
        "estimate": told.is_estimate,
        "agrees": told.agrees,
        "doubts": list(told.doubts),
        "attribution": plain(asdict(told.whose)) if told.whose else None,
        "placed_at": moment(told.placed_at),
        "settings": plain(asdict(told.rule)),
        "lines": [line_values(line, pay) for line in told.lines],
        "refunds": [refund_values(one, pay) for one in told.refunds],
        "goods": pay(told.goods),
        "lines_left": pay(result.goods.lines_left),
        "refunded_as_a_whole": pay(result.goods.rest),
        "goods_sold": pay(result.goods.sold),
        "cashback": cashback_values(told, pay),
        "base": pay(result.base),
        "factor": f"{result.base}/{result.goods.lines_left}" if result.goods.lines_left else None,
        "fraction": told.fraction,
        "rounding": told.rounding,
        **settlement_values(told, pay),
    }


def settlement_values(told: Explanation, pay: Any) -> dict[str, Any]:
    entry = told.settlement_entry
    return {
        "due_at": moment(told.due_at),
        "settled_at": moment(told.settled_at),
        "run": plain(asdict(told.run)) if told.run else None,
        "entry": {"number": entry.number, "reference": entry.reference, "amount": pay(entry.amount)} if entry else None,
        "clawbacks": [
            {"at": moment(one.at), "entry": one.number, "amount": pay(-one.amount)} for one in told.clawbacks
        ],
        "clawed_back": pay(told.clawed_back),
        "remaining": pay(told.remaining),
        "suggested": pay(told.suggested),
        "by_hand_due": pay(told.by_hand_due),
        "by_hand": [
            {
                "at": moment(one.at),
                "suggested": pay(one.suggested),
                "agreed": pay(one.agreed),
                "paid_from": one.paid_from,
                "note": one.note,
            }
            for one in told.by_hand
        ],
    }


def cashback_values(told: Explanation, pay: Any) -> dict[str, Any] | None:
    cashback = told.cashback
    if cashback is None:
        return None
    return {
        "source": cashback.source,
        "amount": pay(cashback.amount),
        "group_buy": cashback.campaign,
        "orders": cashback.orders,
    }


def refund_values(refund: RefundTold, pay: Any) -> dict[str, Any]:
    return {
        "occurred_at": moment(refund.occurred_at),
        "amount": pay(refund.amount),
        "lines": [{"id": name, "amount": pay(minor)} for name, minor in refund.lines],
        "counted": refund.counted,
    }


def line_values(line: LineTold, pay: Any) -> dict[str, Any]:
    return {
        "id": line.id,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "amount": pay(line.amount),
        "refunded": pay(line.refunded),
        "left": pay(line.left),
        "rate_bp": line.rate_bp,
        "rate_source": line.rate_source,
        "rate_version": str(line.rate_version_id) if line.rate_version_id else None,
        "rate_since": moment(line.rate_since),
    }


def why_not_values(told: WhyNot) -> dict[str, Any]:
    """Why an order is nobody's, with the clicks that were seen."""
    return {
        "order": told.order_key,
        "commission": None,
        "reason": told.reason,
        "placed_at": moment(told.placed_at),
        "collected_by": told.collected_by,
        "programme": told.programme,
        "coupon_codes": list(told.coupon_codes),
        "ref": told.ref,
        "ref_problem": told.ref_problem,
        "questions": [asdict(one) for one in told.questions],
        "clicks": [
            {
                "id": str(click.id),
                "at": moment(click.occurred_at),
                "salesperson": str(click.salesperson_id),
                "link": click.code,
                "outcome": click.outcome,
            }
            for click in told.clicks
        ],
        "bindings": [
            {
                "salesperson": str(one.salesperson_id),
                "from": moment(one.from_at),
                "until": moment(one.until_at),
                "click": str(one.click_id),
                "rule": one.rule,
            }
            for one in told.relations
        ],
    }


def payer(currency: str) -> Any:
    return lambda minor: {"amount": money.plain(money.Money(minor, currency)), "currency": currency}


def moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Moments and ids as JSON has them."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found[name] = plain(value)
        elif isinstance(value, datetime):
            found[name] = moment(value)
        else:
            found[name] = str(value) if name in NAMED_IDS and value is not None else value
    return found


def as_lines(told: Explanation) -> Iterator[str]:
    """The story as a person reads it on a terminal."""

    def pay(minor: int) -> str:
        return money.plain(money.Money(minor, told.currency))

    yield f"Commission {told.commission_id}: {pay(told.booked)} {told.currency}, {told.status}"
    yield f"Order {told.order_key}, placed {told.placed_at:%Y-%m-%d %H:%M:%S} UTC, collected by {told.collected_by}"
    yield from whose_lines(told)
    rule = told.rule
    since = f"since {rule.since:%Y-%m-%d %H:%M:%S} UTC" if rule.since else "which a shop begins with"
    yield f"Settings {since}: rate {percent(rule.rate_bp)}, refunds after settlement: {rule.refund_rule}"
    for line in told.lines:
        name = line.title or line.sku or line.id
        took = f" − {pay(line.refunded)} refunded = {pay(line.left)}" if line.refunded else ""
        yield f"  {name}: {pay(line.amount)}{took} at {percent(line.rate_bp)} ({line.rate_source})"
    result = told.result
    if result.goods.rest:
        yield f"  refunds of the order as a whole: {pay(result.goods.rest)}"
    if told.cashback is not None:
        counted = f", {told.cashback.orders} orders counted" if told.cashback.orders is not None else ""
        yield f"  cashback ({told.cashback.source}{counted}): {pay(told.cashback.amount)}"
    yield f"Base {pay(result.base)} of {pay(result.goods.lines_left)} left in the lines"
    yield f"Exactly {told.fraction} minor units, {OUTCOMES[told.rounding]}: {pay(result.amount)}"
    yield from ending_lines(told, pay)
    yield "Everything follows from the stored facts." if told.agrees else f"IN DOUBT: {', '.join(told.doubts)}"


def whose_lines(told: Explanation) -> Iterator[str]:
    whose = told.whose
    if whose is None:
        return
    click = whose.click
    if click is not None:
        link = f"{click.link_kind} {click.link_code}"
        yield f"Click {click.id} on the {link} at {click.at:%Y-%m-%d %H:%M:%S} UTC: {click.outcome}"
    if whose.binding is not None:
        until = f" until {whose.binding.until_at:%Y-%m-%d %H:%M:%S} UTC" if whose.binding.until_at else ""
        yield f"Bound from {whose.binding.from_at:%Y-%m-%d %H:%M:%S} UTC{until} by the rule {whose.binding.rule}"
    more = f" {whose.coupon}" if whose.coupon else f": {whose.reason_code} {whose.note}" if whose.via == "hand" else ""
    yield f"Salesperson {told.salesperson_id} {VIA[whose.via]}{more}"


def ending_lines(told: Explanation, pay: Any) -> Iterator[str]:
    entry = told.settlement_entry
    if told.run is not None and entry is not None:
        yield f"Settled by run {told.run.id} as of {told.run.as_of:%Y-%m-%d %H:%M:%S} UTC, entry {entry.number}"
    for one in told.clawbacks:
        yield f"Clawed back {pay(-one.amount)} at {one.at:%Y-%m-%d %H:%M:%S} UTC, entry {one.number}"
    for made in told.by_hand:
        yield f"By hand: suggested {pay(made.suggested)}, agreed {pay(made.agreed)}, from {made.paid_from} {made.note}"
    if told.by_hand_due:
        yield f"Still to be settled by hand: {pay(told.by_hand_due)}"


def percent(basis_points: int) -> str:
    return f"{basis_points // 100}.{basis_points % 100:02} %"
