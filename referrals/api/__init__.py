"""Everything that knows JSON: `/api/v1`, described by OpenAPI 3.1 (`SPEC §14`)."""

from flask import Blueprint, Flask

from referrals.api import (
    balance,
    books,
    commissions,
    documents,
    explanations,
    group_buys,
    leads,
    links,
    products,
    salespeople,
    settings,
)
from referrals.api.problems import answer as answer
from referrals.api.strict_json import StrictJSON

BLUEPRINTS: tuple[Blueprint, ...] = (
    leads.blueprint,
    settings.blueprint,
    salespeople.blueprint,
    products.blueprint,
    group_buys.blueprint,
    links.blueprint,
    commissions.blueprint,
    balance.blueprint,
    books.blueprint,
    explanations.blueprint,
)


def init_app(app: Flask) -> None:
    """Wire the API into the application."""
    app.json = StrictJSON(app)
    documents.init_app(app, BLUEPRINTS)
