"""What a partner earned, with the reason of each amount."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.earning_schemas import EarningQuery, Earnings, EarningWhy
from referrals.api.keys import partner_key, require_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json
from referrals.earnings.earning_list import EarningList
from referrals.earnings.models import Earning, EarningTerms
from referrals.earnings.queries import get_earning
from referrals.explanations.earning import EarningTold, explain_earning
from referrals.listing import AnyRow, Wish
from referrals.values import parse_id

blueprint = Blueprint("api_earnings", __name__, url_prefix="/api/v1", description="What a partner earned")
blueprint.before_request(require_key)
FILTERS = ("category", "kind", "state", "referral")


@blueprint.get("/earnings")
@blueprint.arguments(EarningQuery, location="query")
@blueprint.doc(operationId="listEarnings", security=[{"key": []}])
@blueprint.response(200, Earnings)
@partner_key("financials")
def index(query: dict[str, str]) -> Response:
    """List earnings, the newest first"""
    filters = {name: query.get(name, "") for name in FILTERS}
    wish = Wish(query.get("q", ""), filters, query.get("sort", ""), query.get("cursor", ""))
    found = EarningList(g.actor, wish).slice()
    return jsonify({"items": [row_json(row) for row in found.rows], "next": found.next})


def row_json(row: AnyRow) -> dict[str, Any]:
    return facts_json(row) | {
        "merchant": row.merchant,
        "state": row.state,
        "payout": str(row.payout_id) if row.payout_id else None,
    }


def facts_json(earning: Any) -> dict[str, Any]:
    """What an earning, or a row of the list, says of itself."""
    return {
        "id": str(earning.id),
        "referral": str(earning.referral_id),
        "category": earning.category,
        "kind": earning.kind,
        "month": f"{earning.month:%Y-%m}" if earning.month else None,
        "amount": money_json(earning.amount_minor, earning.currency),
        "earned_at": moment_json(earning.earned_at),
    }


@blueprint.get("/earnings/<earning_id>/explanation")
@blueprint.doc(operationId="explainEarning", security=[{"key": []}])
@blueprint.response(200, EarningWhy)
@partner_key("financials")
def explanation(earning_id: str) -> Response:
    """Retell an earning, from what came in to the books"""
    return jsonify(as_values(explain_earning(get_earning(g.actor, parse_id(earning_id) or 0))))


def as_values(told: EarningTold) -> dict[str, Any]:
    """Everything, with money as the API writes it."""
    earning, coin = told.earning, told.earning.currency
    return facts_json(earning) | {
        "merchant": told.referral.merchant,
        "terms": terms_json(told.terms, told.terms_number),
        "promised_at": moment_json(told.promised_at),
        "revenue": revenue_json(told) if told.row else None,
        "computed": money_json(told.computed, coin),
        "booked": money_json(told.booked, coin),
        "agrees": told.agrees,
        "entry": {"number": told.entry.seq, "reference": told.entry.reference, "hash": told.entry.hash}
        if told.entry
        else None,
        "reverses": id_of(told.reverses),
        "reversed_by": id_of(told.reversed_by),
        "payout": str(told.payout.id) if told.payout else None,
    }


def id_of(earning: Earning | None) -> str | None:
    return str(earning.id) if earning else None


def terms_json(terms: EarningTerms, number: int) -> dict[str, Any]:
    """The terms that hold for an earning."""
    return {
        "version": number,
        "kind": terms.kind,
        "starts_at": moment_json(terms.starts_at),
        "rate_bp": terms.rate_bp,
        "months": terms.months,
        "amount": money_json(terms.amount_minor, terms.currency) if terms.amount_minor and terms.currency else None,
        "plans": terms.plans,
        "excluded_plans": terms.excluded_plans,
        "min_locations": terms.min_locations,
    }


def revenue_json(told: EarningTold) -> dict[str, Any]:
    """From the row that came in to what it adds to the share of its month."""
    coin, row = told.earning.currency, told.row
    assert row is not None
    numerator, denominator = told.exact
    return {
        "row": {"id": row.external_id, "kind": row.kind, "amount": money_json(row.amount_minor, coin)},
        "rows": [{"id": one.external_id, "amount": money_json(one.amount_minor, coin)} for one in told.rows],
        "month_sum": money_json(told.basis, coin),
        "rate_bp": told.earning.rate_bp,
        "fraction": f"{numerator}/{denominator}",
        "rounding": told.rounding,
        "share": money_json(told.share, coin),
        "before": money_json(told.before, coin),
    }
