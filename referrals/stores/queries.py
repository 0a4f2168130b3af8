"""What is read of stores; always from what the reader may see (P13)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from referrals.db import session, text_position
from referrals.errors import NotFound
from referrals.people.rules import Actor
from referrals.stores.models import Store


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Staff see every store, members with `view_referrals` those that their partner builds or built, others none."""
    if viewer.is_staff:
        return true()
    partner_id = viewer.partner_id if viewer.may("view_referrals") else None
    return Store.partner_id == (partner_id or 0)


def sees_owner(viewer: Actor, store: Any) -> bool:
    """Whether the viewer may see who owns a store: staff always, a partner while the store is its draft alone."""
    return viewer.is_staff or store.listed_at is None


def get_store(viewer: Actor, store_id: int, *, for_update: bool = False) -> Store:
    """A store that the viewer may see; raises NotFound. `for_update` locks its row."""
    statement = select(Store).where(Store.id == store_id, visible_to(viewer))
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    store = session.scalar(statement)
    if store is None:
        raise NotFound
    return store


def find_listed(domain: str, *, for_update: bool = False) -> Store | None:
    """The store with this domain in the registry. `for_update` locks its row."""
    statement = select(Store).where(Store.domain == domain, Store.listed_at.is_not(None))
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalar(statement)


def find_draft(domain: str, partner_id: int) -> Store | None:
    """The store with this domain that a partner registered and the operator does not know yet."""
    return session.scalar(
        select(Store).where(Store.domain == domain, Store.partner_id == partner_id, Store.listed_at.is_(None))
    )


def stores_of(domain: str) -> Sequence[Store]:
    """Every store with this domain, drafts of partners among them."""
    return session.scalars(select(Store).where(Store.domain == domain).with_for_update().order_by(Store.id)).all()


def find_known_to(partner_id: int, domain: str, *, for_update: bool = False) -> Store | None:
    """The store that a partner means: the listed one, else its own draft; drafts of others are unknown to it."""
    statement = select(Store).where(
        Store.domain == domain, Store.listed_at.is_not(None) | (Store.partner_id == partner_id)
    )
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return min(session.scalars(statement), key=lambda store: store.listed_at is None, default=None)


def plans_seen_by(viewer: Actor) -> Sequence[str]:
    """The plans that the viewer's stores are on, by code."""
    return session.scalars(select(Store.plan).where(visible_to(viewer)).distinct().order_by(Store.plan)).all()


def searched_by(viewer: Actor) -> Any:
    """The text that the viewer's searching looks into: partners find by domain and name, staff by the owner too."""
    if viewer.is_staff:
        return Store.search_text
    return func.substr(Store.search_text, 1, text_position(Store.search_text, "\x1e"))
