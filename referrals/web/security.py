"""What holds on every route: a GET writes nothing, forms come from our own pages, and strict headers."""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, request
from flask_wtf.csrf import CSRFProtect
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.middleware.proxy_fix import ProxyFix

from referrals.config import Config
from referrals.db import only_reading
from referrals.web import hx
from referrals.web.visitor import visitor_or_none

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OUTSIDE = ("/api/", "/webhooks/", "/badge/")
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
csrf = CSRFProtect()


def init_app(app: Flask, config: Config) -> None:
    """Put the rules of every route into the application."""
    app.config.update(
        SESSION_COOKIE_NAME="referrals",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=14 * 24 * 3600,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        WTF_I18N_ENABLED=False,
        MAX_CONTENT_LENGTH=40 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=20 * 1024 * 1024,
        MAX_FORM_PARTS=2_000,
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=config.proxies
        )
    app.before_request(only_read_on_safe_methods)
    app.before_request(refuse_unreadable_addresses)
    app.before_request(refuse_foreign_forms)
    csrf.init_app(app)
    app.after_request(add_headers)
    app.teardown_request(read_and_write_again)


def only_read_on_safe_methods() -> None:
    # A request belongs to one thread from beginning to end, and the next one sets this anew.
    only_reading.set(request.method in SAFE_METHODS)


def read_and_write_again(_error: BaseException | None) -> None:
    only_reading.set(False)


def refuse_unreadable_addresses() -> None:
    """No name of anything here holds NUL, and databases take offence at it."""
    if "\0" in request.path or b"%00" in request.query_string:
        abort(400)


def host_of(address: str) -> str:
    """Host and port of an address that somebody sent; nothing where it is none."""
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def refuse_foreign_forms() -> None:
    """A form that another site sends is refused before anything is looked at."""
    if request.method in SAFE_METHODS or request.path.startswith(OUTSIDE):
        return
    origin = request.headers.get("Origin")
    if (origin is not None and host_of(origin) != request.host) or request.headers.get(
        "Sec-Fetch-Site"
    ) == "cross-site":
        abort(403)


def was_issued_here(token: str) -> bool:
    """Whether a form's token is one of ours, if perhaps of a visit that has ended."""
    signer = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token")
    try:
        signer.loads(token)
    except BadData:
        return False
    return True


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    config: Config = current_app.extensions["referrals"].config
    if config.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static":
        if request.args.get("v"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
    if visitor_or_none() is not None or request.method not in SAFE_METHODS:
        response.headers["Cache-Control"] = "private, no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    return hx.vary(response)


def client_ip() -> Any:
    """The visitor's address, as far as trusted proxies tell it."""
    return request.remote_addr or ""
