"""What platforms send when something happens to an order. Genuine is what is signed; the rest is not even looked at."""

from flask import Blueprint, Response, current_app, jsonify, request

from referrals.clock import now
from referrals.db import reading, session
from referrals.orders.adapters.signatures import is_genuine
from referrals.orders.inbox import accept
from referrals.secrets_box import SecretsBox
from referrals.shops.queries import find_shop
from referrals.shops.webhook_secrets import PURPOSE, secrets_of

blueprint = Blueprint("webhooks", __name__)
# Per source the headers that name what came, and which delivery it is.
TOPICS = {"shopify": "X-Shopify-Topic", "woocommerce": "X-WC-Webhook-Topic", "youzan": "Event-Type"}
DELIVERIES = {"shopify": "X-Shopify-Webhook-Id", "woocommerce": "X-WC-Webhook-Delivery-ID", "youzan": ""}
LARGEST = 10 * 1024 * 1024


@blueprint.post("/webhooks/<any(shopify, woocommerce, youzan):source>/<slug>")
def receive(source: str, slug: str) -> tuple[Response, int]:
    """Take in a delivery: 200 once it is kept or known, 401 for a bad signature, a shop without secret, or no shop."""
    request.max_content_length = LARGEST
    body = request.get_data(cache=False)
    if source == "woocommerce" and is_ping(body):
        return jsonify(status="pong"), 200
    at = now()
    # Whoever sends what is not signed does not take the lock that writers wait for.
    with reading():
        shop = find_shop(slug)
        box = SecretsBox(current_app.extensions["referrals"].config.secret_key, PURPOSE)
        secrets = secrets_of(shop.id, source, box, at=at) if shop is not None else []
    if not is_genuine(source, request.headers, body, secrets) or shop is None:
        return jsonify(status="bad signature"), 401
    topic = request.headers.get(TOPICS[source], "")
    delivery = accept(shop, source, request.headers.get(DELIVERIES[source], ""), topic, body, at=at)
    session.commit()
    # Youzan takes any answer without the word success for a failure.
    return jsonify(code=0, msg="success", status=delivery.status), 200


def is_ping(body: bytes) -> bool:
    """WooCommerce asks, unsigned, whether somebody is there when a webhook is saved."""
    name, _, number = body.strip().partition(b"=")
    return name == b"webhook_id" and number.isdigit()
