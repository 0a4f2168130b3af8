"""How a shop's programme goes: sales, commissions, clicks and conversion by day, and who and what leads (`SPEC §13`).

*Promoted sales* are what is left of attributed orders after refunds; cancelled ones count nothing (`SPEC §5`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.links.models import Click
from referrals.listing import AnyRow
from referrals.orders.models import Order, OrderEvent, OrderLine
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import visible_to

PROMOTED = Order.salesperson_id.is_not(None) & Order.cancelled_at.is_(None)
EARNED = case((Commission.status == "void", 0), else_=Commission.amount_minor - Commission.clawed_back_minor)
TEN_THOUSAND = 10_000


@dataclass(frozen=True)
class Figures:
    """What one day, or several, brought. Amounts are minor units of the shop's currency."""

    sales_minor: int = 0
    orders: int = 0
    commission_minor: int = 0
    clicks: int = 0

    @property
    def conversion_bp(self) -> int:
        """Promoted orders per click, in basis points; nothing without clicks."""
        return self.orders * TEN_THOUSAND // self.clicks if self.clicks else 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.sales_minor + other.sales_minor,
            self.orders + other.orders,
            self.commission_minor + other.commission_minor,
            self.clicks + other.clicks,
        )


@dataclass(frozen=True)
class Day:
    """A day of the shop's time zone, as the moments where it begins and ends, and what it brought."""

    date: date
    begins: datetime
    ends: datetime
    figures: Figures = Figures()


@dataclass(frozen=True)
class Period:
    """Days after each other."""

    days: tuple[Day, ...]

    @property
    def total(self) -> Figures:
        """What all its days brought."""
        return sum((day.figures for day in self.days), Figures())


def days_until(at: datetime, zone: ZoneInfo, number: int) -> list[Day]:
    """The last `number` days of a time zone, today included; a day is as long as its clock says."""
    today = at.astimezone(zone).date()
    found = []
    for ago in range(number - 1, -1, -1):
        day = today - timedelta(days=ago)
        begins, ends = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
        found.append(Day(day, begins, ends))
    return found


def start_of_month(at: datetime, zone: ZoneInfo) -> datetime:
    """Where the present month of a time zone begins."""
    return datetime.combine(at.astimezone(zone).date().replace(day=1), time(), zone).astimezone(UTC)


def periods(viewer: Actor, shop: Shop, number: int, zone: ZoneInfo, *, at: datetime) -> tuple[Period, Period]:
    """The last `number` days and as many before them."""
    days = days_until(at, zone, 2 * number)
    sold, clicked = sales_by_day(viewer, shop, days), clicks_by_day(viewer, shop, days)
    filled = tuple(
        Day(
            day.date,
            day.begins,
            day.ends,
            Figures(*sold.get(place, (0, 0, 0)), clicks=clicked.get(place, 0)),
        )
        for place, day in enumerate(days)
    )
    return Period(filled[number:]), Period(filled[:number])


def sales_by_day(viewer: Actor, shop: Shop, days: Sequence[Day]) -> dict[int, tuple[int, int, int]]:
    place = place_among(Order.placed_at, days)
    rows = session.execute(
        select(
            place.label("place"),
            func.coalesce(func.sum(Order.left_minor), 0),
            func.count(Order.id),
            func.coalesce(func.sum(EARNED), 0),
        )
        .join(Shop, Shop.id == Order.shop_id)
        .outerjoin(Commission, (Commission.order_id == Order.id) & (Commission.salesperson_id == Order.salesperson_id))
        .where(visible_to(viewer), Order.shop_id == shop.id, PROMOTED, *within(Order.placed_at, days))
        .group_by("place")
    )
    return {row[0]: (int(row[1]), int(row[2]), int(row[3])) for row in rows}


def clicks_by_day(viewer: Actor, shop: Shop, days: Sequence[Day]) -> dict[int, int]:
    place = place_among(Click.occurred_at, days)
    rows = session.execute(
        select(place.label("place"), func.count(Click.id))
        .join(Shop, Shop.id == Click.shop_id)
        .where(visible_to(viewer), Click.shop_id == shop.id, *within(Click.occurred_at, days))
        .group_by("place")
    )
    return {row[0]: int(row[1]) for row in rows}


def place_among(moment: InstrumentedAttribute[datetime], days: Sequence[Day]) -> ColumnElement[int]:
    """In which of the days a moment lies, counted from 0."""
    return case(*((moment < day.ends, place) for place, day in enumerate(days)))


def within(
    moment: InstrumentedAttribute[datetime], days: Sequence[Day]
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= days[0].begins, moment < days[-1].ends


def leading_salespeople(viewer: Actor, shop: Shop, since: datetime, limit: int = 5) -> Sequence[AnyRow]:
    """Who sold most since a moment: id, nickname, phone, sales, orders, and customers who bought for the first time."""
    sales, orders = func.sum(Order.left_minor), func.count(Order.id)
    earlier = aliased(Order)
    known = (
        select(earlier.id)
        .where(earlier.customer_id == Order.customer_id, earlier.placed_at < Order.placed_at)
        .correlate(Order)
        .exists()
    )
    return session.execute(
        select(
            Salesperson.id,
            Person.nickname,
            Person.phone,
            sales.label("sales_minor"),
            orders.label("orders"),
            func.count(func.distinct(case((~known, Order.customer_id)))).label("new_customers"),
        )
        .join(Shop, Shop.id == Order.shop_id)
        .join(Salesperson, Salesperson.id == Order.salesperson_id)
        .join(Person, Person.id == Salesperson.person_id)
        .where(visible_to(viewer), Order.shop_id == shop.id, PROMOTED, Order.placed_at >= since)
        .group_by(Salesperson.id, Person.nickname, Person.phone)
        .order_by(sales.desc(), Salesperson.id)
        .limit(limit)
    ).all()


def leading_products(viewer: Actor, shop: Shop, since: datetime, limit: int = 5) -> Sequence[AnyRow]:
    """What was promoted best since a moment: title, quantity, and what was paid for it before refunds."""
    amendment = (
        select(OrderEvent.id)
        .where(OrderEvent.order_id == Order.id, OrderEvent.type == "amended")
        .order_by(OrderEvent.occurred_at.desc(), OrderEvent.event_id.desc())
        .limit(1)
        .correlate(Order)
        .scalar_subquery()
    )
    amount = func.sum(OrderLine.amount_minor)
    return session.execute(
        select(
            func.max(OrderLine.title).label("title"),
            OrderLine.sku,
            func.sum(OrderLine.quantity).label("quantity"),
            amount.label("amount_minor"),
        )
        .join(Order, Order.id == OrderLine.order_id)
        .join(Shop, Shop.id == Order.shop_id)
        .where(visible_to(viewer), Order.shop_id == shop.id, PROMOTED, Order.placed_at >= since)
        .where(OrderLine.event_id.is_not_distinct_from(amendment))
        .group_by(OrderLine.sku, case((OrderLine.sku == "", OrderLine.title), else_=""))
        .order_by(amount.desc(), OrderLine.sku)
        .limit(limit)
    ).all()
