"""The page of leads as one would write it for speed alone: Flask, sqlite3, `%`-formatting, no layers.

It reads what our page reads (sign-in, numbers, choices, 25 leads) and answers with the same text. What never changes
of the page is taken from ours once, with holes where the text depends on the database or the visitor.
"""

import re
import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import unified_diff
from html import escape
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, session
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from referrals.people.tokens import digest
from referrals.web.security import HEADERS

CHOICE = '<option value="%s">%s</option>'
STATUS = {"submitted": "Submitted", "in_progress": "In progress", "awarded": "Awarded", "ineligible": "Ineligible"}
PAYOUT = {"due": "Due", "paid": "Paid", "not_eligible": "Not eligible"}
NO_PAYOUT = '<span class="soft" aria-label="None yet">—</span>'
NOBODY = '<span class="soft">—</span>'
IN_CONFLICT = ' <span class="badge conflict">In conflict</span>'
ROW = """<tr data-lead="%s"><td class="first"><a href="/leads/%s" hx-get="/leads/%s" hx-target="#drawer-place" \
hx-swap="innerHTML" hx-push-url="true" hx-indicator="#loading" dir="auto">%s</a><small>%s</small></td>
<td class="contact" dir="auto">%s</td><td class="product">%s</td>
<td class="state"><span class="badge %s">%s</span>%s</td>
<td class="payout">%s</td>
<td class="rep" dir="auto">%s</td><td class="num submitted">%s</td><td class="num changed">%s</td></tr>
"""
TIME = '<time datetime="%s" title="%s">%s</time>'
VISITOR = """
SELECT persons.id, persons.name, partners.id, partners.name FROM sign_ins
JOIN persons ON persons.id = sign_ins.person_id
JOIN memberships ON memberships.id = sign_ins.membership_id AND memberships.status = 'active'
JOIN partners ON partners.id = memberships.partner_id
WHERE token_digest = ? AND revoked_at IS NULL AND expires_at > ?
"""
COUNTS = "SELECT status, sum(leads) FROM lead_counts WHERE partner_id = ? GROUP BY status"
UNREAD = "SELECT count(*) FROM notifications WHERE person_id = ? AND read_at IS NULL"
PRODUCTS = "SELECT code, name FROM products ORDER BY position"
REPS = """
SELECT representatives.id, persons.name FROM representatives JOIN persons ON persons.id = person_id
WHERE representatives.id IN (SELECT rep_id FROM lead_counts WHERE partner_id = ?) ORDER BY name_key
"""
LEADS = """
SELECT leads.ref, business_name, website_url, contact_name, products.name, leads.status, payout, claim, persons.name,
submitted_at, changed_at, leads.id FROM leads JOIN products ON products.id = product_id
LEFT JOIN representatives ON representatives.id = rep_id LEFT JOIN persons ON persons.id = representatives.person_id
WHERE partner_id = ? ORDER BY submitted_at DESC, leads.id DESC LIMIT 26
"""


def plain_app(file: str, secret_key: str, ours: str) -> Flask:
    """The application; `ours` is the text of our own page."""
    app = Flask("plain")
    app.config.update(SECRET_KEY=secret_key, SESSION_COOKIE_NAME="referrals", SESSION_REFRESH_EACH_REQUEST=False)
    database = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    frame = with_holes(ours)
    signer = URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token")

    @app.get("/leads")
    def leads() -> Response:
        found = database.execute(VISITOR, (digest(session["_user_id"]), datetime.now(UTC))).fetchone()
        person_id, name, partner_id, partner = found
        counts = dict(database.execute(COUNTS, (partner_id,)).fetchall())
        total = sum(counts.values())
        rows = database.execute(LEADS, (partner_id,)).fetchall()
        response = Response(
            frame
            % {
                "token": signer.dumps(session["csrf_token"]),
                "unread": database.execute(UNREAD, (person_id,)).fetchone()[0] or "",
                "waiting": f"{counts.get('submitted', 0) + counts.get('in_progress', 0):,}",
                "name": escape(name),
                "partner": escape(partner),
                "products": choices(database.execute(PRODUCTS).fetchall()),
                "reps": choices(database.execute(REPS, (partner_id,)).fetchall()),
                "count": f"1–{min(total, 25)} of {total:,}",
                "total": total,
                "pages": f"{-(-total // 25):,}",
                "next": cursor(rows[24]),
                "rows": "".join(map(row_of, rows[:25])),
            },
            mimetype="text/html",
        )
        response.headers.update(HEADERS)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    return app


