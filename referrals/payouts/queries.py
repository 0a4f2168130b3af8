"""What is read of payouts; always from what the reader may see (P13)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from referrals.db import among, session
from referrals.earnings.models import Earning
from referrals.errors import NotFound
from referrals.leads.models import Lead
from referrals.listing import AnyRow, Listing, Shape, Wish
from referrals.partners.models import Partner, Referral
from referrals.payouts.lifecycle import GROUPS, PAYOUT
from referrals.payouts.models import Payout, PayoutLine, PayoutMethod, PayoutPeriod
from referrals.people.models import Person
from referrals.people.rules import Actor


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all payouts; members with `view_financials` those of their partner; others none."""
    if viewer.is_staff:
        return true() if viewer.may("finance") else false()
    if viewer.partner_id is None or not viewer.may("view_financials"):
        return false()
    return Payout.partner_id == viewer.partner_id


def get_payout(viewer: Actor, payout_id: int | None) -> Payout:
    """The payout with this id, if the viewer may see it; raises NotFound."""
    found = session.scalar(select(Payout).where(Payout.id == (payout_id or 0), visible_to(viewer)))
    if found is None:
        raise NotFound
    return found


def known_payouts(viewer: Actor, payout_ids: Sequence[int]) -> Sequence[Payout]:
    """Those of these payouts that there are and the viewer may see, by id."""
    mine = select(Payout).where(among(Payout.id, payout_ids), visible_to(viewer)).order_by(Payout.id)
    return session.scalars(mine).unique().all()


def lines_of(payout: Payout) -> list[PayoutLine]:
    """The category groups of a statement, in the order of the house."""
    lines = session.scalars(select(PayoutLine).where(PayoutLine.payout_id == payout.id)).all()
    return sorted(lines, key=lambda line: GROUPS.index(line.group))


def find_statement(partner_id: int, currency: str, period_from: date) -> Payout | None:
    """The statement of a partner for a period and currency."""
    return session.scalar(
        select(Payout).where(
            Payout.partner_id == partner_id, Payout.currency == currency, Payout.period_from == period_from
        )
    )


def waiting(partner_id: int, currency: str, until: datetime) -> ColumnElement[bool]:
    """Earnings of a partner from before a moment that no payout holds."""
    return and_(
        Earning.partner_id == partner_id,
        Earning.currency == currency,
        Earning.payout_id.is_(None),
        Earning.earned_at < until,
    )


def books_with_work(until: datetime) -> Sequence[tuple[int, str]]:
    """Partners and currencies with earnings from before a moment that no payout holds."""
    rows = session.execute(
        select(Earning.partner_id, Earning.currency)
        .where(Earning.payout_id.is_(None), Earning.earned_at < until)
        .distinct()
        .order_by(Earning.partner_id, Earning.currency)
    )
    return [(row.partner_id, row.currency) for row in rows]


def closed_periods() -> set[date]:
    """The first days of the periods that were closed."""
    return set(session.scalars(select(PayoutPeriod.period_from)))


def first_earned_at() -> datetime | None:
    """When the first earning of all was earned."""
    return session.scalar(select(func.min(Earning.earned_at)))


def leads_due_in(payout_ids: Sequence[int]) -> Sequence[int]:
    """The leads whose payout is due and of which one of these payouts holds an earning, by a fixed order."""
    held = among(Earning.payout_id, payout_ids)
    of_earnings = select(Earning.lead_id).where(held)
    of_referrals = select(Referral.lead_id).join(Earning, Earning.referral_id == Referral.id).where(held)
    theirs = or_(Lead.id.in_(of_earnings), Lead.id.in_(of_referrals))
    return session.scalars(select(Lead.id).where(Lead.payout == "due", theirs).order_by(Lead.id)).all()


def find_method(partner_id: int) -> PayoutMethod | None:
    """Where a partner wants to be paid."""
    return session.get(PayoutMethod, partner_id)


