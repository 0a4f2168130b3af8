"""The group-buys of a shop: campaigns with cashback by tiers."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import money_json, read_money
from referrals.api.shop_schemas import GroupBuyIn, GroupBuyOut, GroupBuys, PageQuery
from referrals.clock import now
from referrals.errors import NotFound
from referrals.listing import Wish
from referrals.orders.group_buy_list import GroupBuyList
from referrals.orders.group_buys import set_group_buy
from referrals.shops.queries import group_buy

blueprint = Blueprint("api_group_buys", __name__, url_prefix="/api/v1", description="A shop's group-buys")
blueprint.before_request(require_key)


@blueprint.get("/group-buys")
@blueprint.arguments(PageQuery, location="query")
@blueprint.doc(operationId="listGroupBuys", security=[{"key": []}])
@blueprint.response(200, GroupBuys)
@shop_key
def index(query: dict[str, str]) -> Response:
    """List group-buys, the newest first"""
    found = GroupBuyList(g.actor, g.shop, Wish(page=query.get("cursor", ""))).slice()
    return jsonify({"items": [as_json(row) for row in found.rows], "next": found.next})


@blueprint.get("/group-buys/<path:external_id>")
@blueprint.doc(operationId="readGroupBuy", security=[{"key": []}])
@blueprint.response(200, GroupBuyOut)
@shop_key
def show(external_id: str) -> Response:
    """Read one group-buy"""
    campaign = group_buy(g.shop.id, external_id)
    if campaign is None:
        raise NotFound
    return jsonify(as_json(campaign))


@blueprint.put("/group-buys/<path:external_id>")
@blueprint.arguments(GroupBuyIn)
@blueprint.doc(operationId="putGroupBuy", security=[{"key": []}])
@blueprint.response(200, GroupBuyOut)
@shop_key
@idempotent
def put(body: dict[str, Any], external_id: str) -> Response:
    """Add a group-buy, or change one"""
    known = group_buy(g.shop.id, external_id)
    title = body.get("title", known.title if known else external_id)
    tiers = [
        (tier["orders"], read_money(tier["cashback"], g.shop.currency, f"tiers.{number}.cashback"))
        for number, tier in enumerate(body["tiers"])
    ]
    campaign = set_group_buy(g.shop, external_id, title=title, tiers=tiers, by=g.actor, at=now())
    return jsonify(as_json(campaign))


def as_json(campaign: Any) -> dict[str, Any]:
    """A campaign as the API shows it."""
    tiers = [
        {"orders": orders, "cashback": money_json(cashback, g.shop.currency)} for orders, cashback in campaign.tiers
    ]
    return {"id": campaign.external_id, "title": campaign.title, "tiers": tiers}
