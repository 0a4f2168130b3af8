"""What commissions know of an order: values only. `orders.facts` makes them; what follows from them stands here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from referrals.commissions.rules import Line, Refund, Result, cashback_of, commission


@dataclass(frozen=True)
class RefundFact:
    """A refund that is known. `event_id` is ours: those smaller than a commission's mark were known at settlement."""

    event_id: int
    occurred_at: datetime
    amount: int
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class OrderFacts:
    """An attributed order and what became of it, with the rates of its salesperson.

    `line_versions`: the lines as placed (key None) and as each amendment (by our event id) left them;
    `lines_event_id` names the ones in force. `cashback_reported`: the sum of cashback really paid, None where none
    was reported. `tiers` and `counted_orders` are those of its group-buy, empty and 0 without one. `completed_at` is
    when the order counts as completed (`SPEC §7`), whether it was cancelled or not.
    """

    order_id: int
    shop_id: int
    order_key: str
    currency: str
    placed_at: datetime
    collected_by: str
    refund_rule: str
    line_versions: Mapping[int | None, tuple[Line, ...]]
    lines_event_id: int | None = None
    refunds: tuple[RefundFact, ...] = ()
    cashback_reported: int | None = None
    group_buy_id: int | None = None
    tiers: tuple[tuple[int, int], ...] = ()
    counted_orders: int = 0
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines in force."""
        return self.line_versions[self.lines_event_id]

    @property
    def cashback(self) -> int:
        """What was reported, else what the tier reached gives; 0 without a group-buy."""
        if self.cashback_reported is not None:
            return self.cashback_reported
        return cashback_of(self.tiers, self.counted_orders) if self.group_buy_id is not None else 0

    @property
    def rate_bp(self) -> int | None:
        """The rate of all lines, where they have one and the same."""
        rates = {line.rate_bp for line in self.lines}
        return rates.pop() if len(rates) == 1 else None

    @property
    def has_cashback(self) -> bool:
        """Whether cashback plays a part at all."""
        return self.cashback_reported is not None or self.group_buy_id is not None

    @property
    def counts_campaign(self) -> bool:
        """Whether the number of the campaign's orders decides on the cashback."""
        return self.group_buy_id is not None and self.cashback_reported is None

    def refunds_known(self, before: int | None = None, until: datetime | None = None) -> list[Refund]:
        """The refunds as the arithmetic takes them; those known at a mark, those that occurred until a moment."""
        return [
            Refund(fact.amount, fact.lines)
            for fact in self.refunds
            if (before is None or fact.event_id < before) and (until is None or fact.occurred_at <= until)
        ]

    def earned(self) -> Result:
        """The formula on these facts."""
        return commission(self.lines, self.refunds_known(), self.cashback)


@dataclass(frozen=True)
class Verdict:
    """What facts make of a commission that is not settled: its state, why, and the amount by the formula."""

    status: str
    reason: str | None
    amount: int
    result: Result = field(repr=False)


def verdict(facts: OrderFacts) -> Verdict:
    """The state of an unsettled commission: cancelled, all refunded, to be settled by hand, or pending."""
    result = facts.earned()
    amount = 0 if facts.collected_by == "cash_on_delivery" else result.amount
    if facts.cancelled_at is not None:
        return Verdict("void", "cancelled", amount, result)
    refunded = any(fact.amount for fact in facts.refunds)
    if refunded and result.goods.sold == 0:
        return Verdict("void", "refunded", amount, result)
    if refunded and facts.collected_by == "merchant":
        return Verdict("by_hand", None, amount, result)
    return Verdict("pending", "waiting", amount, result)
