"""Addresses we send people on to: paths of our own, never anything else (P15)."""

import re
from urllib.parse import urlsplit

from flask import request


def safe_path(wanted: str | None, default: str = "/") -> str:
    """A path with query on this host, or the default. Scheme, host, backslash and control characters are refused."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or re.search(r"[\\\x00-\x20\x7f]", wanted):
        return default
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return default
    return default if parts.scheme or parts.netloc else wanted


def came_from(default: str) -> str:
    """The path of our own page that a form was sent from, or the default."""
    try:
        parts = urlsplit(request.referrer or "")
    except ValueError:
        return default
    if parts.netloc != request.host:
        return default
    return safe_path(parts.path + (f"?{parts.query}" if parts.query else ""), default)
