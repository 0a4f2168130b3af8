"""Orders and their events are received: late, twice, in any order, and always with the same outcome (`SPEC §7`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from referrals.commissions.operations import open_commission, share_settlement
from referrals.db import lock_names, session
from referrals.orders.attribution import attribute, buyer_of, note_attribution
from referrals.orders.campaigns import campaign_named, hold_campaign
from referrals.orders.checking import checked_event, checked_id, checked_order
from referrals.orders.contradictions import refuse_other_event, refuse_other_order
from referrals.orders.facts import FactsReader
from referrals.orders.following import follow, note_standing, restate_campaign
from referrals.orders.incoming import Arrival, IncomingEvent, IncomingOrder, events_of
from referrals.orders.models import Order, OrderEvent
from referrals.orders.news import amendment, news
from referrals.orders.queries import find_event, find_order, waiting_events
from referrals.orders.recording import join_waiting, record_event, record_order
from referrals.orders.standing import standing_of
from referrals.people.rules import Actor
from referrals.shops.models import Shop
from referrals.shops.payment_methods import collector_of
from referrals.shops.queries import settings_of


@dataclass(frozen=True)
class Received:
    """An order that came in; `fresh` when it was not known, `changed` when it or what happened to it was news."""

    order: Order
    fresh: bool
    changed: bool = True


@dataclass(frozen=True)
class ReceivedEvent:
    """An event that came in; `fresh` when it was not known. Without an order it waits for that."""

    event: OrderEvent
    fresh: bool
    order: Order | None


def receive_order(shop: Shop, incoming: IncomingOrder, *, source: str, by: Actor, at: datetime) -> Received:
    """Take an order in, or find it the same as before. Its waiting events and its own times take effect with it.

    Raises what is wrong with it, and Contradiction where it says otherwise than what is recorded.
    """
    return receive_with_events(shop, incoming, (), source=source, by=by, at=at)


def receive_with_events(
    shop: Shop, incoming: IncomingOrder, more: Sequence[IncomingEvent], *, source: str, by: Actor, at: datetime
) -> Received:
    """Take an order in together with what is told of it at the same time."""
    incoming = checked_order(incoming, shop.currency, at=at)
    events = [checked_event(event, at=at) for event in (*events_of(incoming), *more)]
    hold_order(shop, incoming.external_id)
    order = find_order(shop.id, incoming.external_id)
    if order is None:
        return Received(place_order(shop, incoming, events, source=source, by=by, at=at), fresh=True)
    refuse_other_order(order, incoming)
    fresh = news(shop, incoming.external_id, [*events, *amendment(order, incoming)])
    record_news(order, fresh, source=source, at=at)
    return Received(order, fresh=False, changed=bool(fresh))


def receive_event(
    shop: Shop, external_id: str, incoming: IncomingEvent, *, source: str, by: Actor, at: datetime
) -> ReceivedEvent:
    """Take in something that happened to an order, or find it known. Before its order it waits for that.

    Raises what is wrong with it, and Contradiction where its id is known with other content.
    """
    by.require("manage")
    incoming, external_id = checked_event(incoming, at=at), checked_id(external_id, "external_id")
    hold_order(shop, external_id)
    order = find_order(shop.id, external_id)
    known = find_event(shop.id, external_id, incoming.id)
    if known is not None:
        refuse_other_event(known, incoming, shop.currency)
        return ReceivedEvent(known, fresh=False, order=order)
    hold_campaign(order.group_buy_id if order is not None else None)
    event = record_event(shop.id, external_id, incoming, order, source=source, at=at)
    if order is not None:
        follow(order, at=at)
    return ReceivedEvent(event, fresh=True, order=order)


def receive(shop: Shop, arrival: Arrival, *, source: str, by: Actor, at: datetime) -> bool:
    """Take in all that one delivery or file tells of one order; answers whether any of it was news."""
    if arrival.order is not None:
        told = receive_with_events(shop, arrival.order, arrival.events, source=source, by=by, at=at)
        return told.changed
    external_id = checked_id(arrival.external_id, "external_id")
    events = [checked_event(event, at=at) for event in arrival.events]
    hold_order(shop, external_id)
    fresh = news(shop, external_id, events)
    order = find_order(shop.id, external_id)
    if order is not None:
        record_news(order, fresh, source=source, at=at)
    for event in fresh if order is None else ():
        record_event(shop.id, external_id, event, None, source=source, at=at)
    return bool(fresh)


def hold_order(shop: Shop, external_id: str) -> None:
    """Whoever tells of this order goes one at a time; settlement waits, so that it knows what it knew."""
    lock_names([f"order:{shop.id}:{external_id}"])
    share_settlement(shop.id)


def place_order(
    shop: Shop, incoming: IncomingOrder, events: Sequence[IncomingEvent], *, source: str, by: Actor, at: datetime
) -> Order:
    fresh = news(shop, incoming.external_id, events)
    settings = settings_of(shop.id).at(incoming.placed_at)
    collected_by = incoming.collected_by or collector_of(shop.id, incoming.payment_method, at=at)
    campaign = campaign_named(shop, incoming.group_buy, at=at)
    buyer = buyer_of(shop, incoming, source=source, at=at)
    answer = attribute(shop, incoming, collected_by, buyer, settings)
    order = record_order(
        shop, incoming, answer, buyer, collected_by=collected_by, campaign=campaign, source=source, at=at
    )
    note_attribution(order, answer, by=by, at=at)
    join_waiting(order, waiting_events(shop.id, order.external_id))
    for event in fresh:
        record_event(shop.id, order.external_id, event, order, source=source, at=at)
    hold_campaign(order.group_buy_id)
    standing = standing_of(order)
    note_standing(standing, days=settings.completion_days)
    session.flush()
    if order.salesperson_id is not None:
        open_commission(FactsReader(shop.id).facts_of(standing), order.salesperson_id, at=at)
    if order.group_buy_id is not None:
        restate_campaign(order.group_buy_id, at=at)
    return order


def record_news(order: Order, events: Sequence[IncomingEvent], *, source: str, at: datetime) -> None:
    if not events:
        return
    hold_campaign(order.group_buy_id)
    for event in events:
        record_event(order.shop_id, order.external_id, event, order, source=source, at=at)
    follow(order, at=at)
