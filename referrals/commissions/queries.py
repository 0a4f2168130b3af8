"""What is read of commissions; always from what the reader may see (P13)."""

from sqlalchemy import ColumnElement, false, select, true

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.errors import NotFound
from referrals.people.rules import Actor


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all commissions, a shop's members and keys those of the shop, salespeople their own."""
    if viewer.salesperson_id is not None:
        return Commission.salesperson_id == viewer.salesperson_id
    if not viewer.may("view_shop"):
        return false()
    return true() if viewer.is_staff else Commission.shop_id == (viewer.shop_id or 0)


def get_commission(viewer: Actor, commission_id: int | None) -> Commission:
    """The commission with this id, if the viewer may see it; raises NotFound."""
    found = session.scalar(select(Commission).where(Commission.id == (commission_id or 0), visible_to(viewer)))
    if found is None:
        raise NotFound
    return found


def commission_of(order_id: int) -> Commission | None:
    """What an order earns somebody; None while it earns nobody anything."""
    return session.scalar(select(Commission).where(Commission.order_id == order_id, Commission.kind == "sale"))
