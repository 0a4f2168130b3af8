"""How bodies of the API are read: strictly, whatever library asks for them."""

from typing import Any

from flask import Request, abort, current_app
from flask_smorest import Blueprint as DescribedBlueprint
from webargs.core import missing
from webargs.flaskparser import FlaskParser


class StrictParser(FlaskParser):
    """Reads JSON with the application's own rules (no NaN, no doubled keys, no endless depth)."""

    def load_json(self, req: Request, schema: Any) -> Any:  # noqa: ARG002 - the library's signature
        """The body; a request that has none is answered 400 or 422 by its schema."""
        content = req.get_data()
        if not content:
            return missing
        try:
            return current_app.json.loads(content)
        except ValueError as error:
            abort(400, f"The body is not JSON as we read it: {error}.")


class Blueprint(DescribedBlueprint):
    """A blueprint that is described, and reads bodies strictly."""

    ARGUMENTS_PARSER = StrictParser()
