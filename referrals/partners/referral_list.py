"""What is read of referrals; always from what the reader may see (P13)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.listing import AnyRow, Listing, Shape, Statement, Wish
from referrals.partners.lifecycle import CATEGORIES, REFERRAL
from referrals.partners.models import Partner, Referral, RevenueMonth, RevenueRow
from referrals.people.rules import Actor
from referrals.values import parse_id

OF_MONEY = ("revenue", "last_month")
LAST_MONTH = func.coalesce(RevenueMonth.revenue_minor, 0)
COLUMNS = (
    Referral.id,
    Referral.lead_id,
    Referral.merchant,
    Referral.domain,
    Referral.referred_at,
    Referral.plan,
    Referral.category,
    Referral.status,
    Referral.closed_at,
    Referral.currency,
    Referral.revenue_minor,
    LAST_MONTH.label("last_month_minor"),
    Partner.name.label("partner"),
)


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Staff see every referral, members with `view_referrals` those of their partner, others none."""
    if viewer.is_staff:
        return true()
    partner_id = viewer.partner_id if viewer.may("view_referrals") else None
    return Referral.partner_id == (partner_id or 0)


def sees_money(viewer: Actor) -> bool:
    """Whether the viewer may see what referrals bring: administrators, and members with `view_financials`."""
    return viewer.may("finance" if viewer.is_staff else "view_financials")


def get_referral(viewer: Actor, referral_id: int, *, for_update: bool = False) -> Referral:
    """A referral that the viewer may see; raises NotFound. `for_update` locks its row."""
    statement = select(Referral).where(Referral.id == referral_id, visible_to(viewer))
    if for_update:
        statement = statement.with_for_update(of=Referral).execution_options(populate_existing=True)
    referral = session.scalar(statement)
    if referral is None:
        raise NotFound
    return referral


@dataclass(frozen=True)
class Total:
    """What listed referrals brought in one currency, in minor units."""

    currency: str
    revenue_minor: int
    last_month_minor: int


class ReferralList(Listing):
    """The referral history: `last_month` is the first day of the month that the column of this name is about.

    `since` and `until` bound the day of the referral: `[since, until)`. Whoever may not see money cannot sort by it.
    """

    shape = Shape(
        keys={
            "merchant": Referral.merchant_key,
            "referred_at": Referral.referred_at,
            "plan": Referral.plan,
            "category": Referral.category,
            "status": Referral.status,
            "revenue": Referral.revenue_minor,
            "last_month": LAST_MONTH,
            "partner": Partner.name_key,
        },
        default="-referred_at",
        ident=Referral.id,
        searched=Referral.search_text,
    )

    def __init__(
        self,
        viewer: Actor,
        wish: Wish,
        *,
        last_month: date,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        statement: Statement = (
            select(*COLUMNS)
            .join(Partner, Partner.id == Referral.partner_id)
            .outerjoin(RevenueMonth, (RevenueMonth.referral_id == Referral.id) & (RevenueMonth.month == last_month))
            .where(visible_to(viewer))
        )
        if since is not None:
            statement = statement.where(Referral.referred_at >= since)
        if until is not None:
            statement = statement.where(Referral.referred_at < until)
        super().__init__(sorted_as_allowed(viewer, wish), filtered(viewer, statement, wish))

    def totals(self) -> Sequence[Total]:
        """What all referrals of the list brought, over all its pages, by currency."""
        sums = (func.coalesce(func.sum(Referral.revenue_minor), 0), func.coalesce(func.sum(LAST_MONTH), 0))
        statement = (
            self.statement.with_only_columns(Referral.currency, *sums, maintain_column_froms=True)
            .group_by(Referral.currency)
            .order_by(Referral.currency)
        )
        return [Total(row[0], int(row[1]), int(row[2])) for row in session.execute(statement)]


def sorted_as_allowed(viewer: Actor, wish: Wish) -> Wish:
    name = wish.sort.removeprefix("-")
    hidden = (name in OF_MONEY and not sees_money(viewer)) or (name == "partner" and not viewer.is_staff)
    return replace(wish, sort="", page="") if hidden else wish


def filtered(viewer: Actor, statement: Statement, wish: Wish) -> Statement:
    """The referrals that the filters leave; a value that a filter does not have is no filter."""
    if wish.get("category") in CATEGORIES:
        statement = statement.where(Referral.category == wish.get("category"))
    if wish.get("status") in REFERRAL.states:
        statement = statement.where(Referral.status == wish.get("status"))
    if wish.get("plan"):
        statement = statement.where(Referral.plan == wish.get("plan"))
    if viewer.is_staff and wish.get("partner"):
        statement = statement.where(Referral.partner_id == (parse_id(wish.get("partner")) or -1))
    return statement


def month_before(day: date) -> date:
    """The first day of the month before the one of this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def plans_seen_by(viewer: Actor) -> Sequence[str]:
    """The plans that the viewer's referrals are on, by code."""
    statement = select(Referral.plan).where(visible_to(viewer), Referral.plan != "").distinct()
    return session.scalars(statement.order_by(Referral.plan)).all()


def months_of(referral: Referral) -> Sequence[RevenueMonth]:
    """What a referral brought and what that earned, month by month, the latest first."""
    return session.scalars(
        select(RevenueMonth).where(RevenueMonth.referral_id == referral.id).order_by(RevenueMonth.month.desc())
    ).all()


def rows_of(referral: Referral) -> Sequence[RevenueRow]:
    """Every revenue row of a referral, the latest month first."""
    return session.scalars(
        select(RevenueRow)
        .where(RevenueRow.referral_id == referral.id)
        .order_by(RevenueRow.month.desc(), RevenueRow.id.desc())
    ).all()


def count_active(viewer: Actor, *, since: datetime) -> tuple[int, int]:
    """How many active referrals the viewer sees: all, and those of `since` or later."""
    counted: Any = select(func.count(), func.count().filter(Referral.referred_at >= since))
    row: AnyRow = session.execute(
        counted.select_from(Referral).where(visible_to(viewer), Referral.status == "active")
    ).one()
    return int(row[0]), int(row[1])
