"""Staff: representatives and administrators, for administrators; the audit log."""

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.people.invitations import withdraw_invitation
from referrals.people.models import Membership
from referrals.people.operations import change_membership, make_representative
from referrals.people.queries import (
    AuditList,
    MemberList,
    audit_actions,
    find_representative,
    get_membership,
    open_invitations,
)
from referrals.values import parse_id
from referrals.web import hx, lists, words
from referrals.web.audit_words import ACTIONS, action_words
from referrals.web.forms.people import RepForm, StaffForm
from referrals.web.joining import invite
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.members import invited
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("people", __name__)

STAFF = ListPage(
    name="people",
    path="/people",
    title=N_("People"),
    columns=(
        Column("name", N_("Name"), lambda row: row.name),
        Column("email", N_("E-mail"), lambda row: row.email or ""),
        Column("role", N_("Role"), lambda row: gettext(words.ROLES[row.role])),
        Column("available", N_("Takes new leads"), lambda row: bool(row.available), sortable=False),
        Column("status", N_("Status"), lambda row: gettext(words.MEMBERSHIP[row.status])),
        Column("since", N_("Since"), lambda row: row.created_at, style="num"),
    ),
    rows="people/_rows.html",
    page="people/list.html",
    filters=(
        Filter(
            "status",
            N_("Status"),
            N_("Any status"),
            lambda: [(value, gettext(label)) for value, label in words.MEMBERSHIP.items()],
        ),
    ),
    searched=N_("Name or e-mail"),
)
AUDIT = ListPage(
    name="audit",
    path="/audit",
    title=N_("Audit log"),
    columns=(
        Column("action", N_("What"), lambda row: action_words(row.action)),
        Column("subject", N_("Whom or what"), lambda row: row.subject, sortable=False),
        Column("person", N_("By"), lambda row: row.name or ""),
        Column("at", N_("When"), lambda row: row.at, style="num"),
    ),
    rows="people/_audit_rows.html",
    page="people/audit.html",
    filters=(
        Filter(
            "action",
            N_("What"),
            N_("Everything"),
            lambda: [(action, action_words(action)) for action in audit_actions() if action in ACTIONS],
        ),
    ),
    searched=N_("Who did it"),
)


@blueprint.get("/people")
@blueprint.get("/people.<any(csv, xlsx):kind>")
@may("manage_people")
def index(kind: str | None = None) -> Response:
    """Representatives and administrators."""
    return listing(kind, StaffForm().offer())


def listing(kind: str | None, form: StaffForm, status: int = 200) -> Response:
    invitations = open_invitations(at=now())
    listed = MemberList(actor(), None, STAFF.wish())
    response = lists.answer(STAFF, listed, kind, form=form, invitations=invitations)
    response.status_code = status
    return response


@blueprint.post("/people")
@may("manage_people")
def invite_staff() -> AnyResponse:
    """Invite somebody into the staff."""
    form = StaffForm().offer()
    if not form.validate():
        return listing(None, form, 422)
    invite(form.email.data, {"role": form.role.data}, organisation="", by=actor())
    session.commit()
    return hx.go_to(url_for("people.index"), N_("The invitation is on its way."))


@blueprint.get("/people/<membership_id>")
@may("manage_people")
def show(membership_id: str) -> Response:
    """One staff person, and how partners reach them."""
    membership = staff_member(membership_id)
    rep = find_representative(membership.person_id)
    return person_page(membership, RepForm(obj=rep))


def person_page(membership: Membership, form: RepForm, status: int = 200) -> Response:
    return hx.render("people/show.html", "people/show.html", status, membership=membership, form=form)


@blueprint.post("/people/<membership_id>")
@may("manage_people")
def save(membership_id: str) -> AnyResponse:
    """Store phone, booking link, and whether new leads come."""
    membership, form = staff_member(membership_id), RepForm()
    if not form.validate():
        return person_page(membership, form, 422)
    make_representative(
        membership.person, phone=form.phone.data, booking_url=form.booking_url.data, available=form.available.data
    )
    session.commit()
    return hx.go_to(url_for("people.index"), N_("Saved."))


@blueprint.post("/people/<membership_id>/<any(suspension, departure, return):step>")
@may("manage_people")
def change(membership_id: str, step: str) -> AnyResponse:
    """Suspend somebody, end the membership, or take it up again."""
    membership = staff_member(membership_id)
    target = {"suspension": "suspended", "departure": "left", "return": "active"}[step]
    try:
        change_membership(membership, target, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        membership = staff_member(membership_id)
        form = RepForm(formdata=None, obj=find_representative(membership.person_id))
        form.put(broken)
        return person_page(membership, form, 422)
    return hx.go_to(url_for("people.index"), N_("Saved."))


@blueprint.post("/people/invitations/<link_id>/withdrawal")
@may("manage_people")
def withdraw(link_id: str) -> AnyResponse:
    """Withdraw an invitation."""
    withdraw_invitation(invited(open_invitations(at=now()), link_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("people.index"), N_("The invitation is withdrawn."))


@blueprint.get("/audit")
@blueprint.get("/audit.<any(csv, xlsx):kind>")
@may("configure")
def audit(kind: str | None = None) -> Response:
    """Who changed the set-up or an account."""
    return lists.answer(AUDIT, AuditList(actor(), AUDIT.wish()), kind)


def staff_member(membership_id: str) -> Membership:
    membership = get_membership(actor(), parse_id(membership_id) or 0)
    if membership.role not in {"rep", "admin"}:
        raise NotFound
    return membership
