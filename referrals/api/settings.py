"""The settings of a shop: read, and changed from a moment on."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import money_json, read_money
from referrals.api.shop_schemas import SettingsIn, SettingsOut
from referrals.clock import now
from referrals.shops.queries import settings_of
from referrals.shops.rules import SETTINGS, Settings
from referrals.shops.settings import NotAMinimum, change_settings

blueprint = Blueprint("api_settings", __name__, url_prefix="/api/v1", description="The rules of a shop's programme")
blueprint.before_request(require_key)


@blueprint.get("/settings")
@blueprint.doc(operationId="readSettings", security=[{"key": []}])
@blueprint.response(200, SettingsOut)
@shop_key
def show() -> Response:
    """Read the settings in force"""
    return jsonify(as_json(settings_of(g.shop.id).at(now())))


@blueprint.patch("/settings")
@blueprint.arguments(SettingsIn)
@blueprint.doc(operationId="changeSettings", security=[{"key": []}])
@blueprint.response(200, SettingsOut)
@shop_key
@idempotent
def change(body: dict[str, Any]) -> Response:
    """Change settings from a moment on; answers those in force then"""
    at = now()
    effective_at = body.get("effective_at") or at
    change_settings(g.shop, read_changes(body), effective_at=effective_at, by=g.actor, at=at)
    return jsonify(as_json(settings_of(g.shop.id).at(max(effective_at, at))))


def read_changes(body: dict[str, Any]) -> dict[str, Any]:
    """The settings that a body names, as they are stored."""
    changes = {name: value for name, value in body.items() if name != "effective_at"}
    if "minimum_withdrawal" in changes:
        minimum = changes.pop("minimum_withdrawal")
        changes["minimum_withdrawal_minor"] = read_money(minimum, g.shop.currency, "minimum_withdrawal")
        if changes["minimum_withdrawal_minor"] < 0:
            raise NotAMinimum(field="minimum_withdrawal")
    return changes


def as_json(settings: Settings) -> dict[str, Any]:
    """Settings as the API shows them."""
    values = {name: getattr(settings, name) for name in SETTINGS if name != "minimum_withdrawal_minor"}
    return values | {"minimum_withdrawal": money_json(settings.minimum_withdrawal_minor, g.shop.currency)}
