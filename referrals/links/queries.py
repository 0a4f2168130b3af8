"""What is read of links, clicks and bindings; always within one shop (P13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, SQLColumnExpression, case, or_, select

from referrals.db import session
from referrals.errors import NotFound
from referrals.links.customers import living_id
from referrals.links.facts import of_customer
from referrals.links.models import Binding, Click, Customer, Link
from referrals.listing import AnyRow
from referrals.values import parse_id

NOT_SUPERSEDED = Binding.superseded_at.is_(None)


@dataclass(frozen=True)
class LinkCard:
    """What a click needs to know of its link; links never change, so that it can be kept in memory."""

    id: int
    code: str
    shop_id: int
    salesperson_id: int
    kind: str
    validity: str
    expires_at: datetime | None
    target_url: str


@dataclass(frozen=True)
class Relation:
    """Whose customer somebody is in `[from_at, until_at)`, and the click and rule that made it so."""

    binding_id: int
    salesperson_id: int
    click_id: int
    rule: str
    from_at: datetime
    until_at: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force: exactly at the start it is, exactly at the end no longer."""
        return self.from_at <= moment and (self.until_at is None or moment < self.until_at)


CARD = select(
    Link.id,
    Link.code,
    Link.shop_id,
    Link.salesperson_id,
    Link.kind,
    Link.validity,
    Link.expires_at,
    Link.target_url,
)


def find_card(code: str) -> LinkCard | None:
    """The link with this code, of whatever shop, as the redirect needs it."""
    row = session.execute(CARD.where(Link.code == code)).one_or_none()
    return LinkCard(*row) if row is not None else None


def find_link(shop_id: int, code: str) -> Link | None:
    """The link of a shop with this code."""
    return session.scalar(select(Link).where(Link.shop_id == shop_id, Link.code == code))


def get_link(shop_id: int, salesperson_id: int, code: str) -> Link:
    """A salesperson's link with this code; raises NotFound."""
    found = session.scalar(
        select(Link).where(Link.shop_id == shop_id, Link.salesperson_id == salesperson_id, Link.code == code)
    )
    if found is None:
        raise NotFound
    return found


def find_click(shop_id: int, ref: str | None) -> Click | None:
    """The click of a shop that a `ref` names, if it names one."""
    click_id = parse_id((ref or "").strip())
    if click_id is None:
        return None
    return session.scalar(select(Click).where(Click.id == click_id, Click.shop_id == shop_id))


def read_ref(shop_id: int, ref: str | None, moment: datetime) -> tuple[Click | None, str | None]:
    """The click that a `ref` names, or why it counts for nothing: `unknown` (also of another shop), or `later`."""
    if not (ref or "").strip():
        return None, None
    click = find_click(shop_id, ref)
    if click is None:
        return None, "unknown"
    return (click, None) if click.occurred_at <= moment else (None, "later")


def binding_at(customer_id: int, t: datetime) -> Binding | None:
    """The binding of a customer that is in force at a moment, as is known now."""
    return session.scalar(
        select(Binding)
        .where(Binding.customer_id == living_id(customer_id), NOT_SUPERSEDED, Binding.from_at <= t)
        .where(or_(Binding.until_at.is_(None), Binding.until_at > t))
        .order_by(Binding.from_at.desc(), Binding.id.desc())
        .limit(1)
    )


def had_binding_before(customer_id: int, t: datetime) -> bool:
    """Whether a customer ever was bound up to a moment."""
    found = session.scalar(
        select(Binding.id)
        .where(Binding.customer_id == living_id(customer_id), NOT_SUPERSEDED, Binding.from_at <= t)
        .limit(1)
    )
    return found is not None


def relations_of(customer_id: int) -> list[Relation]:
    """A customer's bindings as they are known now, in order of time."""
    rows = relations(Binding.until_at).where(Binding.customer_id == living_id(customer_id), NOT_SUPERSEDED)
    return [Relation(*row) for row in session.execute(rows)]


def relations_known(customer_id: int, moment: datetime) -> list[Relation]:
    """A customer's bindings as they were known at a moment, in order of time.

    `customer_id` is the customer of that time, whoever they were joined into since.
    """
    until = case((Binding.closed_at > moment, Binding.ends_at), else_=Binding.until_at)
    rows = (
        relations(until)
        .where(Binding.customer_id == customer_id, Binding.recorded_at <= moment)
        .where(or_(Binding.superseded_at.is_(None), Binding.superseded_at > moment))
    )
    return [Relation(*row) for row in session.execute(rows)]


def relations(until: SQLColumnExpression[datetime | None]) -> Select[*tuple[Any, ...]]:
    return select(Binding.id, Binding.salesperson_id, Binding.click_id, Binding.rule, Binding.from_at, until).order_by(
        Binding.from_at, Binding.id
    )


def changes_of(customer_id: int) -> Sequence[AnyRow]:
    """Everything that was ever held to bind a customer, also what was proved wrong, with click and link."""
    family = select(Customer.id).where(or_(Customer.id == customer_id, Customer.merged_into_id == customer_id))
    return session.execute(
        select(
            Binding.id,
            Binding.salesperson_id,
            Binding.rule,
            Binding.from_at,
            Binding.until_at,
            Binding.recorded_at,
            Binding.superseded_at,
            Binding.superseded_by,
            Binding.click_id,
            Link.code,
            Link.kind,
            Link.title,
            Click.source,
        )
        .join(Click, Click.id == Binding.click_id)
        .join(Link, Link.id == Click.link_id)
        .where(Binding.customer_id.in_(family))
        .order_by(Binding.from_at, Binding.recorded_at, Binding.id)
    ).all()


CLICKS = select(
    Click.id,
    Click.occurred_at,
    Click.recorded_at,
    Click.salesperson_id,
    Click.outcome,
    Click.source,
    Click.visitor,
    Link.code,
    Link.kind,
    Link.title,
    Link.target,
    Link.shared_at,
    Link.expires_at,
).join(Link, Link.id == Click.link_id)


def clicks_seen(shop_id: int, customer_id: int) -> Sequence[AnyRow]:
    """The clicks of a customer with their recorded outcomes, in order of time."""
    statement = of_customer(CLICKS, shop_id, living_id(customer_id))
    return session.execute(statement.order_by(Click.occurred_at, Click.id)).all()


def clicks_of_visitor(shop_id: int, visitor: str) -> Sequence[AnyRow]:
    """The clicks of a visitor with their recorded outcomes, in order of time, whosever they are."""
    statement = CLICKS.where(Click.shop_id == shop_id, Click.visitor == visitor)
    return session.execute(statement.order_by(Click.occurred_at, Click.id)).all()
