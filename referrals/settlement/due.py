"""Which commissions are due, in the order in which they are settled (`SPEC §9`)."""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, literal_column, or_, select, tuple_

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.models import OrderEvent
from referrals.settlement.models import SettlementRun

# Spelled out: an index over a part of the table serves only statements that name that part.
PENDING: ColumnElement[bool] = literal_column("commissions.status = 'pending'")
SET_ASIDE: ColumnElement[bool] = literal_column("commissions.status IN ('void', 'by_hand')")
KEY = (Commission.due_at, Commission.order_key, Commission.id)
# What can change an amount, or whether there is one. The times that make an order due need no second look: an order
# that is due by all that is known was due by what was known until then.
TELLING = ("refunded", "cancelled", "amended", "cashback")


class Due(NamedTuple):
    """A due commission as it is stored. `later`: something that matters happened after the run's moment."""

    id: int
    order_id: int
    salesperson_id: int
    status: str
    amount: int
    group_buy_id: int | None
    cashback: int | None
    counted_orders: int | None
    due_at: datetime
    order_key: str
    later: bool

    @property
    def place(self) -> "Place":
        return (self.due_at, self.order_key, self.id)


Place = tuple[datetime, str, int]
COLUMNS = (
    Commission.id, Commission.order_id, Commission.salesperson_id, Commission.status, Commission.amount_minor,
    Commission.group_buy_id, Commission.cashback_minor, Commission.counted_orders, Commission.due_at,
    Commission.order_key,
)  # fmt: skip


def due_portion(run: SettlementRun, after: Place | None, size: int) -> list[Due]:
    """The next commissions of a run behind a place, in order of (completed, order id, id)."""
    rows = fetch(run, PENDING, after, None, size)
    if run.facts_until is None:
        return rows
    end = rows[-1].place if len(rows) == size else None
    aside = fetch(run, and_(SET_ASIDE, happened_later(run.as_of)), after, end, size)
    return sorted(rows + aside, key=lambda one: one.place)[:size]


def fetch(
    run: SettlementRun, which: ColumnElement[bool], after: Place | None, end: Place | None, size: int
) -> list[Due]:
    later = happened_later(run.as_of) if run.facts_until is not None else literal_column("0")
    statement: Select[*tuple[Any, ...]] = select(*COLUMNS, later.label("later")).where(
        which, Commission.shop_id == run.shop_id, Commission.due_at <= run.as_of
    )
    statement = statement.where(or_(Commission.reason.is_(None), Commission.reason != "held"))
    if after is not None:
        statement = statement.where(tuple_(*KEY) > tuple_(*bound(after)))
    if end is not None:
        statement = statement.where(tuple_(*KEY) <= tuple_(*bound(end)))
    # Without the session's part in it: these are thousands.
    return [Due(*row) for row in session.connection().execute(statement.order_by(*KEY).limit(size))]


def bound(place: Place) -> list[ColumnElement[Any]]:
    return [literal(value, column.type) for value, column in zip(place, KEY, strict=True)]


def happened_later(as_of: datetime) -> ColumnElement[bool]:
    return exists().where(
        OrderEvent.order_id == Commission.order_id, OrderEvent.occurred_at > as_of, OrderEvent.type.in_(TELLING)
    )


def count_due(shop_id: int, as_of: datetime) -> int:
    """How many commissions a run would look at."""
    query = select(func.count()).where(PENDING, Commission.shop_id == shop_id, Commission.due_at <= as_of)
    return session.scalar(query) or 0


def may_settle(shop_id: int, balance: int, *, at: datetime, retry_failed: bool) -> bool:
    """Whether a run now would find anything to do: not when all that is due waits for a larger balance."""
    tried = ("insufficient_balance", "held") if retry_failed else ("insufficient_balance", "held", "failed")
    fits = (Commission.reason == "insufficient_balance") & (Commission.amount_minor <= balance)
    query = select(Commission.id).where(
        PENDING,
        Commission.shop_id == shop_id,
        Commission.due_at <= at,
        or_(Commission.reason.not_in(tried), fits),
    )
    return session.scalar(query.limit(1)) is not None
