"""Bindings as rows: added, closed once, and marked superseded where a join or a late click proves them wrong."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.links.facts import clicks_of_customer, picture_of
from referrals.links.models import Binding, Customer
from referrals.links.rules import Interval


def refresh_bindings(customer_id: int, cause: str, *, at: datetime) -> None:
    """Bring a customer's rows in line with what their clicks come to now.

    `cause` (`identified`, `join`, `late_click`, `lent_to_another`) stands at the rows that are superseded by it. Only
    under the lock of the shop's customers.
    """
    customer = session.get_one(Customer, customer_id)
    picture = picture_of(customer.shop_id, clicks_of_customer(customer.shop_id, customer_id))
    wanted = {one.click_id: one for one in picture.intervals}
    for row in rows_now_known(customer_id):
        interval = wanted.get(row.click_id)
        if interval is not None and is_same_start(row, interval) and bring_to_end(row, interval, at=at):
            del wanted[row.click_id]
        else:
            row.superseded_at, row.superseded_by = at, cause
    session.add_all(new_row(customer, interval, at=at) for interval in wanted.values())
    session.flush()


def rows_now_known(customer_id: int) -> Sequence[Binding]:
    """The rows of a customer that nothing has proved wrong, in order of time."""
    return session.scalars(
        select(Binding)
        .where(Binding.customer_id == customer_id, Binding.superseded_at.is_(None))
        .order_by(Binding.from_at, Binding.id)
    ).all()


def is_same_start(row: Binding, interval: Interval) -> bool:
    return (row.salesperson_id, row.from_at, row.rule, row.ends_at) == (
        interval.salesperson_id,
        interval.from_at,
        interval.rule,
        interval.ends_at,
    )


def bring_to_end(row: Binding, interval: Interval, *, at: datetime) -> bool:
    """Close the row where the interval was closed; False where it was closed otherwise already."""
    if row.until_at == interval.until_at:
        return True
    if row.closed_at is not None:
        return False
    row.until_at, row.closed_at = interval.until_at, at
    return True


def new_row(customer: Customer, interval: Interval, *, at: datetime) -> Binding:
    return Binding(
        shop_id=customer.shop_id,
        customer_id=customer.id,
        salesperson_id=interval.salesperson_id,
        click_id=interval.click_id,
        rule=interval.rule,
        from_at=interval.from_at,
        until_at=interval.until_at,
        ends_at=interval.ends_at,
        closed_at=at if interval.until_at != interval.ends_at else None,
        recorded_at=at,
    )
