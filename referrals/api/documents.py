"""The description of the API: OpenAPI 3.1 as JSON, and a page to read."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask, jsonify, render_template
from flask_smorest import Api

DESCRIPTION = (
    "Bearer keys belong to a partner; they are made on the page API keys. Times are RFC 3339, money is "
    '`{"amount": "88.00", "currency": "USD"}` with exactly the currency\'s decimals, lists are '
    "`{items, next}` with an opaque cursor. Errors are RFC 9457 problem documents. Every POST takes an "
    "`Idempotency-Key`: the same key and body give the same answer."
)


class Description(Api):  # type: ignore[misc]
    """The library's describer, without its error pages: those of the whole house are kept in one place."""

    def _register_error_handlers(self) -> None:
        pass


def init_app(app: Flask, blueprints: Iterable[Blueprint]) -> None:
    """Describe these blueprints."""
    app.config.update(
        API_TITLE="Referrals",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION},
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
            "security": [{"key": []}],
        },
    )
    described = Description(app)
    for blueprint in blueprints:
        described.register_blueprint(blueprint)

    @app.get("/api/v1/openapi.json")
    def openapi() -> Any:
        """The description itself."""
        return jsonify(described.spec.to_dict())

    @app.get("/api/v1/")
    def read() -> str:
        """The description as a page."""
        return render_template("api/description.html", spec=described.spec.to_dict())
