"""Who may act for a shop: invited, permitted, suspended; and what the shop is called (`SPEC §1`)."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.listing import AnyRow
from referrals.people.invitations import withdraw_invitation
from referrals.people.merchant_list import MerchantList
from referrals.people.models import Membership
from referrals.people.operations import change_membership
from referrals.people.queries import get_membership, open_invitations
from referrals.people.rules import SHOP_PERMISSIONS
from referrals.people.shop_members import change_merchant
from referrals.shops.models import Shop
from referrals.shops.operations import rename_shop, set_time_zone
from referrals.web import hx, words
from referrals.web.forms.shop_house import MayForm, MerchantForm, ShopForm
from referrals.web.joining import invite as invite_by_mail
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.members import invited
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_members", __name__)

STEPS = {"suspension": "suspended", "departure": "left", "return": "active"}


def permissions_of(row: AnyRow) -> str:
    return words.listed(gettext(words.SHOP_PERMISSIONS[name]) for name in SHOP_PERMISSIONS if getattr(row, name))


MEMBERS = ListPage(
    name="shop-members",
    path="/members",
    title=N_("Members"),
    columns=(
        Column("name", N_("Name"), lambda row: row.name),
        Column("email", N_("E-mail"), lambda row: row.email or ""),
        Column("permissions", N_("May"), permissions_of, sortable=False),
        Column("status", N_("Status"), lambda row: gettext(words.MEMBERSHIP[row.status])),
        Column("since", N_("Member since"), lambda row: row.created_at, style="num"),
    ),
    rows="shop/_member_rows.html",
    page="shop/members.html",
    filters=(Filter("status", N_("Status"), N_("Any status"), lambda: labels(words.MEMBERSHIP)),),
    searched=N_("Name or e-mail"),
)


@blueprint.get("/shops/<slug>/members")
@blueprint.get("/shops/<slug>/members.<any(csv, xlsx):kind>")
@of_shop("manage")
def index(shop: Shop, kind: str | None = None) -> Response:
    """Who may act for the shop, who is invited, and what the shop is called."""
    return members_page(shop, kind=kind)


def members_page(shop: Shop, status: int = 200, kind: str | None = None, **forms: Any) -> Response:
    """The page of members; `forms` are those that were just sent and could not be taken."""
    listed = MerchantList(actor(), shop.id, MEMBERS.wish())
    context: dict[str, Any] = {
        "invite_form": MerchantForm(formdata=None),
        "shop_form": ShopForm(formdata=None, obj=shop).offer(shop),
        "invitations": open_invitations(shop_id=shop.id, at=now()),
    }
    return listing(MEMBERS, listed, kind, shop, status, **context | forms)


@blueprint.post("/shops/<slug>/members")
@of_shop("manage")
def invite(shop: Shop) -> AnyResponse:
    """Invite somebody by mail."""
    form = MerchantForm()
    if not form.validate():
        return members_page(shop, 422, invite_form=form)
    details = {"shop_id": shop.id, "permissions": sorted(form.granted())}
    invite_by_mail(form.email.data, details, organisation=shop.name, by=actor())
    session.commit()
    return hx.go_to(shop_url("shop_members.index", shop), N_("The invitation is on its way."))


@blueprint.post("/shops/<slug>/members/invitations/<link_id>/withdrawal")
@of_shop("manage")
def withdraw(shop: Shop, link_id: str) -> AnyResponse:
    """Withdraw an invitation."""
    withdraw_invitation(invited(open_invitations(shop_id=shop.id, at=now()), link_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(shop_url("shop_members.index", shop), N_("The invitation is withdrawn."))


@blueprint.post("/shops/<slug>/facts")
@of_shop("manage")
def save_facts(shop: Shop) -> AnyResponse:
    """Name the shop, and say by which clocks its days begin."""
    form = ShopForm().offer(shop)
    if not form.validate():
        return members_page(shop, 422, shop_form=form)
    try:
        if form.name.data != shop.name:
            rename_shop(shop, form.name.data, by=actor(), at=now())
        if form.time_zone.data != shop.time_zone:
            set_time_zone(shop, form.time_zone.data, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "name")
        return members_page(shop, 422, shop_form=form)
    return hx.go_to(shop_url("shop_members.index", shop), N_("Saved."))


@blueprint.get("/shops/<slug>/members/<membership_id>")
@of_shop("manage")
def detail(shop: Shop, membership_id: str) -> Response:
    """One member's permissions and state."""
    membership = merchant_in(shop, membership_id)
    return member_page(shop, membership, MayForm(obj=membership))


def merchant_in(shop: Shop, membership_id: str) -> Membership:
    """A member of the merchant behind this shop; raises NotFound, for its salespeople too."""
    membership = get_membership(actor(), number_in(membership_id))
    if membership.shop_id != shop.id or membership.role != "merchant":
        raise NotFound
    return membership


def member_page(shop: Shop, membership: Membership, form: MayForm, status: int = 200) -> Response:
    return show("shop/member.html", shop, status, membership=membership, form=form)


@blueprint.post("/shops/<slug>/members/<membership_id>/permissions")
@of_shop("manage")
def permit(shop: Shop, membership_id: str) -> AnyResponse:
    """Set what a member may do."""
    form = MayForm()
    return act(shop, membership_id, form, lambda member: change_merchant(member, form.granted(), by=actor(), at=now()))


@blueprint.post("/shops/<slug>/members/<membership_id>/<any(suspension, departure, return):step>")
@of_shop("manage")
def change(shop: Shop, membership_id: str, step: str) -> AnyResponse:
    """Suspend a member, end the membership, or take it up again."""
    membership = merchant_in(shop, membership_id)
    form = MayForm(formdata=None, obj=membership)
    return act(shop, membership_id, form, lambda member: change_membership(member, STEPS[step], by=actor(), at=now()))


def act(shop: Shop, membership_id: str, form: MayForm, verb: Callable[[Membership], None]) -> AnyResponse:
    """Do something to a member: back to the list, or the sentence beside what was ticked."""
    membership = merchant_in(shop, membership_id)
    own = membership.id == actor().membership_id
    try:
        verb(membership)
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return member_page(shop, merchant_in(shop, membership_id), form, 422)
    # Who gave up managing may not look at the members any more.
    return hx.go_to(shop_url("shop_overview.index" if own else "shop_members.index", shop), N_("Saved."))
