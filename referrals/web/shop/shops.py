"""All shops, for those who see more than one; administrators make them here."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.people.rules import SHOP_PERMISSIONS
from referrals.shops.operations import create_shop
from referrals.shops.shop_list import ShopList
from referrals.web import hx, lists
from referrals.web.forms.shop_house import NewShopForm
from referrals.web.joining import invite
from referrals.web.lists import Column, ListPage
from referrals.web.shop.access import shop_url
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("shops", __name__)

SHOPS = ListPage(
    name="shops",
    path="/shops",
    title=N_("Shops"),
    columns=(
        Column("name", N_("Shop"), lambda row: row.name),
        Column("host", N_("Address"), lambda row: row.host or "", sortable=False),
        Column("currency", N_("Currency"), lambda row: row.currency),
        Column("salespeople", N_("Salespeople"), lambda row: row.salespeople, sortable=False, style="num"),
        Column("since", N_("Shop since"), lambda row: row.created_at, style="num"),
    ),
    rows="shop/_shop_rows.html",
    page="shop/shops.html",
    searched=N_("Shop"),
    empty="shop/_shops_empty.html",
)


@blueprint.get("/shops")
@blueprint.get("/shops.<any(csv, xlsx):kind>")
@may("view_shop")
def index(kind: str | None = None) -> Response:
    """All shops that one may see."""
    return listing(kind, NewShopForm())


def listing(kind: str | None, form: NewShopForm, status: int = 200) -> Response:
    response = lists.answer(SHOPS, ShopList(actor(), SHOPS.wish()), kind, form=form)
    response.status_code = status
    return response


@blueprint.post("/shops")
@may("manage_people")
def create() -> AnyResponse:
    """A new shop, whose first member is invited with every permission."""
    form = NewShopForm()
    if not form.validate():
        return listing(None, form, 422)
    try:
        shop = create_shop(
            form.slug.data, form.name.data, form.currency.data.upper(), form.addresses(), by=actor(), at=now()
        )
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "name")
        return listing(None, form, 422)
    details = {"shop_id": shop.id, "permissions": list(SHOP_PERMISSIONS)}
    invite(form.email.data, details, organisation=shop.name, by=actor())
    session.commit()
    return hx.go_to(shop_url("shop_overview.index", shop), N_("The invitation is on its way."))
