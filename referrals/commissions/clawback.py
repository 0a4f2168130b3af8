"""What follows from facts that become known after settlement (`SPEC §10`)."""

from collections.abc import Iterable
from datetime import datetime

from referrals.commissions.facts import OrderFacts
from referrals.commissions.models import Commission
from referrals.commissions.news import tell_clawback
from referrals.commissions.rules import Line, Refund
from referrals.commissions.rules import commission as formula
from referrals.ledger.operations import STORE, Draft, Owner, post_entry, salesperson


def follow_facts(commission: Commission, facts: OrderFacts, *, at: datetime) -> None:
    """Bring a settled commission up to what is known now.

    Collected by the merchant: nothing moves, the difference is to be settled by hand. Otherwise refunds move money
    back or are let be, by the rule that the order was placed under; what an amendment changes is settled by hand.
    """
    if claws_back(commission):
        claw_back(commission, facts, at=at)
    commission.suggested_minor = suggestion(commission, facts)
    commission.by_hand_due_minor = commission.suggested_minor - commission.by_hand_base_minor


def claws_back(commission: Commission) -> bool:
    """Whether refunds after settlement move money by themselves."""
    return commission.collected_by == "platform" and commission.refund_rule == "claw_back"


def suggestion(commission: Commission, facts: OrderFacts) -> int:
    """The formula on the lines in force, with the cashback as it was at settlement."""
    if commission.collected_by == "platform" and commission.refund_rule == "keep":
        known = facts.refunds_known(commission.facts_before_id, commission.facts_until)
        return earned(commission, facts.lines, known)
    if facts.cancelled_at is not None:
        return 0
    return earned(commission, facts.lines, facts.refunds_known())


def claw_back(commission: Commission, facts: OrderFacts, *, at: datetime) -> None:
    """Move what all known refunds take of the settled amount back to the store balance; never more than it (P11)."""
    lines = facts.line_versions[commission.lines_event_id]
    remaining = 0 if facts.cancelled_at is not None else earned(commission, lines, facts.refunds_known())
    total = max(0, commission.amount_minor - remaining)
    more = total - commission.clawed_back_minor
    if more <= 0:
        return
    owner = Owner("shop", commission.shop_id, commission.currency)
    postings = ((salesperson(commission.salesperson_id), -more), (STORE, more))
    reference = f"clawback:{commission.id}:{total}"
    post_entry(owner, Draft("clawback", reference, postings, at, about=f"commission:{commission.id}"))
    commission.clawed_back_minor = total
    commission.by_hand_base_minor -= more
    tell_clawback(commission, more, at=at)


def earned(commission: Commission, lines: tuple[Line, ...], refunds: Iterable[Refund]) -> int:
    return formula(lines, refunds, commission.cashback_minor or 0).amount
