"""Everything that knows JSON: `/api/v1`, described by OpenAPI 3.1 (`SPEC §14`)."""

from flask import Blueprint, Flask

from referrals.api import (
    balance,
    books,
    commissions,
    documents,
    earnings,
    explanations,
    group_buys,
    leads,
    links,
    orders,
    products,
    referrals,
    salespeople,
    settings,
    stores,
    webhooks,
)
from referrals.api.problems import answer as answer
from referrals.api.strict_json import StrictJSON

BLUEPRINTS: tuple[Blueprint, ...] = (
    leads.blueprint,
    referrals.blueprint,
    earnings.blueprint,
    stores.blueprint,
    settings.blueprint,
    salespeople.blueprint,
    products.blueprint,
    group_buys.blueprint,
    links.blueprint,
    orders.blueprint,
    commissions.blueprint,
    balance.blueprint,
    books.blueprint,
    explanations.blueprint,
)

# Calls of programs carry no cookies, and need no token of a form.
WITHOUT_FORMS: tuple[Blueprint, ...] = (*BLUEPRINTS, webhooks.blueprint)
OUTSIDE_OF_PAGES = ("/api/", "/webhooks/")


def init_app(app: Flask) -> None:
    """Wire the API into the application."""
    app.json = StrictJSON(app)
    documents.init_app(app, BLUEPRINTS)
    app.register_blueprint(webhooks.blueprint)
