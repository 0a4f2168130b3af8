"""Orders judged again by what is known of them now, under any settings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import select

from referrals.commissions.facts import OrderFacts
from referrals.commissions.models import Commission
from referrals.commissions.rules import commission as formula
from referrals.db import session
from referrals.links.facts import SEEN, borrower_of_click
from referrals.links.models import Click, Customer, CustomerKey, Identification, Link
from referrals.links.rules import Facts, Interval, end_of, expiry_of, fold, refusal
from referrals.listing import AnyRow
from referrals.orders.facts import FactsReader
from referrals.orders.models import Order, OrderContact
from referrals.orders.standing import Standing, standings
from referrals.people.models import Person
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import statuses_of
from referrals.shops.rules import RateBook, StatusBook, coupon_key


@dataclass(frozen=True)
class Outcome:
    """Whose an order is, and what it earns them in minor units after what was clawed back."""

    salesperson_id: int | None
    minor: int = 0


@dataclass(frozen=True)
class Known:
    """An order with all that is known of it now. `clicks` are its buyer's, `buyer` their e-mails and phones."""

    standing: Standing
    commission: Commission | None
    clicks: Sequence[AnyRow] = ()
    buyer: frozenset[str] = frozenset()

    @property
    def order(self) -> Order:
        return self.standing.order


@dataclass
class Replay:
    """Judges orders under the settings of `rates`. `since`: links shared from then on are of the validity tried."""

    shop: Shop
    rates: RateBook
    since: datetime | None
    reader: FactsReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = FactsReader(self.shop.id)
        self.reader.rates = self.rates

    def booked(self, known: Known) -> Outcome:
        """Whose it was held to be, and what the formula says for them."""
        return self.priced(known, known.order.salesperson_id)

    def judged(self, known: Known, booked: Outcome, real: "Replay") -> Outcome:
        """Whose it would be; as it was booked, where by hand or where these settings decide as the real ones do."""
        if known.order.via == "hand" or self.whose(known) == real.whose(known):
            return self.priced(known, booked.salesperson_id)
        return self.priced(known, self.whose(known))

    def priced(self, known: Known, salesperson_id: int | None) -> Outcome:
        """What the order would earn this salesperson."""
        order = known.order
        if salesperson_id is None or order.test or order.collected_by == "cash_on_delivery":
            return Outcome(None)
        facts = self.reader.facts_of(known.standing, salesperson_id)
        return Outcome(salesperson_id, earned(facts, known.commission))

    def whose(self, known: Known) -> int | None:
        """The rule of `SPEC §6` on what is known now."""
        order = known.order
        settings = self.rates.settings.at(order.placed_at)
        if order.test or order.collected_by == "cash_on_delivery" or not settings.programme:
            return None
        found = self.by_coupon(order) or self.by_binding(known)
        if found is None or settings.own_purchases_earn:
            return found
        return None if self.people.get(found, frozenset()) & known.buyer else found

    def by_coupon(self, order: Order) -> int | None:
        owners = (self.coupons.get(coupon_key(str(code))) for code in order.coupon_codes)
        return next((one for one in owners if one and self.statuses.at(one, order.placed_at) == "active"), None)

    def by_binding(self, known: Known) -> int | None:
        moment = known.order.placed_at
        held: Interval | None = next((one for one in self.intervals(known.clicks) if one.holds(moment)), None)
        if held is None or self.statuses.at(held.salesperson_id, moment) != "active":
            return None
        return held.salesperson_id

    def intervals(self, clicks: Sequence[AnyRow]) -> Sequence[Interval]:
        return fold(map(self.facts, clicks)).intervals

    def facts(self, click: AnyRow) -> Facts:
        """A click as the rules see it under these settings."""
        at = click.occurred_at
        held = self.rates.settings.at(at)
        validity, expires_at = click.validity, click.expires_at
        if self.since is not None and click.shared_at >= self.since:
            validity = self.rates.settings.at(click.shared_at).validity
            expires_at = expiry_of(click.kind, validity, click.shared_at)
        status = self.statuses.at(click.salesperson_id, at)
        return Facts(
            click_id=click.id,
            at=at,
            salesperson_id=click.salesperson_id,
            ends_at=end_of(click.kind, validity, expires_at, at),
            refused=refusal(at=at, expires_at=expires_at, status=status, programme=held.programme),
            rule=held.binding,
            protect_days=held.protect_days,
        )

    @cached_property
    def statuses(self) -> StatusBook:
        return statuses_of(self.shop.id)

    @cached_property
    def coupons(self) -> Mapping[str, int]:
        rows = session.execute(
            select(Salesperson.coupon_key, Salesperson.id).where(
                Salesperson.shop_id == self.shop.id, Salesperson.coupon_key.is_not(None)
            )
        )
        return {row.coupon_key: row.id for row in rows}

    @cached_property
    def people(self) -> Mapping[int, frozenset[str]]:
        """By what salespeople themselves are known."""
        rows = session.execute(
            select(Salesperson.id, Salesperson.email, Person.email, Person.phone)
            .join(Person, Person.id == Salesperson.person_id)
            .where(Salesperson.shop_id == self.shop.id)
        )
        return {
            number: frozenset({(email or "").casefold(), (own or "").casefold(), phone or ""} - {""})
            for number, email, own, phone in rows
        }