class PayoutList(Listing):
    """The payouts that the viewer may see, of all partners or of their own."""

    shape = Shape(
        keys={
            "due": Payout.due_on,
            "period": Payout.period_from,
            "partner": Partner.name_key,
            "amount": Payout.amount_minor,
            "status": Payout.status,
        },
        default="-due",
        ident=Payout.id,
        searched=Partner.name_key,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        columns = (
            Payout.id,
            Payout.partner_id,
            Partner.name.label("partner"),
            Payout.period_from,
            Payout.period_until,
            Payout.due_on,
            Payout.amount_minor,
            Payout.currency,
            Payout.status,
            Payout.paid_at,
            Payout.failed_at,
            Payout.reference,
            Payout.error,
            (Payout.recipient != "").label("has_recipient"),
        )
        statement = select(*columns).join(Partner, Partner.id == Payout.partner_id).where(visible_to(viewer))
        if wish.get("status") in PAYOUT.states:
            statement = statement.where(Payout.status == wish.get("status"))
        if wish.get("due"):
            statement = statement.where(Payout.due_on == day_of(wish.get("due")))
        super().__init__(wish, statement)


def day_of(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


class HeldEarnings(Listing):
    """The earnings that a payout holds, with the merchant or lead that each is of."""

    shape = Shape(
        keys={"earned": Earning.earned_at, "category": Earning.category, "amount": Earning.amount_minor},
        default="earned",
        ident=Earning.id,
    )

    def __init__(self, payout: Payout, wish: Wish) -> None:
        statement = (
            select(
                Earning.id,
                Earning.category,
                Earning.kind,
                Earning.month,
                Earning.amount_minor,
                Earning.currency,
                Earning.earned_at,
                Referral.merchant,
                Lead.business_name,
                Lead.ref,
            )
            .outerjoin(Referral, Referral.id == Earning.referral_id)
            .outerjoin(Lead, Lead.id == func.coalesce(Earning.lead_id, Referral.lead_id))
            .where(Earning.payout_id == payout.id)
        )
        super().__init__(wish, statement)

    def first(self, number: int) -> Sequence[AnyRow]:
        """So many of its rows, the earliest first."""
        return session.execute(self.statement.order_by(Earning.earned_at, Earning.id).limit(number)).all()


def pending_batches(viewer: Actor) -> Sequence[AnyRow]:
    """What is to be paid, by day and currency: how many, how much, how many lack an address or were in a file."""
    return session.execute(
        select(
            Payout.due_on,
            Payout.currency,
            func.count().label("payouts"),
            func.sum(Payout.amount_minor).label("amount_minor"),
            func.count().filter(Payout.recipient == "").label("without_address"),
            func.count(Payout.exported_at).label("exported"),
        )
        .where(Payout.status == "pending", visible_to(viewer))
        .group_by(Payout.due_on, Payout.currency)
        .order_by(Payout.due_on, Payout.currency)
    ).all()


def last_exports(viewer: Actor) -> dict[tuple[date, str], tuple[datetime, str]]:
    """When and by whom the file of a day and currency was made last, of what is still to be paid."""
    rows = session.execute(
        select(Payout.due_on, Payout.currency, Payout.exported_at, Person.name)
        .outerjoin(Person, Person.id == Payout.exported_by_person_id)
        .where(Payout.status == "pending", Payout.exported_at.is_not(None), visible_to(viewer))
        .order_by(Payout.exported_at)
        .distinct()
    )
    return {(row.due_on, row.currency): (row.exported_at, row.name or "") for row in rows}


def pending_payouts(viewer: Actor, due_on: date, currency: str) -> Sequence[Payout]:
    """The payouts of one day and currency that wait to be paid, by partner."""
    return (
        session.scalars(
            select(Payout)
            .join(Partner, Partner.id == Payout.partner_id)
            .where(Payout.status == "pending", Payout.due_on == due_on, Payout.currency == currency, visible_to(viewer))
            .order_by(Partner.name_key, Payout.id)
        )
        .unique()
        .all()
    )
