"""What a salesperson sold, to whom, and how they stand among the others (`SPEC §5`)."""

from typing import Any

from flask import Blueprint, Response

from referrals.errors import NotFound
from referrals.orders.overview import leading_salespeople
from referrals.orders.seller_customers import SellerCustomers
from referrals.orders.selling import SellerOrders, sold_since
from referrals.web import lists, shop_words
from referrals.web.filters import amount
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.sell.ground import seller, show, surroundings
from referrals.web.sell.words import masked_buyer, named, states_of_customers
from referrals.web.visitor import actor, may
from referrals.web.words import in_words
from referrals.wording import N_

blueprint = Blueprint("sell_selling", __name__)
PLACES = 20


def statuses() -> list[tuple[str, str]]:
    return list(in_words(shop_words.COMMISSION).items())


def status_of(row: Any) -> str:
    return in_words(shop_words.COMMISSION)[row.status] if row.status else ""


ORDERS = ListPage(
    name="orders",
    path="/sell/orders",
    title=N_("Orders of your customers"),
    columns=(
        Column("order", N_("Order"), lambda row: row.external_id),
        Column("title", N_("What"), lambda row: row.title, sortable=False, shown=False),
        Column("buyer", N_("Customer"), lambda row: masked_buyer(row.phone, row.email), sortable=False),
        Column("placed_at", N_("Placed"), lambda row: row.placed_at),
        Column("status", N_("Status"), status_of, sortable=False),
        Column("sales", N_("Sales"), lambda row: amount(row.sales_minor, row.currency), style="num"),
        Column("commission", N_("You earn"), lambda row: amount(row.earned_minor, row.currency), style="num"),
    ),
    rows="sell/_order_rows.html",
    page="sell/orders.html",
    filters=(Filter("status", N_("Status"), N_("Any status"), statuses),),
    searched=N_("Order number or product"),
    empty="sell/_no_orders.html",
)
CUSTOMERS = ListPage(
    name="customers",
    path="/sell/customers",
    title=N_("Your customers"),
    columns=(
        Column(
            "customer",
            N_("Customer"),
            lambda row: masked_buyer(row.phone, row.email, row.shop_customer),
            sortable=False,
        ),
        Column("state", N_("Whose"), sortable=False),
        Column("since", N_("Customer since"), lambda row: row.from_at),
        Column("until", N_("Until"), lambda row: row.until_at, sortable=False, shown=False),
        Column("orders", N_("Orders"), lambda row: row.orders, style="num"),
        Column("sales", N_("Sales"), lambda row: amount(row.sales_minor, seller().shop.currency), style="num"),
    ),
    rows="sell/_customer_rows.html",
    page="sell/customers.html",
    filters=(Filter("state", N_("Whose"), N_("All"), states_of_customers),),
    empty="sell/_no_customers.html",
)


@blueprint.get("/sell/orders")
@blueprint.get("/sell/orders.<any(csv, xlsx):kind>")
@may("sell")
def orders(kind: str | None = None) -> Response:
    """The orders that are theirs, each with what it earns."""
    return lists.answer(ORDERS, SellerOrders(actor(), ORDERS.wish()), kind, **surroundings())


@blueprint.get("/sell/customers")
@blueprint.get("/sell/customers.<any(csv, xlsx):kind>")
@may("sell")
def customers(kind: str | None = None) -> Response:
    """Their customers, masked."""
    listed = SellerCustomers(actor(), CUSTOMERS.wish(), at=seller().at)
    return lists.answer(CUSTOMERS, listed, kind, **surroundings())


@blueprint.get("/sell/leaderboard")
@may("sell")
def leaderboard() -> Response:
    """Who sold most this month, where the merchant shows it."""
    here = seller()
    if not here.settings.leaderboard:
        raise NotFound
    leading = leading_salespeople(actor(), here.shop, here.month, PLACES)
    return show(
        "sell/leaderboard.html",
        leading=[(place, named(row), row) for place, row in enumerate(leading, 1)],
        own=sold_since(actor(), here.month),
    )
