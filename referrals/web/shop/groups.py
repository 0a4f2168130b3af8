"""Groups of salespeople, who share a rate (`SPEC §5`)."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.orders.performance import members_of_groups
from referrals.shops.catalogue import add_group, get_group, rename_group
from referrals.shops.models import SalespersonGroup, Shop
from referrals.shops.queries import groups_of, rate_book
from referrals.shops.rates import set_rate
from referrals.web import hx
from referrals.web.forms.shop import GroupForm, RateForm
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_groups", __name__)


@blueprint.get("/shops/<slug>/groups")
@of_shop()
def index(shop: Shop) -> Response:
    """All groups with their rates."""
    return groups_page(shop, GroupForm())


def groups_page(shop: Shop, form: GroupForm, status: int = 200) -> Response:
    book, at = rate_book(shop.id), now()
    groups = groups_of(shop.id)
    own = {one.id: book.override("group", one.id, at) for one in groups}
    return show(
        "shop/groups.html",
        shop,
        status,
        form=form,
        groups=groups,
        members=members_of_groups(shop),
        rates={key: override.rate_bp for key, override in own.items() if override},
    )


@blueprint.post("/shops/<slug>/groups")
@of_shop("manage")
def create(shop: Shop) -> AnyResponse:
    """A new group."""
    form = GroupForm()
    if not form.validate():
        return groups_page(shop, form, 422)
    try:
        group = add_group(shop, form.name.data, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return groups_page(shop, form, 422)
    return hx.go_to(shop_url("shop_groups.detail", shop, group_id=group.id), N_("The group is made. Give it a rate."))


@blueprint.get("/shops/<slug>/groups/<group_id>")
@of_shop()
def detail(shop: Shop, group_id: str) -> Response:
    """One group: its name and its rate."""
    group = get_group(shop.id, number_in(group_id))
    return group_page(shop, group, GroupForm(formdata=None, name=group.name), RateForm(formdata=None))


def group_page(
    shop: Shop, group: SalespersonGroup, form: GroupForm, rate_form: RateForm, status: int = 200
) -> Response:
    own = rate_book(shop.id).override("group", group.id, now())
    if not rate_form.has_errors:
        rate_form.rate.write(own.rate_bp if own else None)
    members = members_of_groups(shop).get(group.id, 0)
    return show("shop/group.html", shop, status, group=group, form=form, rate_form=rate_form, members=members)


@blueprint.post("/shops/<slug>/groups/<group_id>")
@of_shop("manage")
def rename(shop: Shop, group_id: str) -> AnyResponse:
    """Call a group otherwise."""
    group, form = get_group(shop.id, number_in(group_id)), GroupForm()
    if not form.validate():
        return group_page(shop, group, form, RateForm(formdata=None), 422)
    try:
        rename_group(shop, group, form.name.data, by=actor())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return group_page(shop, get_group(shop.id, group.id), form, RateForm(formdata=None), 422)
    return hx.go_to(shop_url("shop_groups.index", shop), N_("Saved."))


@blueprint.post("/shops/<slug>/groups/<group_id>/rate")
@of_shop("manage")
def rate(shop: Shop, group_id: str) -> AnyResponse:
    """Give a group a rate of its own, or end it."""
    group, form = get_group(shop.id, number_in(group_id)), RateForm()
    named = GroupForm(formdata=None, name=group.name)
    if not form.validate():
        return group_page(shop, group, named, form, 422)
    try:
        set_rate(shop, "group", group.id, form.rate.value, effective_at=form.effective_at.value, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "rate")
        return group_page(shop, get_group(shop.id, group.id), named, form, 422)
    return hx.go_to(shop_url("shop_groups.index", shop), N_("Saved."))
