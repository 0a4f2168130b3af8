"""Finding a buyer by whatever a merchant has at hand: phone, e-mail, customer id or order number (`SPEC §5`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from referrals.errors import NotFound
from referrals.links.customers import find_customer, get_customer
from referrals.links.joins import CustomerKeys, readable_keys
from referrals.links.models import Customer
from referrals.orders.models import Order
from referrals.orders.queries import find_order


@dataclass(frozen=True)
class Found:
    """The buyer, by what (`email`, `phone`, `id`, `order`), and the order where its number was given."""

    by: str
    customer: Customer | None
    order: Order | None = None


def find_buyer(shop_id: int, text: str) -> Found | None:
    """The buyer whom a text means; None where it means nobody."""
    for keys in readings(text):
        customer = find_customer(shop_id, keys)
        if customer is not None:
            kind, _value = next(keys.pairs())
            return Found(kind, get_customer(shop_id, customer.id))
    order = find_order(shop_id, text)
    if order is None:
        return None
    try:
        customer = get_customer(shop_id, order.customer_id) if order.customer_id is not None else None
    except NotFound:
        customer = None
    return Found("order", customer, order)


def readings(text: str) -> Iterator[CustomerKeys]:
    """As which keys a text can be read."""
    for keys in (readable_keys(email=text), readable_keys(phone=text), readable_keys(customer_id=text)):
        if keys:
            yield keys
