"""HTMX: the only place that knows its headers. A fragment is a `_partial.html` that a page includes too."""

import json
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext


def wants_fragment() -> bool:
    """Whether a part of the page is asked for, rather than a page: not when the browser restores its history."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render(page: str, fragment: str, status: int = 200, **context: Any) -> Response:
    """The fragment where one is asked for, else the page that includes it."""
    template = fragment if wants_fragment() else page
    return make_response(render_template(template, **context), status)


def go_to(url: str, told: str = "") -> Response:
    """Success: on to another page, which tells in a toast what was done (`told`, a marked sentence)."""
    if told:
        flash(gettext(told), "good")
    if not wants_fragment():
        return make_response(redirect(url, 303))
    response = make_response("", 204)
    response.headers["HX-Redirect"] = url
    return response


def announce(response: Response, *events: str, told: str = "") -> Response:
    """Tell the other parts of the page what changed, and the person what was done."""
    detail = dict.fromkeys(events, "") | ({"toast": gettext(told)} if told else {})
    if detail and wants_fragment():
        response.headers["HX-Trigger"] = json.dumps(detail)
    return response


def vary(response: Response) -> Response:
    """Caches must not take a fragment for its page."""
    response.headers.add("Vary", "HX-Request")
    return response
