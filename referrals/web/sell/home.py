"""The first page of a salesperson: balance, link, today, the latest orders (`SPEC §5`)."""

from flask import Blueprint, Response

from referrals.ledger.operations import salesperson as account_of
from referrals.ledger.queries import balance
from referrals.links.link_list import find_present_link
from referrals.links.sharing import qr_of
from referrals.orders.selling import latest_orders, selling, waiting
from referrals.web.sell.ground import seller, show
from referrals.web.visitor import actor, may

blueprint = Blueprint("sell_home", __name__)


@blueprint.get("/sell")
@may("sell")
def index() -> Response:
    """How things stand, and what to do next."""
    here = seller()
    link = find_present_link(here.salesperson.id, "shop", at=here.at)
    return show(
        "sell/home.html",
        balance=balance(here.owner, account_of(here.salesperson.id)),
        waiting=waiting(actor()),
        link=link,
        qr=qr_of(link) if link is not None else None,
        today=selling(actor(), here.today.begins, here.today.ends),
        orders=latest_orders(actor()),
    )
