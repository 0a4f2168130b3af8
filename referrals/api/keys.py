"""Who calls: the bearer key, and its scope; and answers that are given again for the same Idempotency-Key."""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any, ParamSpec

from flask import Response, g, make_response, request
from sqlalchemy.exc import IntegrityError

from referrals.api.problems import Unauthorized, problem
from referrals.clock import now
from referrals.db import lock_names, session
from referrals.errors import NotAllowed
from referrals.people.answers import find_answer, keep_answer
from referrals.people.models import ApiAnswer, ApiKey
from referrals.people.queries import find_key
from referrals.people.rules import Actor
from referrals.shops.queries import get_own_shop

P = ParamSpec("P")
LONGEST_IDEMPOTENCY_KEY = 255


def partner_key(scope: str) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """For calls with a partner's key that has this scope; `g.actor` is who acts then.

    Keys with the scope `referrals` list referrals, those with `financials` see money, as members with
    `view_referrals` and `view_financials` do. Nobody knows what the makers of earlier keys might see: those have
    only the scopes that they were made with.
    """

    def decorate(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
            key = g.api_key
            if key.kind != "partner" or scope not in key.scopes:
                raise NotAllowed(scope)
            permissions = frozenset({"view_financials"} if "financials" in key.scopes else ())
            g.actor = Actor(role="key", partner_id=key.partner_id, permissions=permissions, name=key.name)
            return view(*args, **kwargs)

        return checked

    return decorate


def shop_key(view: Callable[P, Any]) -> Callable[P, Any]:
    """For calls with a shop's key; `g.shop` is the shop and `g.actor` who acts then.

    Keys with the scope `shop` may do everything, those with `read` look.
    """

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
        key = g.api_key
        looks = "read" in key.scopes and request.method in {"GET", "HEAD"}
        if key.kind != "shop" or not (looks or "shop" in key.scopes):
            raise NotAllowed("shop")
        g.actor = Actor(role="shop_key", shop_id=key.shop_id, name=key.name)
        g.shop = get_own_shop(g.actor)
        return view(*args, **kwargs)

    return checked


def operator_key(view: Callable[P, Any]) -> Callable[P, Any]:
    """For calls with a key of whoever runs the whole programme; `g.actor` is who acts then."""

    @wraps(view)
    def checked(*args: P.args, **kwargs: P.kwargs) -> Any:
        key = g.api_key
        if key.kind != "operator":
            raise NotAllowed("operator")
        g.actor = Actor(role="operator", name=key.name)
        return view(*args, **kwargs)

    return checked


def require_key() -> None:
    """Before anything else is read of a call: whose key it brings. Raises Unauthorized."""
    g.api_key = presented_key()


def presented_key() -> ApiKey:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    key = find_key(secret.strip()) if scheme.lower() == "bearer" and secret.strip() else None
    if key is None:
        raise Unauthorized
    return key


def idempotent(view: Callable[P, Any]) -> Callable[P, Any]:
    """What the call did is committed with its answer: same Idempotency-Key and body, same answer, nothing done again.

    Another body with the same key: 422. Calls that failed did nothing, keep nothing, and may be tried again.
    """

    @wraps(view)
    def once(*args: P.args, **kwargs: P.kwargs) -> Any:
        name = request.headers.get("Idempotency-Key", "")
        if len(name) > LONGEST_IDEMPOTENCY_KEY:
            return problem(422, "An Idempotency-Key has at most 255 characters.")
        digest = sha256(f"{request.method} {request.path}\n".encode() + request.get_data()).hexdigest()
        if name:
            lock_names([f"idempotency:{g.api_key.id}:{name}"])
            known = find_answer(g.api_key, name)
            if known is not None:
                return again(known, digest)
        response = make_response(view(*args, **kwargs))
        if name:
            keep_answer(g.api_key, name, digest, response.status_code, response.get_data(as_text=True), at=now())
        return committed(response, name, digest)

    return once


def committed(response: Response, name: str, digest: str) -> Response:
    """The answer, once it is on record; or the one that the same call was given meanwhile.

    A run commits portion by portion and so lets go of the call's name: the same call at the same time may be through
    before it.
    """
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        known = find_answer(g.api_key, name) if name else None
        if known is None:
            raise
        return again(known, digest)
    return response


def again(known: ApiAnswer, digest: str) -> Response:
    """The answer that was given before, if it was to the same request."""
    if known.request_digest != digest:
        return problem(422, "This Idempotency-Key was used for another request.")
    return Response(known.body, known.status, mimetype="application/json")
