"""Customers of a shop: found by their keys, made, joined (`SPEC §6`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import aliased

from referrals.db import session
from referrals.errors import NotFound
from referrals.links.joins import CustomerKeys, Known, choose, to_join
from referrals.links.models import Binding, Customer, CustomerKey, Identification


def resolve_customer(shop_id: int, keys: CustomerKeys, *, at: datetime) -> tuple[Customer, bool]:
    """The customer whom these keys mean, made where nobody is, and whether another one was joined into it.

    Keys that were nobody's are the customer's from now on. Only under the lock of the shop's customers.
    """
    owners = owners_of(shop_id, keys)
    chosen = choose(keys, owners)
    if chosen is None:
        customer = make_customer(shop_id, at=at)
        chosen = Known(customer.id)
    else:
        customer = session.get_one(Customer, chosen.customer_id)
    others = to_join(keys, chosen, owners)
    for other in others:
        join_customers(customer, session.get_one(Customer, other.customer_id), at=at)
    session.add_all(
        CustomerKey(shop_id=shop_id, kind=kind, value=value, customer_id=customer.id, since=at)
        for kind, value in keys.pairs()
        if kind not in owners
    )
    session.flush()
    return customer, bool(others)


def make_customer(shop_id: int, *, at: datetime) -> Customer:
    """A customer of whom nothing is known yet."""
    customer = Customer(shop_id=shop_id, created_at=at)
    session.add(customer)
    session.flush()
    return customer


def owners_of(shop_id: int, keys: CustomerKeys) -> dict[str, Known]:
    """Who has these keys, by kind of key."""
    asked = [and_(CustomerKey.kind == kind, CustomerKey.value == value) for kind, value in keys.pairs()]
    if not asked:
        return {}
    found = session.execute(
        select(CustomerKey.kind, CustomerKey.customer_id).where(CustomerKey.shop_id == shop_id, or_(*asked))
    ).all()
    known = {customer_id: known_customer(customer_id) for customer_id in {row.customer_id for row in found}}
    return {kind: known[customer_id] for kind, customer_id in found}


def known_customer(customer_id: int) -> Known:
    keys = keys_of(customer_id)
    shop_ids = [key.value for key in keys if key.kind == "id"]
    emails = frozenset(key.value for key in keys if key.kind == "email")
    return Known(customer_id, shop_ids[0] if shop_ids else None, emails)


def keys_of(customer_id: int) -> Sequence[CustomerKey]:
    """By what a customer is known, the earliest first."""
    return session.scalars(
        select(CustomerKey)
        .where(CustomerKey.customer_id == customer_id)
        .order_by(CustomerKey.since, CustomerKey.kind, CustomerKey.value)
    ).all()


def find_customer(shop_id: int, keys: CustomerKeys) -> Customer | None:
    """The customer whom these keys mean, or None."""
    chosen = choose(keys, owners_of(shop_id, keys))
    return session.get(Customer, chosen.customer_id) if chosen is not None else None


def get_customer(shop_id: int, customer_id: int) -> Customer:
    """A customer of this shop, or the one that it was joined into; raises NotFound."""
    customer = session.get(Customer, customer_id)
    if customer is None or customer.shop_id != shop_id:
        raise NotFound
    return session.get_one(Customer, customer.merged_into_id) if customer.merged_into_id else customer


def living_id(customer_id: int) -> int:
    """The id of a customer, or of the one that it was joined into."""
    merged = session.scalar(select(Customer.merged_into_id).where(Customer.id == customer_id))
    return merged or customer_id


def join_customers(customer: Customer, other: Customer, *, at: datetime) -> None:
    """They are one: keys and identifications of the other are the customer's, its bindings are judged anew."""
    session.flush()
    mine = aliased(Identification)
    doubled = (
        select(mine.id)
        .where(mine.shop_id == Identification.shop_id, mine.visitor == Identification.visitor)
        .where(mine.occurred_at == Identification.occurred_at, mine.customer_id == customer.id)
        .exists()
    )
    session.execute(delete(Identification).where(Identification.customer_id == other.id, doubled))
    for table in (CustomerKey, Identification):
        session.execute(update(table).where(table.customer_id == other.id).values(customer_id=customer.id))
    session.execute(update(Customer).where(Customer.merged_into_id == other.id).values(merged_into_id=customer.id))
    session.execute(
        update(Binding)
        .where(Binding.customer_id == other.id, Binding.superseded_at.is_(None))
        .values(superseded_at=at, superseded_by="join")
    )
    other.merged_into_id, other.merged_at = customer.id, at
    session.flush()
