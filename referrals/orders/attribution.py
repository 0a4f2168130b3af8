"""Whose order it is (`SPEC §6`): the reasons why nobody's are asked in one order, and exactly one is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from referrals.commissions.operations import hand_over
from referrals.db import lock_names, session
from referrals.errors import NotFound, RuleBroken
from referrals.links.customers import keys_of
from referrals.links.joins import CustomerKeys
from referrals.links.models import Customer
from referrals.links.operations import identify
from referrals.links.queries import binding_at, had_binding_before, read_ref
from referrals.orders.facts import FactsReader
from referrals.orders.incoming import IncomingOrder
from referrals.orders.models import REASONS, Attribution, Order
from referrals.orders.standing import standing_of
from referrals.people.audit import record
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import find_by_coupon, status_at
from referrals.shops.rules import Settings
from referrals.wording import N_

# Why a merchant gives an order to another salesperson, or to nobody, by hand.
HAND_REASONS = ("agreed", "wrong_person", "customer_says", "own_purchase", "other")
LONGEST_NOTE = 1000


class NeedsReason(RuleBroken):
    """Re-attribution is on record with a reason."""

    sentence = N_("Choose a reason.")


class SameSalesperson(RuleBroken):
    """Nothing would change."""

    sentence = N_("The order belongs to this salesperson already.")


class NeverPromoted(RuleBroken):
    """Test orders and cash on delivery are nobody's, whatever anybody says."""

    sentence = N_("Test orders and orders paid on delivery earn nobody a commission.")


@dataclass(frozen=True)
class Answer:
    """Whose an order is, how that was found, or the one reason why it is nobody's."""

    salesperson_id: int | None = None
    via: str | None = None
    click_id: int | None = None
    binding_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Buyer:
    """The customer who placed an order, and why its `ref` counted for nothing, if so."""

    customer: Customer | None
    ref_problem: str | None = None


def buyer_of(shop: Shop, incoming: IncomingOrder, *, source: str, at: datetime) -> Buyer:
    """Find out who placed an order; its keys, visitor and `ref` are joined. Tests are placed by nobody."""
    if incoming.test:
        return Buyer(None)
    click, problem = read_ref(shop.id, incoming.ref, incoming.placed_at)
    keys = CustomerKeys(incoming.customer.id, incoming.customer.email, incoming.customer.phone)
    if not keys and not incoming.visitor and click is None:
        return Buyer(None, problem)
    customer = identify(
        shop.id,
        keys,
        visitor=incoming.visitor,
        ref=incoming.ref if click is not None else None,
        occurred_at=incoming.placed_at,
        source=f"order:{source}",
        at=at,
    )
    return Buyer(customer, problem)


def attribute(shop: Shop, incoming: IncomingOrder, collected_by: str, buyer: Buyer, settings: Settings) -> Answer:
    """Whose the order is by the rule of `SPEC §6`; `settings` are those in force when it was placed."""
    if incoming.test:
        return Answer(reason="test_order")
    if collected_by == "cash_on_delivery":
        return Answer(reason="cash_on_delivery")
    if not settings.programme:
        return Answer(reason="programme_off")
    found = by_coupon(shop.id, incoming.coupon_codes, incoming.placed_at) or by_binding(buyer, incoming.placed_at)
    if found.salesperson_id is None or settings.own_purchases_earn:
        return found
    if is_own_purchase(found.salesperson_id, incoming, buyer):
        return Answer(reason="own_purchase")
    return found


def by_coupon(shop_id: int, codes: Sequence[str], placed_at: datetime) -> Answer | None:
    """By the first code on the order that belongs to a salesperson who was active; for this order only."""
    for code in codes:
        salesperson = find_by_coupon(shop_id, code)
        if salesperson is not None and status_at(salesperson.id, placed_at) == "active":
            return Answer(salesperson.id, "coupon")
    return None


def by_binding(buyer: Buyer, placed_at: datetime) -> Answer:
    """By the binding in force at the moment the order was placed."""
    if buyer.customer is None:
        return Answer(reason="no_click")
    binding = binding_at(buyer.customer.id, placed_at)
    if binding is None:
        expired = had_binding_before(buyer.customer.id, placed_at)
        return Answer(reason="binding_expired" if expired else "no_click")
    if status_at(binding.salesperson_id, placed_at) != "active":
        return Answer(reason="salesperson_inactive", click_id=binding.click_id, binding_id=binding.id)
    return Answer(binding.salesperson_id, "binding", binding.click_id, binding.id)


def is_own_purchase(salesperson_id: int, incoming: IncomingOrder, buyer: Buyer) -> bool:
    """Whether buyer and salesperson share a phone or an e-mail."""
    salesperson = session.get_one(Salesperson, salesperson_id)
    theirs = {salesperson.person.phone, fold(salesperson.person.email), fold(salesperson.email)} - {None, ""}
    known = keys_of(buyer.customer.id) if buyer.customer is not None else ()
    buyers = {key.value for key in known if key.kind != "id"}
    buyers |= {incoming.customer.email or "", incoming.customer.phone or ""}
    return bool(theirs & buyers)


def fold(email: str | None) -> str:
    return (email or "").casefold()


def note_attribution(order: Order, answer: Answer, *, by: Actor, at: datetime, code: str = "", note: str = "") -> None:
    """Put the answer on record; the order itself shows the latest one."""
    order.salesperson_id, order.via, order.reason = answer.salesperson_id, answer.via, answer.reason
    order.click_id, order.binding_id = answer.click_id, answer.binding_id
    session.add(
        Attribution(
            order_id=order.id,
            at=at,
            salesperson_id=answer.salesperson_id,
            via=answer.via,
            click_id=answer.click_id,
            binding_id=answer.binding_id,
            reason=answer.reason,
            reason_code=code,
            note=note,
            by_person_id=by.person_id,
        )
    )


def reattribute(
    order: Order, salesperson_id: int | None, reason_code: str, note: str = "", *, by: Actor, at: datetime
) -> None:
    """Give an order to another salesperson of the shop, or to nobody, until its commission is settled.

    Raises NeedsReason, SameSalesperson, NeverPromoted, NotFound, SettledAlready.
    """
    by.require("manage")
    if reason_code not in HAND_REASONS:
        raise NeedsReason(field="reason")
    lock_names([f"order:{order.shop_id}:{order.external_id}"])
    session.refresh(order)
    if order.test or order.collected_by == "cash_on_delivery":
        raise NeverPromoted(field="salesperson")
    if order.salesperson_id == salesperson_id:
        raise SameSalesperson(field="salesperson")
    answer = answer_by_hand(order, salesperson_id, reason_code)
    reader = FactsReader(order.shop_id)
    hand_over(reader.facts_of(standing_of(order), salesperson_id), salesperson_id, at=at)
    note_attribution(order, answer, by=by, at=at, code=reason_code, note=note.strip()[:LONGEST_NOTE])
    session.flush()
    record("order_reattributed", by=by, at=at, order=str(order.id), reason=reason_code)


def answer_by_hand(order: Order, salesperson_id: int | None, reason_code: str) -> Answer:
    if salesperson_id is None:
        return Answer(reason=reason_code if reason_code in REASONS else "no_click")
    salesperson = session.get(Salesperson, salesperson_id)
    if salesperson is None or salesperson.shop_id != order.shop_id or salesperson.status == "applied":
        raise NotFound
    return Answer(salesperson_id, "hand")
