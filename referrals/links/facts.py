"""Which clicks are whose, and what the rules need to know of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from referrals.db import session
from referrals.links.models import Click, Identification, Link
from referrals.links.rules import Facts, Picture, end_of, fold, refusal
from referrals.listing import AnyRow
from referrals.shops.queries import settings_of, statuses_of
from referrals.shops.rules import SettingsHistory, StatusBook

# Click, moment, salesperson, and of its link kind, validity and end.
ClickRow = AnyRow | tuple[int, datetime, int, str, str, datetime | None]
Later = aliased(Identification)
# A visitor lends a click to the first customer identified on it at or after the click.
borrower_of_click = (
    select(Later.customer_id)
    .where(Later.shop_id == Click.shop_id, Later.visitor == Click.visitor, Later.occurred_at >= Click.occurred_at)
    .order_by(Later.occurred_at, Later.id)
    .limit(1)
    .correlate(Click)
    .scalar_subquery()
)
SEEN = select(Click.id, Click.occurred_at, Click.salesperson_id, Link.kind, Link.validity, Link.expires_at).join(
    Link, Link.id == Click.link_id
)


def clicks_of_customer(shop_id: int, customer_id: int) -> Sequence[AnyRow]:
    """The clicks that visitors lent to this customer."""
    return session.execute(of_customer(SEEN, shop_id, customer_id)).all()


def of_customer(statement: Select[*tuple[object, ...]], shop_id: int, customer_id: int) -> Select[*tuple[object, ...]]:
    """The statement over clicks, of those that are lent to this customer."""
    visitors = select(Identification.visitor).where(
        Identification.shop_id == shop_id, Identification.customer_id == customer_id
    )
    return statement.where(Click.shop_id == shop_id, Click.visitor.in_(visitors), borrower_of_click == customer_id)


def clicks_not_lent(shop_id: int, visitor: str) -> Sequence[AnyRow]:
    """The clicks of a visitor that no customer has yet."""
    return session.execute(
        SEEN.where(Click.shop_id == shop_id, Click.visitor == visitor, borrower_of_click.is_(None))
    ).all()


def facts_of(clicks: Iterable[ClickRow], settings: SettingsHistory, statuses: StatusBook) -> list[Facts]:
    """Clicks as the rules see them, under these settings and states."""
    found = []
    for click_id, at, salesperson_id, kind, validity, expires_at in clicks:
        held = settings.at(at)
        status = statuses.at(salesperson_id, at)
        found.append(
            Facts(
                click_id=click_id,
                at=at,
                salesperson_id=salesperson_id,
                ends_at=end_of(kind, validity, expires_at, at),
                refused=refusal(at=at, expires_at=expires_at, status=status, programme=held.programme),
                rule=held.binding,
                protect_days=held.protect_days,
            )
        )
    return found


def picture_of(shop_id: int, clicks: Sequence[AnyRow]) -> Picture:
    """What these clicks come to, by the settings of the shop and the states of its salespeople."""
    if not clicks:
        return Picture((), {})
    salespeople = sorted({click.salesperson_id for click in clicks})
    return fold(facts_of(clicks, settings_of(shop_id), statuses_of(shop_id, salespeople)))