def earned(facts: OrderFacts, commission: Commission | None) -> int:
    """What an order earns by these facts; of what is settled, what the rule for later refunds leaves."""
    keeps = facts.refund_rule == "keep" and facts.collected_by == "platform"
    if commission is None or commission.status != "settled" or commission.run_id is None:
        return 0 if facts.cancelled_at is not None else facts.earned().amount
    if not keeps and facts.cancelled_at is not None:
        return 0
    mark = (commission.facts_before_id, commission.facts_until) if keeps else (None, None)
    lines = facts.line_versions[commission.lines_event_id]
    return formula(lines, facts.refunds_known(*mark), commission.cashback_minor or 0).amount


def known_of(shop_id: int, orders: Sequence[Order], *, with_clicks: bool) -> list[Known]:
    """All that is known of some hundred orders, in few queries."""
    ids = [order.id for order in orders]
    rows = session.scalars(select(Commission).where(Commission.order_id.in_(ids), Commission.kind == "sale"))
    commissions = {one.order_id: one for one in rows}
    found = [Known(one, commissions.get(one.order.id)) for one in standings(orders)]
    if not with_clicks:
        return found
    living = living_ids({order.customer_id for order in orders if order.customer_id})
    clicks, keys = clicks_of(shop_id, set(living.values())), keys_of(set(living.values()))
    contacts = {one.order_id: one for one in session.scalars(contacts_of(ids))}
    more = []
    for one in found:
        customer_id = living.get(one.order.customer_id or 0, 0)
        contact = contacts.get(one.order.id)
        named = {contact.email or "", contact.phone or ""} if contact else set()
        buyer = frozenset((named | keys.get(customer_id, set())) - {""})
        more.append(replace(one, clicks=clicks.get(customer_id, ()), buyer=buyer))
    return more


def contacts_of(order_ids: Sequence[int]) -> Any:
    return select(OrderContact).where(OrderContact.order_id.in_(order_ids))


def living_ids(customer_ids: set[int]) -> dict[int, int]:
    """The customers that these are now, those that were joined into others being the others."""
    rows = session.execute(select(Customer.id, Customer.merged_into_id).where(Customer.id.in_(customer_ids)))
    return {row.id: row.merged_into_id or row.id for row in rows}


def clicks_of(shop_id: int, customer_ids: set[int]) -> dict[int, list[AnyRow]]:
    """The clicks that visitors lent to each of these customers."""
    visitors = select(Identification.visitor).where(
        Identification.shop_id == shop_id, Identification.customer_id.in_(customer_ids)
    )
    borrower = borrower_of_click.label("customer_id")
    rows = session.execute(
        SEEN.add_columns(Link.shared_at, borrower).where(Click.shop_id == shop_id, Click.visitor.in_(visitors))
    )
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in rows:
        found[row.customer_id].append(row)
    return found


def keys_of(customer_ids: set[int]) -> dict[int, set[str]]:
    """The e-mails and phones of each of these customers."""
    rows = session.execute(
        select(CustomerKey.customer_id, CustomerKey.value).where(
            CustomerKey.customer_id.in_(customer_ids), CustomerKey.kind != "id"
        )
    )
    found: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        found[row.customer_id].add(row.value)
    return found
