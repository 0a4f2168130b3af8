"""A partner's leads: listed, read, submitted; by the same operations as the pages."""

from typing import Any

from flask import Response, g, jsonify

from referrals import money
from referrals.api.keys import idempotent, partner_key, require_key
from referrals.api.parsing import Blueprint
from referrals.api.problems import Invalid, sentence_of
from referrals.api.schemas import LeadIn, LeadOut, LeadQuery, Leads
from referrals.clock import now
from referrals.errors import NotFound, RuleBroken
from referrals.leads.catalogue import Programme, get_product, programme
from referrals.leads.fields import COLUMNS, Reading, all_fields, read_all
from referrals.leads.lead_list import LeadList, LeadWish
from referrals.leads.models import Lead, Product
from referrals.leads.operations import Submission, submit_lead
from referrals.leads.queries import get_lead, get_leads
from referrals.partners.queries import get_partner
from referrals.wording import N_

blueprint = Blueprint("api_leads", __name__, url_prefix="/api/v1", description="A partner's leads")
blueprint.before_request(require_key)
INTERNAL = ("invitation_message", "send_invitation")


class WrongCurrency(RuleBroken):
    """An amount in another currency than the programme's."""

    sentence = N_("Amounts are in %(currency)s.")


@blueprint.get("/leads")
@blueprint.arguments(LeadQuery, location="query")
@blueprint.doc(operationId="listLeads", security=[{"key": []}])
@blueprint.response(200, Leads)
@partner_key("leads")
def index(query: dict[str, str]) -> Response:
    """List leads, the newest first"""
    wish = LeadWish(
        q=query.get("q", ""),
        product=query.get("product", ""),
        status=query.get("status", ""),
        payout=query.get("payout", ""),
        sort=query.get("sort", ""),
        page=query.get("cursor", ""),
    )
    found = LeadList(g.actor, wish).slice()
    leads = get_leads(g.actor, [row.ref for row in found.rows])
    return jsonify({"items": [as_json(lead) for lead in leads], "next": found.next})


@blueprint.post("/leads")
@blueprint.arguments(LeadIn)
@blueprint.doc(operationId="submitLead", security=[{"key": []}])
@blueprint.response(201, LeadOut)
@partner_key("leads")
@idempotent
def create(body: dict[str, Any]) -> tuple[Response, int]:
    """Submit a lead"""
    settings = programme()
    product = find_product(body.get("product"))
    values = read_values(product, body, settings)
    partner = get_partner(g.actor, g.actor.partner_id)
    submission = Submission(partner, product, values, source="api", settings=settings)
    lead = submit_lead(submission, by=g.actor, at=now())
    return jsonify(as_json(lead)), 201


@blueprint.get("/leads/<ref>")
@blueprint.doc(operationId="readLead", security=[{"key": []}])
@blueprint.response(200, LeadOut)
@partner_key("leads")
def show(ref: str) -> Response:
    """Read one lead"""
    return jsonify(as_json(get_lead(g.actor, ref)))


def find_product(code: Any) -> Product:
    try:
        return get_product(str(code), active_only=True)
    except NotFound:
        raise Invalid({"product": "There is no product with this code."}) from None


def read_values(product: Product, body: dict[str, Any], settings: Programme) -> dict[str, Any]:
    """The values of the fields; raises Invalid with a sentence for each that could not be read."""
    fields = all_fields(product.fields)
    known = {one.name for one in fields} | {"product", *INTERNAL}
    errors = {name: "There is no such field." for name in body if name not in known}
    raw = dict(body)
    try:
        raw["expected_value"] = plain_amount(body.get("expected_value"), settings.currency)
    except RuleBroken as broken:
        errors["expected_value"] = sentence_of(broken)
        raw["expected_value"] = None
    reads = read_all(fields, raw, Reading(today=now().date(), currency=settings.currency))
    errors.update({name: sentence_of(broken) for name, broken in reads.errors.items()})
    if errors:
        raise Invalid(errors)
    return reads.values


def plain_amount(value: Any, currency: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("amount"), str):
        raise money.NotAnAmount
    if value.get("currency") != currency:
        raise WrongCurrency(currency=currency)
    return str(value["amount"])


def as_json(lead: Lead) -> dict[str, Any]:
    """A lead as the API shows it."""
    columns = {name: getattr(lead, name) for name in COLUMNS if name != "expected_value"}
    own = {one.name: lead.details.get(one.name) for one in all_fields(lead.product.fields) if one.name not in COLUMNS}
    expected = None
    if lead.expected_minor is not None and lead.expected_currency:
        amount = money.plain(money.Money(lead.expected_minor, lead.expected_currency))
        expected = {"amount": amount, "currency": lead.expected_currency}
    return {
        "ref": lead.ref,
        "product": lead.product.code,
        "status": lead.status,
        "payout": lead.payout,
        "conflict": lead.claim == "in_conflict",
        **columns,
        "expected_value": expected,
        **own,
        "reason": lead.reason_sentence or None,
        "rep": rep_json(lead),
        "submitted_at": lead.submitted_at.isoformat(),
        "changed_at": lead.changed_at.isoformat(),
    }


def rep_json(lead: Lead) -> dict[str, Any] | None:
    if lead.rep is None:
        return None
    person = lead.rep.person
    return {
        "name": person.name,
        "email": person.email,
        "phone": lead.rep.phone,
        "booking_url": lead.rep.booking_url,
    }
