"""How often somebody may try: passwords, codes, resets, unknown invitations, submissions (`API`, limits on use)."""

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from referrals.web.visitor import visitor_or_none

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def init_app(app: Flask, *, on: bool) -> None:
    """Count in this process's memory."""
    app.config["RATELIMIT_ENABLED"] = on
    limiter.init_app(app)


def typed_email() -> str:
    """The account that a form is about."""
    return "account:" + request.form.get("email", "").strip().casefold()[:254]


def person() -> str:
    """Whoever is signed in, else their address."""
    here = visitor_or_none()
    return f"person:{here.person.id}" if here else f"address:{get_remote_address()}"


def failed(response: Response) -> bool:
    """Only tries that failed count."""
    return response.status_code not in {204, 302, 303}


failed_logins = limiter.limit("10 per 15 minutes", key_func=typed_email, methods=["POST"], deduct_when=failed)
failed_logins_by_address = limiter.limit("60 per 15 minutes", methods=["POST"], deduct_when=failed)
codes = limiter.limit("10 per 15 minutes", methods=["POST"], deduct_when=failed)
resets = limiter.limit("5 per hour", key_func=typed_email, methods=["POST"])
resets_by_address = limiter.limit("30 per hour", methods=["POST"])
unknown_links = limiter.limit("60 per hour", deduct_when=lambda response: response.status_code in {404, 410, 422})
submissions = limiter.limit("60 per minute", key_func=person, methods=["POST"])
