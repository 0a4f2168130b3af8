"""What was typed into a form while the sign-in ended: kept, and brought back after the login (`SPEC §18`)."""

from flask import current_app, request, session
from werkzeug.datastructures import MultiDict

from referrals.clock import now
from referrals.db import session as database
from referrals.people import drafts
from referrals.people.tokens import new_token
from referrals.web import limits
from referrals.web.safe_urls import came_from

NEVER_KEPT = {"csrf_token", "password", "new_password", "code", "payout_details"}
NEVER_KEPT_OF = {"/payouts/method"}
LARGEST = 100_000


def keep() -> str:
    """Store what this form was sent with; answers the page on which it will be asked for again."""
    has_page = current_app.url_map.bind("").test(request.path, "GET")
    page = came_from(request.path if has_page else "/")
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in NEVER_KEPT]
    kept = request.path not in NEVER_KEPT_OF
    if kept and fields and sum(len(name) + len(value) for name, value in fields) <= LARGEST:
        token = session.get("draft") or new_token()
        with limits.anonymous_drafts:
            drafts.keep_draft(token, request.path, fields, author_id=author(), at=now())
        database.commit()
        session["draft"] = token
    return page


def typed_before(path: str) -> MultiDict[str, str] | None:
    """What this visitor had typed into the form that is sent to `path`, if anything waits."""
    token = session.get("draft")
    if not token or request.method != "GET":
        return None
    fields = drafts.find_draft(token, path, reader_id=author(), at=now())
    if fields is None:
        return None
    return MultiDict([(name, value) for name, value in fields])


def author() -> int | None:
    """Who sits before this browser, by its cookie, also when the sign-in behind it has ended."""
    token = session.get("_user_id")
    return drafts.author_of(token) if token else None


def spent() -> None:
    """The form was sent: what waited is not needed any more."""
    token = session.pop("draft", None)
    if token:
        drafts.drop_draft(token)
