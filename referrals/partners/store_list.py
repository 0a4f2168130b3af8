"""The list of stores: the whole registry for staff, for partners the stores that they build."""

from dataclasses import replace

from sqlalchemy import ColumnElement, and_, case, false, func, literal, select

from referrals.db import text_position
from referrals.listing import Listing, Shape, Statement, Wish
from referrals.normal_form import normal_form
from referrals.partners.models import Partner
from referrals.people.rules import Actor
from referrals.stores.lifecycle import STORE
from referrals.stores.models import Store
from referrals.stores.queries import searched_by, visible_to
from referrals.values import parse_id

PARTNER_KEY = func.coalesce(Partner.name_key, "")
# How far a store is on its way from a partner's draft to its merchant, as lists filter by it.
STAGES: dict[str, ColumnElement[bool]] = {
    "building": and_(Store.partner_id.is_not(None), Store.handed_over_at.is_(None)),
    "handed_over": Store.handed_over_at.is_not(None),
    "registry": Store.partner_id.is_(None),
}
# What names an owner is the merchant's: partners read it while the store is their draft alone.
STILL_DRAFT = Store.listed_at.is_(None)


class StoreList(Listing):
    """Stores, the latest change first. Partners cannot sort by whose store it is, nor find by its owner."""

    shape = Shape(
        keys={
            "domain": Store.domain,
            "name": Store.name_key,
            "plan": Store.plan,
            "status": Store.status,
            "partner": PARTNER_KEY,
            "created": Store.created_at,
            "changed": Store.changed_at,
        },
        default="-changed",
        ident=Store.id,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        everything = literal(True) if viewer.is_staff else STILL_DRAFT
        statement: Statement = (
            select(
                Store.id,
                Store.domain,
                Store.name,
                case((everything, Store.owner_name), else_="").label("owner_name"),
                case((everything, Store.owner_email), else_="").label("owner_email"),
                Store.owner_language,
                Store.plan,
                Store.status,
                Store.partner_id,
                Store.listed_at,
                Store.handed_over_at,
                Store.created_at,
                Store.changed_at,
                func.coalesce(Partner.name, "").label("partner"),
            )
            .outerjoin(Partner, Partner.id == Store.partner_id)
            .where(visible_to(viewer))
        )
        term = normal_form(wish.q.strip())
        if term:
            statement = statement.where(text_position(searched_by(viewer), term) > 0)
        super().__init__(sorted_as_allowed(viewer, wish), filtered(viewer, statement, wish))


def sorted_as_allowed(viewer: Actor, wish: Wish) -> Wish:
    hidden = wish.sort.removeprefix("-") == "partner" and not viewer.is_staff
    return replace(wish, sort="", page="") if hidden else wish


def filtered(viewer: Actor, statement: Statement, wish: Wish) -> Statement:
    """The stores that the filters leave; a value that a filter does not have is no filter."""
    if wish.get("status") in STORE.states:
        statement = statement.where(Store.status == wish.get("status"))
    if wish.get("plan"):
        statement = statement.where(Store.plan == wish.get("plan"))
    if wish.get("stage") in STAGES:
        statement = statement.where(STAGES[wish.get("stage")])
    if viewer.is_staff and wish.get("partner"):
        chosen = parse_id(wish.get("partner"))
        statement = statement.where(Store.partner_id == chosen if chosen is not None else false())
    return statement
