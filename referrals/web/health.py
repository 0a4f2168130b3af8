"""For machines: is it alive, is it ready, how is it doing."""

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from referrals.db import is_reachable

blueprint = Blueprint("health", __name__)
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})
answered = Counter("referrals_requests", "Requests that were answered", ["method", "status"])
took = Histogram("referrals_request_seconds", "How long requests took", ["method"])


def note(method: str, status: int, seconds: float) -> None:
    """Count an answer. Methods that nobody has heard of are counted as one, so that strangers cannot fill memory."""
    known = method if method in METHODS else "other"
    answered.labels(known, status).inc()
    took.labels(known).observe(seconds)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive: the process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Ready: the database answers."""
    ready = is_reachable()
    response = jsonify({"status": "ok" if ready else "database unavailable"})
    response.status_code = 200 if ready else 503
    return response


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters, without anything personal."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