def choices(rows: Sequence[tuple[Any, str]]) -> str:
    return "".join(CHOICE % (value, escape(label)) for value, label in rows)


def cursor(last: tuple[Any, ...]) -> str:
    moment = f"{last[9].replace(' ', 'T')}+00:00"
    return urlsafe_b64encode(f'[0, "{moment}", {last[11]}, 26]'.encode()).decode().rstrip("=")


def row_of(row: tuple[Any, ...]) -> str:
    ref, business, website, contact, product, status, payout, claim, rep, submitted, changed, _ = row
    return ROW % (
        ref, ref, ref, escape(business), escape(urlsplit(website).netloc), escape(contact), escape(product),
        status, STATUS[status], IN_CONFLICT if claim == "in_conflict" else "",
        NO_PAYOUT if payout == "none" else PAYOUT[payout], escape(rep) if rep else NOBODY,
        time_of(submitted), time_of(changed),
    )  # fmt: skip


def time_of(written: str) -> str:
    at = datetime.fromisoformat(written)
    day = f"{at.day} {at:%b}" if at.year == datetime.now(UTC).year else f"{at.day} {at:%b %Y}"
    full = f"{at:%A}, {at.day} {at:%B %Y, %H:%M:%S} Coordinated Universal Time"
    return TIME % (f"{written.replace(' ', 'T')}+00:00", full, day)


def with_holes(ours: str) -> str:
    """Our page as a format, with a hole for each part that depends on who asks and what the database holds."""
    page = ours.replace("%", "%%")
    for pattern, hole in (
        (r'(X-CSRFToken": ")[^"]+', r"\g<1>%(token)s"),
        (r'(name="csrf_token" value=")[^"]+', r"\g<1>%(token)s"),
        (r"(Notifications</span>)\s+</a>", r"\g<1>%(unread)s</a>"),
        (r"(<span>Leads</span><b>)[^<]+", r"\g<1>%(waiting)s"),
        (r"<strong>Member 1</strong><small>[^<]+", "<strong>%(name)s</strong><small>%(partner)s"),
        (r'(All products</option>\n)(<option value="[^"]+">[^<]+</option>)+', r"\g<1>%(products)s"),
        (r'(Any rep</option>\n)(<option value="[^"]+">[^<]+</option>)+', r"\g<1>%(reps)s"),
        (r"1–25 of [\d,]+", "%(count)s"),
        (r'data-total="\d+"', 'data-total="%(total)s"'),
        (r"Page 1 of [\d,]+", "Page 1 of %(pages)s"),
        (r"page=[\w-]{20,}", "page=%(next)s"),
        (r"(?s)(<tbody>\n).*(</tbody>)", r"\g<1>%(rows)s\g<2>"),
    ):
        page, found = re.subn(pattern, hole, page)
        assert found, pattern
    return page


def difference(client: FlaskClient, other: FlaskClient) -> str:
    """Where the two pages differ, but for the signed token and blank space; nothing if they do not."""
    pages = (
        re.sub(r"[\w-]+\.[\w-]+\.[\w-]{20,}|\s+", "", one.get("/leads").text.replace("&#x27;", "&#39;"))
        for one in (client, other)
    )
    ours, theirs = (page.replace("<", "\n<").splitlines() for page in pages)
    return "\n".join(unified_diff(ours, theirs, lineterm="", n=0))
