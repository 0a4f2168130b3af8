"""Referrals: a partner's own are listed; the platform reports sign-ups and revenue with an operator's key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from flask import Response, g, jsonify

from referrals import money
from referrals.api.keys import idempotent, operator_key, partner_key, require_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import WrongCurrency, minor_of, moment_json, money_json
from referrals.api.problems import Invalid, sentence_of
from referrals.api.referral_schemas import (
    ReferralIn,
    ReferralOut,
    ReferralQuery,
    Referrals,
    RevenueIn,
    RevenueOut,
)
from referrals.clock import now
from referrals.earnings.operations import hold_referrals
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.leads.queries import refs_of
from referrals.listing import AnyRow, Wish
from referrals.partners.calendar import day_of
from referrals.partners.models import Referral, RevenueRow
from referrals.partners.referral_list import ReferralList, month_before, sees_money
from referrals.partners.referrals import domain_of, plan_code
from referrals.transfer.lead_rows import read_moment
from referrals.transfer.platform_reports import (
    ToldReferral,
    ToldRevenue,
    named_partner,
    referrals_for,
    take_referral,
    take_revenue,
)
from referrals.transfer.revenue_currency import Currencies
from referrals.transfer.revenue_rows import month_in

blueprint = Blueprint("api_referrals", __name__, url_prefix="/api/v1", description="Referrals and revenue")
blueprint.before_request(require_key)
OF_ONE_ROW = ("id", "merchant", "month", "amount", "currency")
MISSING = "Missing data for required field."
T = TypeVar("T")


@blueprint.get("/referrals")
@blueprint.arguments(ReferralQuery, location="query")
@blueprint.doc(operationId="listReferrals", security=[{"key": []}])
@blueprint.response(200, Referrals)
@partner_key("referrals")
def index(query: dict[str, str]) -> Response:
    """List referrals, the newest first"""
    filters = {name: query.get(name, "") for name in ("category", "status", "plan")}
    wish = Wish(query.get("q", ""), filters, query.get("sort", ""), query.get("cursor", ""))
    found = ReferralList(g.actor, wish, last_month=month_before(day_of(now()))).slice()
    leads = refs_of(g.actor, [row.lead_id for row in found.rows if row.lead_id])
    return jsonify({"items": [row_json(row, leads) for row in found.rows], "next": found.next})


def row_json(row: AnyRow, leads: dict[int, str]) -> dict[str, Any]:
    told = facts_json(row) | {"lead": leads.get(row.lead_id)}
    if sees_money(g.actor):
        told["revenue"] = money_json(row.revenue_minor, row.currency)
        told["last_month"] = money_json(row.last_month_minor, row.currency)
    return told


def facts_json(referral: Any) -> dict[str, Any]:
    """What a referral, or a row of the list, says of itself."""
    return {
        "id": str(referral.id),
        "merchant": referral.merchant,
        "domain": referral.domain or None,
        "category": referral.category,
        "plan": referral.plan or None,
        "status": referral.status,
        "referred_at": moment_json(referral.referred_at),
        "closed_at": moment_json(referral.closed_at),
    }


@blueprint.post("/referrals")
@blueprint.arguments(ReferralIn)
@blueprint.doc(operationId="reportReferral", security=[{"key": []}])
@blueprint.response(201, ReferralOut)
@operator_key
@idempotent
def report_referral(body: dict[str, Any]) -> tuple[Response, int]:
    """Report a referral, its plan or its end; one that is known is answered with 200"""
    at = now()
    referral, becomes = take_referral(told_referral(body), currency=programme().currency, by=g.actor, at=at)
    return jsonify(referral_json(referral)), 201 if becomes == "created" else 200


class Fields:
    """The fields of a body that are read one by one; what cannot be read gets a sentence in `errors`."""

    def __init__(self, body: dict[str, Any], prefix: str = "") -> None:
        self.body = body
        self.prefix = prefix
        self.errors: dict[str, str] = {}

    def read(self, name: str, parse: Callable[[Any], T], *, missing: str = "") -> T | None:
        """The value of a field; None where it is empty, for which `missing` is the sentence, or cannot be read."""
        value = self.body.get(name)
        if value in (None, ""):
            if missing:
                self.errors[self.prefix + name] = missing
            return None
        try:
            return parse(value)
        except RuleBroken as broken:
            self.errors[self.prefix + name] = sentence_of(broken)
            return None


def told_referral(body: dict[str, Any]) -> ToldReferral:
    """The referral that a body tells of; raises Invalid with a sentence for each field that could not be read."""
    fields = Fields(body)
    domain = fields.read("domain", domain_of) or ""
    merchant = body["merchant"] or domain
    if not merchant and not fields.errors:
        fields.errors["merchant"] = "Name the merchant, or its domain."
    moment = fields.read("referred_at", lambda text: read_moment(text, now()), missing=MISSING)
    partner = fields.read("partner", named_partner, missing=MISSING)
    plan = fields.read("plan", plan_code) or ""
    if fields.errors or moment is None or partner is None:
        raise Invalid(fields.errors)
    return ToldReferral(partner, merchant, domain, moment, plan, body["category"], body["status"])


def referral_json(referral: Referral) -> dict[str, Any]:
    """A referral as the operator reads it."""
    revenue = money_json(referral.revenue_minor, referral.currency)
    return facts_json(referral) | {"partner": referral.partner.name, "revenue": revenue}


@blueprint.post("/revenue")
@blueprint.arguments(RevenueIn)
@blueprint.doc(operationId="reportRevenue", security=[{"key": []}])
@blueprint.response(201, RevenueOut)
@operator_key
@idempotent
def report_revenue(body: dict[str, Any]) -> tuple[Response, int]:
    """Report revenue of one row, or of many in `rows`; what is known is answered with 200"""
    at, currencies = now(), Currencies()
    if "rows" not in body:
        row, is_new = take_revenue(told_revenue(body, currencies), by=g.actor, at=at)
        return jsonify(revenue_json(row)), 201 if is_new else 200
    if any(name in body for name in OF_ONE_ROW):
        raise Invalid({"rows": "Send one row, or rows, not both."})
    told = [told_revenue(row, currencies, f"rows.{number}.") for number, row in enumerate(body["rows"])]
    hold_referrals(referrals_for(told))
    taken = [take_one_of_many(number, one) for number, one in enumerate(told)]
    answer = {"items": [revenue_json(row) for row, _ in taken]}
    return jsonify(answer), 201 if any(is_new for _, is_new in taken) else 200


def take_one_of_many(number: int, told: ToldRevenue) -> tuple[RevenueRow, bool]:
    try:
        return take_revenue(told, by=g.actor, at=now())
    except RuleBroken as broken:
        broken.field = f"rows.{number}.{broken.field or 'id'}"
        raise


def told_revenue(row: dict[str, Any], currencies: Currencies, prefix: str = "") -> ToldRevenue:
    """The row that a body tells of; raises Invalid with a sentence for each field that could not be read."""
    fields = Fields(row, prefix)
    row_id, merchant = (fields.read(name, str, missing=MISSING) or "" for name in ("id", "merchant"))
    month = fields.read("month", month_in, missing=MISSING)
    partner = fields.read("partner", named_partner)
    told = ToldRevenue(row_id, merchant, month or date.min, row["kind"], 0, "", partner, row["category"])
    currency = currencies.own if fields.errors else currencies.of(told)
    amount = fields.read("amount", lambda _: minor_in(row, currency), missing=MISSING)
    if fields.errors or amount is None:
        raise Invalid(fields.errors)
    return replace(told, amount_minor=amount, currency=currency)


def minor_in(row: dict[str, Any], currency: str) -> int:
    """The minor units of an amount, as the API writes money or as a file does."""
    if not isinstance(row["amount"], str):
        return minor_of(row["amount"], currency)
    if row.get("currency", currency).upper() != currency:
        raise WrongCurrency(currency=currency)
    return money.parse(row["amount"], currency).minor


def revenue_json(row: RevenueRow) -> dict[str, Any]:
    """A row as it is recorded."""
    return {
        "id": row.external_id,
        "referral": str(row.referral_id),
        "month": f"{row.month:%Y-%m}",
        "kind": row.kind,
        "amount": money_json(row.amount_minor, row.currency),
    }
