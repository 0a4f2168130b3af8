"""Group-buys: campaigns with cashback by tiers, which lowers commissions (`SPEC §8`)."""

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.orders.group_buy_list import GroupBuyList
from referrals.orders.group_buys import set_group_buy
from referrals.shops.models import GroupBuy, Shop
from referrals.shops.queries import get_group_buy
from referrals.web import hx, words
from referrals.web.filters import amount
from referrals.web.forms.shop import GroupBuyForm
from referrals.web.lists import Column, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_group_buys", __name__)

GROUP_BUYS = ListPage(
    name="shop-group-buys",
    path="/group-buys",
    title=N_("Group-buys"),
    columns=(
        Column("title", N_("Campaign"), lambda row: row.title),
        Column("id", N_("Id"), lambda row: row.external_id),
        Column("orders", N_("Orders that count"), lambda row: row.orders, style="num"),
        Column("tiers", N_("Cashback per order"), lambda row: str(row.tiers), sortable=False),
        Column("since", N_("Created"), lambda row: row.created_at, style="num"),
    ),
    rows="shop/_group_buy_rows.html",
    page="shop/group_buys.html",
    searched=N_("Title or id"),
    empty="shop/_group_buys_empty.html",
)


def tiers_in_words(tiers: list[tuple[int, int]], currency: str) -> str:
    """The tiers in one line: from 3 orders ¥3.00, from 5 orders ¥8.00."""
    return words.listed(
        gettext("from %(orders)s: %(cashback)s", orders=orders, cashback=amount(minor, currency))
        for orders, minor in tiers
    )


@blueprint.get("/shops/<slug>/group-buys")
@blueprint.get("/shops/<slug>/group-buys.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """All campaigns with the orders that they reached."""
    listed = GroupBuyList(actor(), shop, GROUP_BUYS.wish())
    return listing(GROUP_BUYS, listed, kind, shop, tiers_in_words=tiers_in_words)


@blueprint.get("/shops/<slug>/group-buys/new")
@of_shop("manage")
def new(shop: Shop) -> Response:
    """The form of a campaign."""
    return form_page(shop, GroupBuyForm(currency=shop.currency), None)


def form_page(
    shop: Shop, form: GroupBuyForm, campaign: GroupBuy | None, status: int = 200, problem: str = ""
) -> Response:
    rows = form.rows(campaign.tiers if campaign else ())
    return show("shop/group_buy.html", shop, status, form=form, campaign=campaign, rows=rows, problem=problem)


@blueprint.post("/shops/<slug>/group-buys/new")
@of_shop("manage")
def create(shop: Shop) -> AnyResponse:
    """Add a campaign."""
    return store(shop, None)


@blueprint.get("/shops/<slug>/group-buys/<group_buy_id>")
@of_shop()
def detail(shop: Shop, group_buy_id: str) -> Response:
    """One campaign."""
    campaign = get_group_buy(shop.id, number_in(group_buy_id))
    return form_page(shop, GroupBuyForm(formdata=None, obj=campaign, currency=shop.currency), campaign)


@blueprint.post("/shops/<slug>/group-buys/<group_buy_id>")
@of_shop("manage")
def save(shop: Shop, group_buy_id: str) -> AnyResponse:
    """Change a campaign; commissions that are settled keep what they used."""
    return store(shop, get_group_buy(shop.id, number_in(group_buy_id)))


def store(shop: Shop, campaign: GroupBuy | None) -> AnyResponse:
    form = GroupBuyForm(currency=shop.currency)
    if campaign is not None:
        form.external_id.data = campaign.external_id
    if not form.validate():
        return form_page(shop, form, campaign, 422)
    try:
        set_group_buy(shop, form.external_id.data, title=form.title.data, tiers=form.tiers(), by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        if broken.field == "tiers":
            return form_page(shop, form, campaign, 422, words.say(broken))
        form.put(broken, "external_id")
        return form_page(shop, form, campaign, 422)
    return hx.go_to(shop_url("shop_group_buys.index", shop), N_("Saved."))
