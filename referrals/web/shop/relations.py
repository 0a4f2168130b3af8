"""Whose customer is this, now or at any past time, and by which click (`SPEC §5, §6`)."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from referrals.clock import now
from referrals.links.customers import keys_of
from referrals.links.queries import changes_of, clicks_seen, relations_known, relations_of
from referrals.orders.buyers import Found, find_buyer
from referrals.shops.models import Shop
from referrals.shops.queries import names_of_salespeople
from referrals.web.forms.shop import RelationForm
from referrals.web.shop.access import of_shop
from referrals.web.shop.showing import show

blueprint = Blueprint("shop_relations", __name__)


@blueprint.get("/shops/<slug>/relations")
@of_shop()
def index(shop: Shop) -> Response:
    """The question, and its answer where one was asked."""
    asked = bool(request.args.get("q"))
    form = RelationForm(request.args if asked else None)
    if not asked or not form.validate():
        return show("shop/relations.html", shop, 422 if asked else 200, form=form, asked=False)
    found = find_buyer(shop.id, form.q.data)
    context = answer(found, form.at.value or now()) if found else {}
    return show("shop/relations.html", shop, form=form, asked=True, found=found, **context)


def answer(found: Found, at: datetime) -> dict[str, Any]:
    """Whose the buyer is at a moment, every change, the clicks; for an order also what was known when it came."""
    if found.customer is None:
        return {"at": at, "holding": None, "changes": [], "clicks": [], "keys": [], "known": [], "names": {}}
    customer, order = found.customer, found.order
    relations = relations_of(customer.id)
    changes, clicks = changes_of(customer.id), clicks_seen(customer.shop_id, customer.id)
    known = relations_known(order.customer_id, order.received_at) if order and order.customer_id else []
    people = {row.salesperson_id for row in (*changes, *clicks)} | {one.salesperson_id for one in known}
    if order is not None and order.salesperson_id is not None:
        people.add(order.salesperson_id)
    return {
        "at": at,
        "holding": next((one for one in relations if one.holds(at)), None),
        "changes": changes,
        "clicks": clicks,
        "keys": keys_of(customer.id),
        "known": next((one for one in known if order and one.holds(order.placed_at)), None),
        "names": names_of_salespeople(list(people)),
    }
