"""Partner organisations, for staff."""

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.partner_list import PartnerList
from referrals.partners.models import Partner
from referrals.partners.operations import create_partner, rename_partner
from referrals.partners.queries import get_partner
from referrals.people.invitations import withdraw_invitation
from referrals.people.queries import MemberList, open_invitations
from referrals.people.rules import PERMISSIONS
from referrals.values import parse_id
from referrals.web import hx, lists
from referrals.web.forms.people import MemberForm, NewPartnerForm, PartnerForm
from referrals.web.joining import invite
from referrals.web.lists import Column, ListPage
from referrals.web.members import MEMBERS, invited
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("partners", __name__)

PARTNERS = ListPage(
    name="partners",
    path="/partners",
    title=N_("Partners"),
    columns=(
        Column("name", N_("Partner"), lambda row: row.name),
        Column("members", N_("Members"), lambda row: row.members, sortable=False, style="num"),
        Column("leads", N_("Leads"), lambda row: row.leads, sortable=False, style="num"),
        Column("since", N_("Partner since"), lambda row: row.created_at, style="num"),
    ),
    rows="partners/_rows.html",
    page="partners/list.html",
    searched=N_("Partner"),
)


@blueprint.get("/partners")
@blueprint.get("/partners.<any(csv, xlsx):kind>")
@may("view_people")
def index(kind: str | None = None) -> Response:
    """All partners."""
    return listing(kind, NewPartnerForm())


def listing(kind: str | None, form: NewPartnerForm, status: int = 200) -> Response:
    response = lists.answer(PARTNERS, PartnerList(actor(), PARTNERS.wish()), kind, form=form)
    response.status_code = status
    return response


@blueprint.post("/partners")
@may("manage_people")
def create() -> AnyResponse:
    """A new partner, whose first member is invited with every permission."""
    form = NewPartnerForm()
    if not form.validate():
        return listing(None, form, 422)
    try:
        partner = create_partner(form.name.data, by=actor(), at=now())
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return listing(None, form, 422)
    details = {"partner_id": partner.id, "permissions": list(PERMISSIONS)}
    invite(form.email.data, details, organisation=partner.name, by=actor())
    session.commit()
    return hx.go_to(url_for("partners.show", partner_id=partner.id), N_("The invitation is on its way."))


@blueprint.get("/partners/<partner_id>")
@blueprint.get("/partners/<int:partner_id>.<any(csv, xlsx):kind>")
@may("view_people")
def show(partner_id: str | int, kind: str | None = None) -> Response:
    """One partner and its members."""
    partner = get_partner(actor(), parse_id(str(partner_id)) or 0)
    if kind is not None:
        return lists.export(MEMBERS, MemberList(actor(), partner.id, MEMBERS.wish()), kind)
    return partner_page(partner, PartnerForm(obj=partner), MemberForm())


def partner_page(partner: Partner, form: PartnerForm, member_form: MemberForm, status: int = 200) -> Response:
    path = url_for("partners.show", partner_id=partner.id)
    listed = MemberList(actor(), partner.id, MEMBERS.wish())
    shown = lists.ShownList(MEMBERS, listed, MEMBERS.wish(), path)
    context = {
        "partner": partner,
        "form": form,
        "member_form": member_form,
        "invitations": open_invitations(partner.id, at=now()),
        "list": shown,
    }
    return hx.render("partners/show.html", "ui/_table.html", status, **context)


@blueprint.post("/partners/<partner_id>")
@may("manage_people")
def rename(partner_id: str) -> AnyResponse:
    """Give the partner another name."""
    partner, form = get_partner(actor(), parse_id(partner_id) or 0), PartnerForm()
    if not form.validate():
        return partner_page(partner, form, MemberForm(formdata=None), 422)
    try:
        rename_partner(partner, form.name.data, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return partner_page(get_partner(actor(), partner.id), form, MemberForm(formdata=None), 422)
    return hx.go_to(url_for("partners.show", partner_id=partner.id), N_("Saved."))


@blueprint.post("/partners/<partner_id>/members")
@may("manage_people")
def invite_member(partner_id: str) -> AnyResponse:
    """Invite somebody into the partner."""
    partner, form = get_partner(actor(), parse_id(partner_id) or 0), MemberForm()
    if not form.validate():
        return partner_page(partner, PartnerForm(formdata=None, obj=partner), form, 422)
    details = {"partner_id": partner.id, "permissions": sorted(form.granted())}
    invite(form.email.data, details, organisation=partner.name, by=actor())
    session.commit()
    return hx.go_to(url_for("partners.show", partner_id=partner.id), N_("The invitation is on its way."))


@blueprint.post("/partners/<partner_id>/invitations/<link_id>/withdrawal")
@may("manage_people")
def withdraw(partner_id: str, link_id: str) -> AnyResponse:
    """Withdraw an invitation."""
    partner = get_partner(actor(), parse_id(partner_id) or 0)
    withdraw_invitation(invited(open_invitations(partner.id, at=now()), link_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("partners.show", partner_id=partner.id), N_("The invitation is withdrawn."))
