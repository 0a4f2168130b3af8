"""A commission retold from stored facts alone, to the minor unit (`SPEC §12`)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from referrals.commissions.clawback import claws_back
from referrals.commissions.facts import OrderFacts
from referrals.commissions.models import Commission
from referrals.commissions.rules import Refund, Result
from referrals.commissions.rules import commission as formula
from referrals.db import session
from referrals.explanations.story import (
    ByHandTold,
    CashbackTold,
    EntryTold,
    Explanation,
    LineTold,
    RefundTold,
    RuleTold,
    RunTold,
)
from referrals.explanations.whose import whose_of
from referrals.ledger.queries import entries_about, postings_of
from referrals.orders.facts import FactsReader
from referrals.orders.models import Order
from referrals.orders.standing import Standing, standing_of
from referrals.settlement.by_hand import by_hand_settlements
from referrals.settlement.models import SettlementRun
from referrals.shops.models import GroupBuy, RateOverride, SettingsVersion
from referrals.shops.rules import RateUsed


def explain(commission: Commission) -> Explanation:
    """Retell a commission: as it was settled, or as it is estimated on the facts known now.

    What does not follow from the facts is named in `doubts`.
    """
    order = session.get_one(Order, commission.order_id)
    reader, standing = FactsReader(order.shop_id), standing_of(order)
    facts = reader.facts_of(standing, commission.salesperson_id)
    result = formula(facts.line_versions[commission.lines_event_id], counted(commission, facts), used(commission))
    told = Explanation(
        commission_id=commission.id,
        order_id=order.id,
        order_key=order.external_id,
        salesperson_id=commission.salesperson_id,
        status=commission.status,
        reason=commission.reason,
        currency=commission.currency,
        collected_by=commission.collected_by,
        placed_at=order.placed_at,
        due_at=commission.due_at,
        settled_at=commission.settled_at,
        whose=whose_of(order, commission.salesperson_id),
        rule=rule_of(reader, order.placed_at),
        lines=tuple(lines_of(commission, reader, standing, result)),
        refunds=tuple(refunds_of(commission, facts)),
        cashback=cashback_of(commission, facts),
        result=result,
        booked=commission.amount_minor,
        clawed_back=commission.clawed_back_minor,
        suggested=commission.suggested_minor,
        by_hand_due=commission.by_hand_due_minor,
        run=run_of(commission),
        entries=tuple(entries_of(commission)),
        by_hand=tuple(by_hand_of(commission)),
    )
    return replace(told, doubts=tuple(doubts_of(commission, facts, told)))


def is_settled(commission: Commission) -> bool:
    return commission.status == "settled"


def counted(commission: Commission, facts: OrderFacts) -> list[Refund]:
    """The refunds that the amount takes into account: those known at settlement, or all before it."""
    if not is_settled(commission):
        return facts.refunds_known()
    return facts.refunds_known(commission.facts_before_id, commission.facts_until)


def used(commission: Commission) -> int:
    return commission.cashback_minor or 0


def rule_of(reader: FactsReader, placed_at: datetime) -> RuleTold:
    settings = reader.settings.at(placed_at)
    return RuleTold(
        version_id=settings.version_id,
        since=since_of(RateUsed(settings.rate_bp, "shop", settings.version_id)),
        rate_bp=settings.rate_bp,
        completion_days=settings.completion_days,
        refund_rule=settings.refunds_after_settlement,
    )


def since_of(rate: RateUsed) -> datetime | None:
    """Since when the row holds that a rate comes from; None for what a shop begins with."""
    if rate.version_id is None:
        return None
    if rate.source == "shop":
        return session.get_one(SettingsVersion, rate.version_id).effective_at
    return session.get_one(RateOverride, rate.version_id).effective_at


def lines_of(commission: Commission, reader: FactsReader, standing: Standing, result: Result) -> Iterator[LineTold]:
    rows = standing.versions.get(commission.lines_event_id, ())
    for line, left in zip(rows, result.goods.left, strict=True):
        rate = reader.rates.rate(line.sku, commission.salesperson_id, standing.order.placed_at)
        yield LineTold(
            id=line.line_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            amount=line.amount_minor,
            left=left,
            rate_bp=rate.bp,
            rate_source=rate.source,
            rate_version_id=rate.version_id,
            rate_since=since_of(rate),
        )


def refunds_of(commission: Commission, facts: OrderFacts) -> Iterator[RefundTold]:
    until = commission.facts_until
    for fact in sorted(facts.refunds, key=lambda one: (one.occurred_at, one.event_id)):
        known = commission.facts_before_id is None or fact.event_id < commission.facts_before_id
        counts = not is_settled(commission) or (known and (until is None or fact.occurred_at <= until))
        yield RefundTold(fact.occurred_at, fact.amount, fact.lines, counts)


def cashback_of(commission: Commission, facts: OrderFacts) -> CashbackTold | None:
    if commission.cashback_minor is None:
        return None
    if commission.counted_orders is None:
        return CashbackTold("reported", commission.cashback_minor, campaign_title(facts.group_buy_id))
    title = campaign_title(commission.group_buy_id)
    return CashbackTold("tier", commission.cashback_minor, title, commission.counted_orders)


def campaign_title(group_buy_id: int | None) -> str:
    return session.get_one(GroupBuy, group_buy_id).title if group_buy_id is not None else ""


def run_of(commission: Commission) -> RunTold | None:
    if commission.run_id is None or not is_settled(commission):
        return None
    run = session.get_one(SettlementRun, commission.run_id)
    return RunTold(run.id, run.as_of, run.started_at, run.started_by)


def entries_of(commission: Commission) -> Iterator[EntryTold]:
    rows = entries_about(f"commission:{commission.id}")
    postings = postings_of([row.id for row in rows])
    for row in rows:
        gained = sum(
            one.amount_minor
            for one in postings[row.id]
            if (one.kind, one.holder_id) == ("salesperson", commission.salesperson_id)
        )
        yield EntryTold(row.seq, row.kind, row.reference, row.at, gained)


def by_hand_of(commission: Commission) -> Iterator[ByHandTold]:
    for one in by_hand_settlements(commission):
        yield ByHandTold(one.at, one.suggested_minor, one.amount_minor, one.paid_from, one.note, one.by_person_id)


def doubts_of(commission: Commission, facts: OrderFacts, told: Explanation) -> Iterator[str]:
    """What does not follow from the facts; nothing, while the books are what they should be."""
    if told.settled_by_hand:
        yield from doubts_by_hand(told.by_hand, told)
    elif told.result.amount != told.booked:
        yield "amount"
    if told.status == "settled" and told.run is not None:
        entry = told.settlement_entry
        if entry is None or entry.amount != told.booked:
            yield "entry"
    if -sum(entry.amount for entry in told.clawbacks) != told.clawed_back:
        yield "clawback_entries"
    if told.run is not None and claws_back(commission) and told.clawed_back != expected_clawback(commission, facts):
        yield "clawback"


def doubts_by_hand(made: Sequence[ByHandTold], told: Explanation) -> Iterator[str]:
    if not made or made[0].suggested != told.result.amount or made[0].agreed != told.booked:
        yield "by_hand"


def expected_clawback(commission: Commission, facts: OrderFacts) -> int:
    """What all refunds known now take of a settled amount, the cashback and the lines as at settlement."""
    if facts.cancelled_at is not None:
        return commission.amount_minor
    lines = facts.line_versions[commission.lines_event_id]
    return max(0, commission.amount_minor - formula(lines, facts.refunds_known(), used(commission)).amount)
