"""How often somebody may try: passwords, codes, resets, unknown invitations, submissions (`API`, limits on use)."""

from flask import Flask, Response, request, session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user

from referrals.values import NotAnEmail, NotAPhone, login_email, parse_phone

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=False)


def init_app(app: Flask, *, on: bool) -> None:
    """Count in this process's memory."""
    app.config["RATELIMIT_ENABLED"] = on
    limiter.init_app(app)


def typed_email() -> str:
    """The account that a form is about, however its address is spelt."""
    try:
        return f"account:{login_email(request.form.get('email', '')[:1000])}"
    except NotAnEmail:
        return f"address:{get_remote_address()}"


def typed_phone() -> str:
    """The number to which a code goes or went, however it is spelt; else their address."""
    typed = request.form.get("phone") or (session.get("code_went_to") or [""])[0]
    try:
        return f"phone:{parse_phone(str(typed)[:100])}"
    except NotAPhone:
        return f"phone:{typed[:40]}" if typed else f"address:{get_remote_address()}"


def asks_for_no_code() -> bool:
    """Whether a form brings a code, instead of asking for one."""
    return "code" in request.form


def person() -> str:
    """Whoever is signed in, or has given the right password and types codes now; else their address."""
    if current_user and current_user.is_authenticated:
        return f"person:{current_user.person.id}"
    half = session.get("half_signed_in")
    return f"person:{half[0]}" if half else f"address:{get_remote_address()}"


def failed(response: Response) -> bool:
    """Only tries that failed count."""
    return response.status_code not in {204, 302, 303}


failed_logins = limiter.limit("10 per 15 minutes", key_func=typed_email, methods=["POST"], deduct_when=failed)
failed_logins_by_address = limiter.limit("60 per 15 minutes", methods=["POST"], deduct_when=failed)
codes = limiter.limit("10 per 15 minutes", key_func=person, methods=["POST"], deduct_when=failed)
codes_by_address = limiter.limit("30 per 15 minutes", methods=["POST"], deduct_when=failed)
resets = limiter.limit("5 per hour", key_func=typed_email, methods=["POST"])
resets_by_address = limiter.limit("30 per hour", methods=["POST"])
unknown_links = limiter.limit("60 per hour", deduct_when=lambda response: response.status_code in {404, 410, 422})
anonymous_drafts = limiter.limit("60 per hour", key_func=person)
phone_codes = limiter.limit("10 per 15 minutes", key_func=typed_phone, methods=["POST"], deduct_when=failed)
codes_sent = limiter.limit("5 per hour", key_func=typed_phone, methods=["POST"], exempt_when=asks_for_no_code)
codes_sent_by_address = limiter.limit("30 per hour", methods=["POST"], exempt_when=asks_for_no_code)
own_codes_sent = limiter.limit("5 per hour", key_func=person, methods=["POST"], exempt_when=asks_for_no_code)
badge_links = limiter.limit("60 per minute", methods=["POST"])
store_checks = limiter.limit("60 per minute", key_func=person)
invitations = limiter.limit("20 per hour", key_func=person, methods=["POST"])
submissions = limiter.limit("60 per minute", key_func=person, methods=["POST"])
