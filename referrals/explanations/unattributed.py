"""Why an order is nobody's: the questions in their order, the clicks that were seen, what they came to (`SPEC §12`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from referrals.links.queries import Relation, clicks_of_visitor, clicks_seen, relations_known
from referrals.listing import AnyRow
from referrals.orders.models import REASONS, Order
from referrals.shops.queries import settings_of


@dataclass(frozen=True)
class Question:
    """One of the reasons why not, asked in their order; `answer` None: not asked, since one before it held."""

    reason: str
    answer: bool | None


@dataclass(frozen=True)
class WhyNot:
    """Why an order was booked to nobody, and everything that was seen of its buyer.

    `clicks` are as they are known now, with what came of each when it was recorded; `relations` are the bindings as
    they were known when the order was received.
    """

    order_id: int
    order_key: str
    reason: str
    placed_at: datetime
    received_at: datetime
    collected_by: str
    coupon_codes: tuple[str, ...]
    ref: str | None
    ref_problem: str | None
    programme: bool
    questions: tuple[Question, ...]
    clicks: Sequence[AnyRow]
    relations: Sequence[Relation]


def explain_unattributed(order: Order) -> WhyNot | None:
    """Why an order is nobody's; None where it is somebody's."""
    if order.reason is None:
        return None
    settings = settings_of(order.shop_id).at(order.placed_at)
    return WhyNot(
        order_id=order.id,
        order_key=order.external_id,
        reason=order.reason,
        placed_at=order.placed_at,
        received_at=order.received_at,
        collected_by=order.collected_by,
        coupon_codes=tuple(str(code) for code in order.coupon_codes),
        ref=order.ref,
        ref_problem=order.ref_problem,
        programme=settings.programme,
        questions=tuple(questions(order.reason)),
        clicks=clicks_of_buyer(order),
        relations=relations_known(order.customer_id, order.received_at) if order.customer_id else [],
    )


def questions(reason: str) -> list[Question]:
    """The reasons in the order in which they are asked, up to the one that held."""
    held = REASONS.index(reason)
    return [Question(one, None if place > held else place == held) for place, one in enumerate(REASONS)]


def clicks_of_buyer(order: Order) -> Sequence[AnyRow]:
    if order.customer_id is not None:
        return clicks_seen(order.shop_id, order.customer_id)
    return clicks_of_visitor(order.shop_id, order.visitor) if order.visitor else []
