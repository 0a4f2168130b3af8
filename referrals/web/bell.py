"""What is under the bell: read one by one by opening it, or all at once."""

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.outbox.operations import mark_read
from referrals.outbox.queries import NotificationList, get_notification
from referrals.values import parse_id
from referrals.web import hx, lists
from referrals.web.emails import line_of
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, member
from referrals.wording import N_

blueprint = Blueprint("bell", __name__)

NOTIFICATIONS = ListPage(
    name="notifications",
    path="/notifications",
    title=N_("Notifications"),
    columns=(
        Column("what", N_("What happened"), lambda row: line_of(row.template, row.params), sortable=False),
        Column("created", N_("When"), lambda row: row.created_at, style="num"),
    ),
    rows="bell/_rows.html",
    page="bell/list.html",
    filters=(Filter("unread", N_("Read or not"), N_("All"), lambda: [("y", gettext("Unread"))]),),
)


@blueprint.get("/notifications")
@blueprint.get("/notifications.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """All notifications, newest first."""
    return lists.answer(NOTIFICATIONS, NotificationList(actor(), NOTIFICATIONS.wish()), kind)


@blueprint.post("/notifications/reading")
@member
def read_all() -> AnyResponse:
    """Mark all as read."""
    mark_read(actor().person_id or 0, at=now())
    session.commit()
    return hx.go_to(url_for("bell.index"))


@blueprint.post("/notifications/<notification_id>/reading")
@member
def read(notification_id: str) -> AnyResponse:
    """Mark one as read and go to what it tells of."""
    notification = get_notification(actor(), parse_id(notification_id) or 0)
    subject = notification.subject
    mark_read(actor().person_id or 0, at=now(), notification_id=notification.id)
    session.commit()
    return hx.go_to(address_of(subject))


def address_of(subject: str) -> str:
    """The page of what a notification tells of: a payout (`payout:7`), the books, a lead by its reference, nothing."""
    if subject.startswith("books:"):
        return url_for("ledger.show")
    if subject.startswith("payout:"):
        return url_for("payouts.show", payout_id=subject.removeprefix("payout:"))
    return url_for("leads.show", ref=subject) if subject else url_for("bell.index")
