"""The orders of a shop: whose each is and why, what happened to it, and giving it to somebody else (`SPEC §6`)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.explanations.unattributed import explain_unattributed
from referrals.links.queries import clicks_of_visitor, clicks_seen
from referrals.orders.attribution import reattribute as give_to
from referrals.orders.models import Order
from referrals.orders.order_list import STAGES, OrderList
from referrals.orders.queries import attributions_of, contact_of, events_of, get_order_by_id
from referrals.orders.rules import stage_of
from referrals.orders.standing import Standing, standing_of
from referrals.people.queries import names_of_people
from referrals.people.rules import masked_phone
from referrals.shops.models import Shop
from referrals.shops.queries import names_of_salespeople, salespeople_of
from referrals.values import parse_id
from referrals.web import hx, shop_words
from referrals.web.filters import zone
from referrals.web.forms.shop import ReattributionForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.sell.words import masked_buyer
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_orders", __name__)


def whose_choices() -> list[tuple[str, str]]:
    return [("promoted", gettext("Promotion orders")), *labels(shop_words.UNATTRIBUTED)]


ORDERS = ListPage(
    name="shop-orders",
    path="/orders",
    title=N_("Orders"),
    columns=(
        Column("order", N_("Order"), lambda row: row.external_id),
        Column("salesperson", N_("Salesperson"), lambda row: person_or_reason(row)),
        Column("stage", N_("State"), lambda row: gettext(shop_words.STAGES[row.stage]), sortable=False),
        Column("goods", N_("Goods"), lambda row: row.goods_minor, style="num"),
        Column("left", N_("Left after refunds"), lambda row: row.left_minor, style="num"),
        Column("commission", N_("Commission"), lambda row: row.amount_minor, sortable=False, style="num"),
        Column("placed", N_("Placed"), lambda row: row.placed_at, style="num"),
    ),
    rows="shop/_order_rows.html",
    page="shop/orders.html",
    filters=(
        Filter("whose", N_("Whose"), N_("All orders"), whose_choices),
        Filter(
            "stage",
            N_("State"),
            N_("Any state"),
            lambda: [(stage, gettext(shop_words.STAGES[stage])) for stage in STAGES],
        ),
    ),
    searched=N_("Order number or salesperson"),
    empty="shop/_orders_empty.html",
    dates=True,
)


def person_or_reason(row: Any) -> str:
    if row.salesperson_id is None:
        return str(gettext(shop_words.UNATTRIBUTED[row.reason]))
    return str(row.nickname or masked_phone(row.phone or ""))


def start_of(written: str, later: timedelta = timedelta(0)) -> datetime | None:
    """Where a day that was typed begins in the reader's zone, or the day after it; None where it is none."""
    try:
        return datetime.combine(date.fromisoformat(written) + later, time(), zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@blueprint.get("/shops/<slug>/orders")
@blueprint.get("/shops/<slug>/orders.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """All orders, promoted or not."""
    wish = ORDERS.wish()
    listed = OrderList(
        actor(),
        shop,
        wish,
        since=start_of(wish.get("from")),
        until=start_of(wish.get("to"), timedelta(days=1)),
        at=now(),
    )
    return listing(ORDERS, listed, kind, shop)


@blueprint.get("/shops/<slug>/orders/<order_id>")
@of_shop()
def detail(shop: Shop, order_id: str) -> Response:
    """One order: whose, why, what was bought, what happened, what it earns."""
    order = order_of(shop, order_id)
    return order_page(shop, order, ReattributionForm().offer(people_of(shop)))


def order_of(shop: Shop, order_id: str) -> Order:
    order = get_order_by_id(actor(), number_in(order_id))
    if order.shop_id != shop.id:
        raise NotFound
    return order


def people_of(shop: Shop) -> list[tuple[int, str]]:
    return [(one.id, one.person.called) for one in salespeople_of(shop.id) if one.status != "applied"]


def order_page(shop: Shop, order: Order, form: ReattributionForm, status: int = 200) -> Response:
    standing, attributions = standing_of(order), attributions_of(order)
    clicks, contact = clicks_about(order), contact_of(order)
    people = {order.salesperson_id, *(one.salesperson_id for one in [*attributions, *clicks])} - {None}
    context = {
        "order": order,
        "stage": stage_now(standing),
        "lines": lines_with_left(standing),
        "rest_minor": standing.goods.rest,
        "events": events_of(order),
        "buyer": masked_buyer(contact.phone, contact.email, contact.customer_ref) if contact else "",
        "attributions": attributions,
        "why_not": explain_unattributed(order),
        "clicks": clicks,
        "names": names_of_salespeople(list(people)),
        "staff_names": names_of_people([one.by_person_id for one in attributions if one.by_person_id]),
        "commission": commission_of(order.id),
        "form": form,
    }
    return show("shop/order.html", shop, status, **context)


def stage_now(standing: Standing) -> str:
    order = standing.order
    return stage_of(
        standing.state,
        completed_at=order.completed_at,
        goods=order.goods_minor,
        left=order.left_minor,
        at=now(),
    )


def lines_with_left(standing: Standing) -> list[tuple[Any, int]]:
    """The lines in force, each with what refunds that name it leave of it."""
    return list(zip(standing.lines, standing.goods.left, strict=True))


def clicks_about(order: Order) -> list[Any]:
    """The clicks of the buyer that were seen, whatever came of them."""
    if order.customer_id is not None:
        return list(clicks_seen(order.shop_id, order.customer_id))
    return list(clicks_of_visitor(order.shop_id, order.visitor)) if order.visitor else []


@blueprint.post("/shops/<slug>/orders/<order_id>/attribution")
@of_shop("manage")
def reattribute(shop: Shop, order_id: str) -> AnyResponse:
    """Give an order to another salesperson, or to nobody, on record."""
    order, form = order_of(shop, order_id), ReattributionForm().offer(people_of(shop))
    if not form.validate():
        return order_page(shop, order, form, 422)
    chosen = None if form.salesperson.data == "none" else parse_id(form.salesperson.data)
    try:
        give_to(order, chosen, form.reason_code.data, form.note.data, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "salesperson")
        return order_page(shop, order_of(shop, order_id), form, 422)
    return hx.go_to(shop_url("shop_orders.detail", shop, order_id=order.id), N_("The order is re-attributed."))
