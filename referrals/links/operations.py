"""What happens at links: clicks are recorded, customers identified (`SPEC §6`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.ids import new_id
from referrals.links.bindings import refresh_bindings
from referrals.links.customers import join_customers, keys_of, make_customer, resolve_customer
from referrals.links.facts import ClickRow, clicks_not_lent, clicks_of_customer, facts_of
from referrals.links.joins import CustomerKeys
from referrals.links.models import Click, Customer, Identification, Link
from referrals.links.queries import LinkCard, read_ref
from referrals.links.rules import fold, refusal
from referrals.links.standing import Standing, keep_click, standing_at
from referrals.shops.history import refuse_future
from referrals.shops.queries import settings_of, statuses_of
from referrals.wording import N_


class NobodyNamed(RuleBroken):
    """Neither a key of the customer nor a visitor."""

    sentence = N_("Say who it is: a customer id, an e-mail, a phone number, a visitor or a ref.")


@dataclass(frozen=True)
class Traces:
    """What a browser tells of itself with a click; the address only as a keyed hash."""

    ip_hash: str = ""
    user_agent: str = ""
    referrer: str = ""


NO_TRACES = Traces()


def record_click(
    link: Link | LinkCard,
    *,
    visitor: str,
    occurred_at: datetime,
    source: str,
    traces: Traces = NO_TRACES,
    at: datetime,
) -> Click:
    """Keep a click with its outcome; the one answered stands in no session. Raises InTheFuture."""
    click, _is_known = record_click_of(link, visitor, traces, occurred_at=occurred_at, source=source, at=at)
    return click


def record_click_of(
    link: Link | LinkCard, visitor: str, traces: Traces, *, occurred_at: datetime, source: str, at: datetime
) -> tuple[Click, bool]:
    """Keep a click with its outcome; also whether a customer is known behind the visitor already.

    The outcome is what is known now: over the customer's clicks, or else over those of the visitor that are nobody's
    yet. A click earlier than an identification on its visitor is late, and the customer's bindings are judged anew.
    """
    refuse_future(occurred_at, at=at, field="occurred_at")
    lock_visitors(link.shop_id, [visitor])
    standing = standing_at(link.shop_id, link.salesperson_id, visitor, occurred_at)
    if standing.borrower_id is not None:
        lock_customers(link.shop_id)
        standing = standing_at(link.shop_id, link.salesperson_id, visitor, occurred_at)
    click_id = new_id()
    click = keep_click(
        {
            "id": click_id,
            "shop_id": link.shop_id,
            "link_id": link.id,
            "salesperson_id": link.salesperson_id,
            "occurred_at": occurred_at,
            "recorded_at": at,
            "visitor": visitor,
            "outcome": outcome_of(link, click_id, visitor, standing, occurred_at),
            "source": source,
            "ip_hash": traces.ip_hash,
            "user_agent": traces.user_agent[:300],
            "referrer": traces.referrer[:500],
        }
    )
    if standing.borrower_id is not None:
        refresh_bindings(standing.borrower_id, "late_click", at=at)
    return click, standing.customer_id is not None


def outcome_of(link: Link | LinkCard, click_id: int, visitor: str, standing: Standing, occurred_at: datetime) -> str:
    """What becomes of a click that is being recorded."""
    if standing.customer_id is None and not standing.clicked_before:
        refused = refusal(
            at=occurred_at, expires_at=link.expires_at, status=standing.status, programme=standing.programme
        )
        return refused or "bound"
    known: list[ClickRow] = list(clicks_not_lent(link.shop_id, visitor))
    if standing.customer_id is not None:
        known.extend(clicks_of_customer(link.shop_id, standing.customer_id))
    salespeople = sorted({link.salesperson_id, *(click[2] for click in known)})
    this = (click_id, occurred_at, link.salesperson_id, link.kind, link.validity, link.expires_at)
    facts = facts_of([*known, this], settings_of(link.shop_id), statuses_of(link.shop_id, salespeople))
    return fold(facts).outcomes[click_id]


def identify(
    shop_id: int,
    keys: CustomerKeys,
    *,
    visitor: str | None = None,
    ref: str | None = None,
    occurred_at: datetime,
    source: str,
    at: datetime,
) -> Customer:
    """The customer whom keys, visitor and `ref` mean, all joined; visitors lend the customer their clicks.

    A `ref` that names no click of the shop up to this moment is ignored (`queries.read_ref` says why). Without any
    key the customer last seen behind the visitor is meant. Raises NobodyNamed, InTheFuture.
    """
    refuse_future(occurred_at, at=at, field="occurred_at")
    click, _problem = read_ref(shop_id, ref, occurred_at)
    visitors = sorted({name for name in (visitor, click.visitor if click else None) if name})
    if not keys and not visitors:
        raise NobodyNamed(field="customer")
    lock_visitors(shop_id, visitors)
    lock_customers(shop_id)
    customer, joined = whom_they_mean(shop_id, keys, visitors, occurred_at, at=at)
    others: set[int] = set()
    lent = False
    for name in visitors:
        if remember_visitor(customer, name, occurred_at, source, at=at):
            lent = True
            others |= borrowers_after(customer, name, occurred_at)
    if joined or lent:
        refresh_bindings(customer.id, "join" if joined else "identified", at=at)
    for other in sorted(others):
        refresh_bindings(other, "lent_to_another", at=at)
    return customer


def whom_they_mean(
    shop_id: int, keys: CustomerKeys, visitors: list[str], occurred_at: datetime, *, at: datetime
) -> tuple[Customer, bool]:
    """The customer of the keys, with whom those without any key behind these visitors are joined."""
    seen = {customer_behind_visitor(shop_id, name, occurred_at) for name in visitors} - {None}
    if not keys:
        behind = min((one for one in seen if one is not None), default=None)
        found = session.get_one(Customer, behind) if behind is not None else make_customer(shop_id, at=at)
        return found, False
    customer, joined = resolve_customer(shop_id, keys, at=at)
    for other_id in sorted(one for one in seen if one is not None and one != customer.id):
        if not keys_of(other_id):
            join_customers(customer, session.get_one(Customer, other_id), at=at)
            joined = True
    return customer, joined


def customer_behind_visitor(shop_id: int, visitor: str, moment: datetime) -> int | None:
    """Who was identified on a visitor last before this moment or at it, else first after it."""
    seen = select(Identification.customer_id).where(
        Identification.shop_id == shop_id, Identification.visitor == visitor
    )
    before = session.scalar(
        seen.where(Identification.occurred_at <= moment)
        .order_by(Identification.occurred_at.desc(), Identification.id.desc())
        .limit(1)
    )
    if before is not None:
        return before
    return session.scalar(seen.order_by(Identification.occurred_at, Identification.id).limit(1))


def remember_visitor(customer: Customer, visitor: str, occurred_at: datetime, source: str, *, at: datetime) -> bool:
    """Keep that the customer was seen behind the visitor at this moment; False where it was known."""
    known = session.scalar(
        select(Identification.id).where(
            Identification.shop_id == customer.shop_id,
            Identification.visitor == visitor,
            Identification.occurred_at == occurred_at,
            Identification.customer_id == customer.id,
        )
    )
    if known is not None:
        return False
    session.add(
        Identification(
            shop_id=customer.shop_id,
            visitor=visitor,
            customer_id=customer.id,
            occurred_at=occurred_at,
            recorded_at=at,
            source=source,
        )
    )
    session.flush()
    return True


def borrowers_after(customer: Customer, visitor: str, occurred_at: datetime) -> set[int]:
    """Who else had the visitor's clicks of before this moment, having been identified on it later."""
    later = session.scalar(
        select(Identification.customer_id)
        .where(Identification.shop_id == customer.shop_id, Identification.visitor == visitor)
        .where(Identification.occurred_at > occurred_at)
        .order_by(Identification.occurred_at, Identification.id)
        .limit(1)
    )
    return {later} - {None, customer.id} if later is not None else set()


def lock_visitors(shop_id: int, visitors: list[str]) -> None:
    """Whoever records a click of these visitors, or identifies a customer on them, goes one at a time."""
    lock_names(f"visitor:{shop_id}:{name}" for name in visitors)


def lock_customers(shop_id: int) -> None:
    """Whoever joins customers of the shop, or changes their bindings, goes one at a time; after the visitors."""
    lock_names([f"customers:{shop_id}"])
