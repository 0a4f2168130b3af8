"""What templates need on every page: addresses of static files, and the token of forms."""

from functools import cache
from hashlib import sha256

from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from referrals.config import ROOT


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that browsers may keep it for ever."""
    version = sha256((ROOT / "static" / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={version}"


def token() -> Markup:
    """The hidden field that shows that a form is ours."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


LOGO = Markup(
    '<svg class="icon logo" width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="2.2" aria-hidden="true"><circle cx="6" cy="12" r="3.2"/><circle cx="18" cy="5.5" r="3.2"/>'
    '<circle cx="18" cy="18.5" r="3.2"/><path d="M9 10.6l6-3.6M9 13.4l6 3.6"/></svg>'
)


@cache
def icon(name: str) -> Markup:
    """A picture from the sprite; words stand beside it, or hidden in it."""
    if name == "logo":
        return LOGO
    return Markup('<svg class="icon" width="18" height="18" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        asset("icons.svg"), name
    )
