"""The members of a partner organisation: invited, permitted, suspended (`SPEC §1`)."""

from collections.abc import Iterable

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.listing import AnyRow
from referrals.partners.queries import get_partner
from referrals.people.invitations import withdraw_invitation
from referrals.people.models import Membership, OneTimeLink
from referrals.people.operations import change_membership, change_permissions
from referrals.people.queries import MemberList, get_membership, open_invitations
from referrals.people.rules import PERMISSIONS
from referrals.values import parse_id
from referrals.web import hx, lists, words
from referrals.web.forms.people import MemberForm, PermissionsForm
from referrals.web.joining import invite
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("members", __name__)


def permissions_of(row: AnyRow) -> str:
    return words.listed(gettext(words.PERMISSIONS[name]) for name in PERMISSIONS if getattr(row, name))


MEMBERS = ListPage(
    name="members",
    path="/members",
    title=N_("Members"),
    columns=(
        Column("name", N_("Name"), lambda row: row.name),
        Column("email", N_("E-mail"), lambda row: row.email or ""),
        Column("permissions", N_("May"), permissions_of, sortable=False),
        Column("status", N_("Status"), lambda row: gettext(words.MEMBERSHIP[row.status])),
        Column("since", N_("Member since"), lambda row: row.created_at, style="num"),
    ),
    rows="members/_rows.html",
    page="members/list.html",
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


@blueprint.get("/members")
@blueprint.get("/members.<any(csv, xlsx):kind>")
@may("manage_members")
def index(kind: str | None = None) -> Response:
    """Who belongs to the partner, and who is invited."""
    return listing(kind, MemberForm())


def listing(kind: str | None, form: MemberForm, status: int = 200) -> Response:
    partner_id = actor().partner_id
    listed = MemberList(actor(), partner_id, MEMBERS.wish())
    invitations = open_invitations(partner_id, at=now())
    response = lists.answer(MEMBERS, listed, kind, form=form, invitations=invitations)
    response.status_code = status
    return response


@blueprint.post("/members")
@may("manage_members")
def invite_member() -> AnyResponse:
    """Invite somebody by mail."""
    form = MemberForm()
    if not form.validate():
        return listing(None, form, 422)
    partner = get_partner(actor(), actor().partner_id or 0)
    details = {"partner_id": partner.id, "permissions": sorted(form.granted())}
    invite(form.email.data, details, organisation=partner.name, by=actor())
    session.commit()
    return hx.go_to(url_for("members.index"), N_("The invitation is on its way."))


@blueprint.get("/members/<membership_id>")
@may("manage_members")
def show(membership_id: str) -> Response:
    """One member's permissions and state."""
    membership = own_member(membership_id)
    return member_page(membership, PermissionsForm(obj=membership))


def member_page(membership: Membership, form: PermissionsForm, status: int = 200) -> Response:
    return hx.render("members/show.html", "members/show.html", status, membership=membership, form=form)


@blueprint.post("/members/<membership_id>/permissions")
@may("manage_members")
def permissions(membership_id: str) -> AnyResponse:
    """Set what a member may see and do."""
    membership, form = own_member(membership_id), PermissionsForm()
    try:
        change_permissions(membership, form.granted(), by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "manage_members")
        return member_page(own_member(membership_id), form, 422)
    return hx.go_to(url_for("members.index"), N_("Saved."))


@blueprint.post("/members/<membership_id>/<any(suspension, departure, return):step>")
@may("manage_members")
def change(membership_id: str, step: str) -> AnyResponse:
    """Suspend a member, end the membership, or take it up again."""
    membership = own_member(membership_id)
    target = {"suspension": "suspended", "departure": "left", "return": "active"}[step]
    try:
        change_membership(membership, target, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        membership = own_member(membership_id)
        form = PermissionsForm(formdata=None, obj=membership)
        form.put(broken)
        return member_page(membership, form, 422)
    return hx.go_to(url_for("members.index"), N_("Saved."))


@blueprint.post("/members/invitations/<link_id>/withdrawal")
@may("manage_members")
def withdraw(link_id: str) -> AnyResponse:
    """Withdraw an invitation."""
    invitation = invited(open_invitations(actor().partner_id, at=now()), link_id)
    withdraw_invitation(invitation, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("members.index"), N_("The invitation is withdrawn."))


def own_member(membership_id: str) -> Membership:
    membership = get_membership(actor(), parse_id(membership_id) or 0)
    if membership.partner_id is None or membership.partner_id != actor().partner_id:
        raise NotFound
    return membership


def invited(invitations: Iterable[OneTimeLink], link_id: str) -> OneTimeLink:
    """The invitation among these that an address names; raises NotFound."""
    for link in invitations:
        if public_id(link) == link_id:
            return link
    raise NotFound


def public_id(link: OneTimeLink) -> str:
    """How pages call an invitation: the beginning of its digest, since its id stays between us and the mail."""
    from referrals.people.tokens import digest

    return digest(link.id)[:24]
