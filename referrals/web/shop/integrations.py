"""Connecting a shop: keys, webhooks with their inbox, payment methods, the badge (`SPEC §7, §14`)."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.orders.delivery_list import DeliveryList
from referrals.orders.inbox import replay as replay_delivery
from referrals.orders.queries import get_delivery
from referrals.people.queries import keys_of_shop
from referrals.people.sign_in import make_key, revoke_key
from referrals.shops.hosts import add_host, remove_host
from referrals.shops.models import HOOK_SOURCES, Shop
from referrals.shops.payment_methods import methods_of, set_collector
from referrals.shops.queries import hosts_of
from referrals.shops.webhook_secrets import keep_webhook_secret, make_webhook_secret, webhook_secrets_of
from referrals.web import hx, shop_words
from referrals.web.forms.people import KeyForm
from referrals.web.forms.shop import HostForm
from referrals.web.house import config, webhook_secrets
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_integrations", __name__)

DELIVERIES = ListPage(
    name="shop-deliveries",
    path="/deliveries",
    title=N_("Deliveries"),
    columns=(
        Column("topic", N_("What came"), lambda row: row.topic),
        Column("source", N_("From"), lambda row: gettext(shop_words.SOURCES[row.source])),
        Column("order", N_("Order"), lambda row: row.order_external_id, sortable=False),
        Column("status", N_("What became of it"), lambda row: gettext(shop_words.DELIVERY[row.status]), sortable=False),
        Column("reason", N_("Reason"), lambda row: row.reason, sortable=False, shown=False),
        Column("received", N_("Received"), lambda row: row.received_at, style="num"),
    ),
    rows="shop/_delivery_rows.html",
    page="shop/deliveries.html",
    filters=(
        Filter("status", N_("What became of it"), N_("Anything"), lambda: labels(shop_words.DELIVERY)),
        Filter("source", N_("From"), N_("All sources"), lambda: labels(shop_words.SOURCES)),
    ),
    searched=N_("Order number or delivery id"),
)


@blueprint.get("/shops/<slug>/integrations")
@of_shop()
def index(shop: Shop) -> Response:
    """Everything that connects the shop."""
    return integrations_page(shop, KeyForm(), HostForm())


def integrations_page(
    shop: Shop, key_form: KeyForm, host_form: HostForm, status: int = 200, **shown_once: str
) -> Response:
    known = webhook_secrets_of(shop.id)
    context: dict[str, Any] = {
        "key_form": key_form,
        "host_form": host_form,
        "keys": keys_of_shop(shop.id),
        "hosts": hosts_of(shop.id),
        "methods": methods_of(shop.id),
        "sources": HOOK_SOURCES,
        "secrets": {source: next((one for one in known if one.source == source), None) for source in HOOK_SOURCES},
        "address": config().base_url,
    }
    return show("shop/integrations.html", shop, status, **context | shown_once)


@blueprint.post("/shops/<slug>/keys")
@of_shop("manage")
def make(shop: Shop) -> AnyResponse:
    """Make a key; its secret is shown on this answer and never again."""
    form = KeyForm()
    if not form.validate():
        return integrations_page(shop, form, HostForm(formdata=None), 422)
    secret = make_key("shop", shop_id=shop.id, name=form.name.data, scopes=["shop"], by=actor(), at=now())
    session.commit()
    return integrations_page(shop, KeyForm(formdata=None), HostForm(formdata=None), secret=secret)


@blueprint.post("/shops/<slug>/keys/<key_id>/revocation")
@of_shop("manage")
def revoke(shop: Shop, key_id: str) -> AnyResponse:
    """End a key at once."""
    wanted = number_in(key_id)
    key = next((key for key in keys_of_shop(shop.id) if key.id == wanted), None)
    if key is None:
        raise NotFound
    revoke_key(key, by=actor(), at=now())
    session.commit()
    return hx.go_to(shop_url("shop_integrations.index", shop), N_("The key is revoked."))


@blueprint.post("/shops/<slug>/webhook-secrets/<any(shopify, woocommerce, youzan):source>")
@of_shop("manage")
def set_secret(shop: Shop, source: str) -> AnyResponse:
    """Take the platform's secret, or make one where none was given; a made one is shown this once."""
    given = request.form.get("secret", "").strip()[:500]
    if given:
        keep_webhook_secret(shop, source, given, webhook_secrets(), by=actor(), at=now())
        session.commit()
        return hx.go_to(shop_url("shop_integrations.index", shop), N_("Saved."))
    made = make_webhook_secret(shop, source, webhook_secrets(), by=actor(), at=now())
    session.commit()
    return integrations_page(
        shop, KeyForm(formdata=None), HostForm(formdata=None), webhook_secret=made, webhook_source=source
    )


@blueprint.post("/shops/<slug>/payment-methods")
@of_shop("manage")
def collector(shop: Shop) -> AnyResponse:
    """Say who collects the money of a payment method."""
    name, collected_by = request.form.get("name", "")[:200], request.form.get("collected_by", "")
    set_collector(shop, name, collected_by, by=actor(), at=now())
    session.commit()
    return hx.go_to(shop_url("shop_integrations.index", shop), N_("Saved. It counts for orders from now on."))


@blueprint.post("/shops/<slug>/hosts")
@of_shop("manage")
def add_address(shop: Shop) -> AnyResponse:
    """Let links lead to one more host."""
    form = HostForm()
    if form.validate():
        try:
            add_host(shop, form.host.data)
            session.commit()
            return hx.go_to(shop_url("shop_integrations.index", shop), N_("Saved."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "host")
    return integrations_page(shop, KeyForm(formdata=None), form, 422)


@blueprint.post("/shops/<slug>/hosts/removal")
@of_shop("manage")
def remove_address(shop: Shop) -> AnyResponse:
    """Let no new link lead to a host."""
    remove_host(shop, request.form.get("host", ""))
    session.commit()
    return hx.go_to(shop_url("shop_integrations.index", shop), N_("Removed."))


@blueprint.get("/shops/<slug>/deliveries")
@blueprint.get("/shops/<slug>/deliveries.<any(csv, xlsx):kind>")
@of_shop()
def deliveries(shop: Shop, kind: str | None = None) -> Response:
    """The inbox: what platforms sent, and what became of it."""
    return listing(DELIVERIES, DeliveryList(actor(), shop, DELIVERIES.wish()), kind, shop)


@blueprint.get("/shops/<slug>/deliveries/<delivery_id>")
@of_shop("manage")
def delivery(shop: Shop, delivery_id: str) -> Response:
    """One delivery as it came."""
    return show("shop/delivery.html", shop, delivery=get_delivery(actor(), shop.id, number_in(delivery_id)))


@blueprint.post("/shops/<slug>/deliveries/<delivery_id>/replay")
@of_shop("manage")
def replay(shop: Shop, delivery_id: str) -> AnyResponse:
    """Try a parked delivery again."""
    found = get_delivery(actor(), shop.id, number_in(delivery_id))
    replay_delivery(found, by=actor(), at=now())
    session.commit()
    return hx.go_to(shop_url("shop_integrations.delivery", shop, delivery_id=delivery_id))


@blueprint.get("/shops/<slug>/badge")
@of_shop()
def badge(shop: Shop) -> Response:
    """How to put the badge onto the shop's pages."""
    return show("shop/badge.html", shop, address=config().base_url, hosts=hosts_of(shop.id))
