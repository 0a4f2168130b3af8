"""The inbox: what platforms deliver is kept as it came, and applied, ignored or parked, each with its reason (P5)."""

from base64 import b64decode, b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.orders.adapters import shopify, woocommerce, youzan
from referrals.orders.adapters.reading import Ignored, Unreadable
from referrals.orders.incoming import Arrival
from referrals.orders.lifecycle import DELIVERY
from referrals.orders.models import Delivery
from referrals.orders.operations import receive
from referrals.orders.queries import find_delivery
from referrals.people.rules import SYSTEM, Actor
from referrals.shops.models import Shop
from referrals.strict_json import read_json
from referrals.wording import N_

READERS = {"shopify": shopify.read, "woocommerce": woocommerce.read, "youzan": youzan.read}
LONGEST_NAME = 255
# Bytes that are no text, or that no database takes as text, are kept in this form.
AS_BASE64 = "base64:"
BLANKED = ""


class Forgotten(RuleBroken):
    """What was delivered has been erased since."""

    sentence = N_("The content of this delivery was erased. It cannot be replayed.")


def accept(shop: Shop, source: str, delivery_id: str, topic: str, body: bytes, *, at: datetime) -> Delivery:
    """Keep a delivery that is genuine, and do what it tells; one that is known, by its id and body, changes nothing.

    What cannot be read, or contradicts what is recorded, is parked with the reason. Failures of the database are the
    caller's to answer: the platform delivers again.
    """
    digest = sha256(body).hexdigest()
    name = told_name(delivery_id) or f"{told_name(topic)[:100]}:{digest}"
    lock_names([f"delivery:{shop.id}:{source}:{name}"])
    known = find_delivery(shop.id, source, name)
    if known is not None and known.body_digest != digest:
        # WooCommerce makes its ids of the second: what else it sends within that has the same one.
        name = f"{name[: LONGEST_NAME - len(digest) - 1]}:{digest}"
        known = find_delivery(shop.id, source, name)
    if known is not None:
        return known
    delivery = Delivery(
        shop_id=shop.id,
        source=source,
        delivery_id=name,
        topic=told_name(topic),
        received_at=at,
        body=storable(body),
        body_digest=digest,
        status="parked",
        attempts=0,
    )
    session.add(delivery)
    session.flush()
    attempt(shop, delivery, at=at)
    return delivery


def replay(delivery: Delivery, *, by: Actor, at: datetime) -> Delivery:
    """Try a parked delivery again, any number of times; one that was applied or ignored stays so. Raises Forgotten."""
    by.require("manage")
    lock_names([f"delivery:{delivery.shop_id}:{delivery.source}:{delivery.delivery_id}"])
    session.refresh(delivery)
    if delivery.status != "parked":
        return delivery
    if delivery.body == BLANKED:
        raise Forgotten
    attempt(session.get_one(Shop, delivery.shop_id), delivery, at=at)
    return delivery


def attempt(shop: Shop, delivery: Delivery, *, at: datetime) -> None:
    """Do what a parked delivery tells, whole or not at all, and note what became of it."""
    delivery.attempts += 1
    delivery.handled_at = at
    try:
        told = read(delivery, shop.currency)
        if isinstance(told, Arrival):
            delivery.order_external_id = told_name(told.external_id)
            session.flush()
            with session.begin_nested():
                receive(shop, told, source=delivery.source, by=SYSTEM, at=at)
    except RuleBroken as broken:
        delivery.reason, delivery.details = reason_of(broken), details_of(broken)
        session.flush()
        return
    DELIVERY.move(delivery, "ignored" if isinstance(told, Ignored) else "applied")
    delivery.reason, delivery.details = told.reason if isinstance(told, Ignored) else "", {}
    session.flush()


def read(delivery: Delivery, currency: str) -> Arrival | Ignored:
    """What a delivery tells; raises Unreadable whatever is wrong with it."""
    try:
        told = read_json(original(delivery.body))
    except ValueError:
        raise Unreadable(place="body") from None
    try:
        return READERS[delivery.source](delivery.topic, told, currency)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        # An adapter that stumbles must not cost the delivery: it is parked, and replayed once that is mended.
        raise Unreadable(place="body") from None


def storable(body: bytes) -> str:
    """The body as a text column takes it."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return AS_BASE64 + b64encode(body).decode()
    return AS_BASE64 + b64encode(body).decode() if "\0" in text or text.startswith(AS_BASE64) else text


def original(stored: str) -> bytes:
    """The bytes that were delivered."""
    return b64decode(stored.removeprefix(AS_BASE64)) if stored.startswith(AS_BASE64) else stored.encode()


def told_name(text: str) -> str:
    """A name that a header or payload tells, as it may be stored and shown."""
    return "".join(letter for letter in text if letter.isprintable())[:LONGEST_NAME].strip()


def reason_of(broken: RuleBroken) -> str:
    """The rule that was broken, as a word: `unreadable`, `contradiction`, `wrong_currency` …"""
    name = type(broken).__name__
    return "".join(
        f"_{letter.lower()}" if letter.isupper() and place else letter.lower() for place, letter in enumerate(name)
    )


def details_of(broken: RuleBroken) -> dict[str, Any]:
    """The sentence and what fills it, for the page that shows the delivery."""
    values = {name: value if isinstance(value, (str, int)) else str(value) for name, value in broken.values.items()}
    return {"sentence": broken.sentence, "field": broken.field, "values": values}
