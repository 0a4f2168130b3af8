"""Commissions from the moment an attributed order is received until they are settled (`SPEC §9`)."""

from datetime import datetime

from sqlalchemy import select

from referrals.commissions.clawback import follow_facts
from referrals.commissions.facts import OrderFacts, Verdict, verdict
from referrals.commissions.lifecycle import COMMISSION
from referrals.commissions.models import Commission
from referrals.commissions.news import tell_gone, tell_state
from referrals.db import lock_names, session, share_names
from referrals.errors import Conflict, RuleBroken
from referrals.ids import new_id
from referrals.people.audit import record
from referrals.people.rules import Actor
from referrals.wording import N_


class SettledAlready(Conflict):
    """A settled commission belongs to whom it was settled with."""

    sentence = N_("The commission of this order is settled. It stays with its salesperson.")


class NotPending(RuleBroken):
    """Only what is pending can be held or released."""

    sentence = N_("Only a pending commission can be held.")


class HoldNeedsReason(RuleBroken):
    """Holding a commission needs a reason."""

    sentence = N_("Please say why this commission is held.")


def share_settlement(shop_id: int) -> None:
    """Keep settlement of the shop out until the transaction ends; facts may come in from many sides at once.

    Whoever records an event of an order calls this before it writes the event: then ids tell what settlement knew.
    """
    share_names([f"settlement:{shop_id}"])


def hold_settlement(shop_id: int) -> None:
    """Keep everybody else from settling, and facts from coming in, until the transaction ends."""
    lock_names([f"settlement:{shop_id}"])


def open_commission(facts: OrderFacts, salesperson_id: int, *, at: datetime) -> Commission:
    """An attributed order was received: its commission exists, paid or not."""
    share_settlement(facts.shop_id)
    found = verdict(facts)
    commission = Commission(
        shop_id=facts.shop_id,
        order_id=facts.order_id,
        order_key=facts.order_key,
        salesperson_id=salesperson_id,
        status="pending",
        reason="waiting",
        currency=facts.currency,
        collected_by=facts.collected_by,
        refund_rule=facts.refund_rule,
        group_buy_id=facts.group_buy_id,
        clawed_back_minor=0,
        by_hand_base_minor=0,
        created_at=at,
    )
    take_over(commission, facts, found)
    session.add(commission)
    session.flush()
    tell_state(commission, at=at)
    return commission


def restate(facts: OrderFacts, *, at: datetime) -> Commission | None:
    """Something became known of an order: bring its commission up to it. None where the order has no commission."""
    share_settlement(facts.shop_id)
    commission = hold_commission_of(facts.order_id)
    if commission is None:
        return None
    if commission.status == "settled":
        follow_facts(commission, facts, at=at)
    else:
        restate_unsettled(commission, facts, at=at)
    session.flush()
    return commission


def restate_unsettled(commission: Commission, facts: OrderFacts, *, at: datetime) -> None:
    """Bring a commission that is not settled up to these facts, and tell when that changed its state."""
    before = commission.status
    take_over(commission, facts, verdict(facts))
    if commission.status != before:
        session.flush()
        tell_state(commission, at=at)


def hold_commission_of(order_id: int) -> Commission | None:
    return session.scalar(
        select(Commission)
        .where(Commission.order_id == order_id, Commission.kind == "sale")
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def take_over(commission: Commission, facts: OrderFacts, found: Verdict) -> None:
    """What an unsettled commission is by these facts. A zero one that a run made void stays so while it is zero."""
    stays_zero = commission.reason == "zero" and found.status in {"pending", "by_hand"} and found.amount == 0
    status, reason = ("void", "zero") if stays_zero else (found.status, found.reason)
    if status == "pending":
        keeps = commission.status == "pending" and commission.reason != "waiting"
        reason = commission.reason if keeps else waiting_reason(commission)
    if commission.status != status:
        COMMISSION.move(commission, status)
    commission.reason = reason
    commission.amount_minor = commission.suggested_minor = found.amount
    commission.base_minor, commission.rate_bp = found.result.base, facts.rate_bp
    commission.by_hand_due_minor = found.amount if status == "by_hand" else 0
    commission.due_at = facts.completed_at
    commission.lines_event_id = facts.lines_event_id
    commission.cashback_minor = facts.cashback if facts.has_cashback else None
    commission.counted_orders = facts.counted_orders if facts.counts_campaign else None


def waiting_reason(commission: Commission) -> str:
    return "held" if commission.held_at is not None else "waiting"


def hand_over(facts: OrderFacts, salesperson_id: int | None, *, at: datetime) -> Commission | None:
    """The order is attributed anew, or to nobody: its unsettled commission follows, with the rates of `facts`.

    Raises SettledAlready.
    """
    share_settlement(facts.shop_id)
    commission = hold_commission_of(facts.order_id)
    if commission is None:
        return open_commission(facts, salesperson_id, at=at) if salesperson_id is not None else None
    if commission.status == "settled":
        raise SettledAlready
    if salesperson_id is None:
        tell_gone(commission, at=at)
        session.delete(commission)
        session.flush()
        return None
    commission.salesperson_id = salesperson_id
    take_over(commission, facts, verdict(facts))
    session.flush()
    tell_state(commission, at=at)
    return commission


def mark_settled(commission: Commission, *, at: datetime) -> None:
    """A commission is settled with what is booked in the same transaction; remembers what of the order is known."""
    COMMISSION.move(commission, "settled")
    commission.reason, commission.error = None, ""
    commission.settled_at, commission.facts_before_id = at, new_id()


def hold_back(commission: Commission, reason: str, *, by: Actor, at: datetime) -> None:
    """Keep a pending commission out of settlement until it is released. Raises NotPending, HoldNeedsReason."""
    by.require("manage")
    if not reason.strip():
        raise HoldNeedsReason(field="reason")
    refuse_unless_pending(commission)
    commission.reason, commission.held_at, commission.held_reason = "held", at, reason.strip()
    record("commission_held", by=by, at=at, commission=str(commission.id), reason=reason.strip())


def release(commission: Commission, *, by: Actor, at: datetime) -> None:
    """Let the next run take a held commission up again."""
    by.require("manage")
    refuse_unless_pending(commission)
    commission.reason, commission.held_at, commission.held_reason = "waiting", None, ""
    record("commission_released", by=by, at=at, commission=str(commission.id))


def refuse_unless_pending(commission: Commission) -> None:
    hold_settlement(commission.shop_id)
    session.refresh(commission)
    if commission.status != "pending":
        raise NotPending(field="reason")
