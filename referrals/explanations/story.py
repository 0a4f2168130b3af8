"""What an explanation consists of: values only, in the order in which they are told. Amounts are in minor units."""

from dataclasses import dataclass
from datetime import datetime

from referrals.commissions.rules import Result


@dataclass(frozen=True)
class ClickTold:
    """The click that began it: on which link, when, and what came of it then."""

    id: int
    at: datetime
    outcome: str
    source: str
    link_code: str
    link_kind: str
    link_title: str
    link_target: str
    shared_at: datetime


@dataclass(frozen=True)
class BindingTold:
    """The binding that was in force when the order was placed. `superseded_by`: what proved it wrong later."""

    id: int
    rule: str
    from_at: datetime
    until_at: datetime | None
    superseded_by: str | None


@dataclass(frozen=True)
class WhoseTold:
    """How it was found whose order it is: `coupon`, `binding` or `hand`, and by what."""

    via: str
    at: datetime
    coupon: str = ""
    click: ClickTold | None = None
    binding: BindingTold | None = None
    reason_code: str = ""
    note: str = ""
    by_person_id: int | None = None


@dataclass(frozen=True)
class RuleTold:
    """The settings in force when the order was placed; without a version they are those a shop begins with."""

    version_id: int | None
    since: datetime | None
    rate_bp: int
    completion_days: int
    refund_rule: str


@dataclass(frozen=True)
class LineTold:
    """A line: what was paid, what refunds took, what is left, and its rate: of which source, in force since when."""

    id: str
    sku: str
    title: str
    quantity: int
    amount: int
    left: int
    rate_bp: int
    rate_source: str
    rate_version_id: int | None
    rate_since: datetime | None

    @property
    def refunded(self) -> int:
        return self.amount - self.left


@dataclass(frozen=True)
class RefundTold:
    """A refund; `counted` when the amount takes it into account. One that came after settlement does not count."""

    occurred_at: datetime
    amount: int
    lines: tuple[tuple[str, int], ...]
    counted: bool


@dataclass(frozen=True)
class CashbackTold:
    """The cashback of a group-buy: really `reported`, or that of the `tier` reached by so many orders."""

    source: str
    amount: int
    campaign: str = ""
    orders: int | None = None


@dataclass(frozen=True)
class RunTold:
    """The settlement run that settled it."""

    id: int
    as_of: datetime
    started_at: datetime
    started_by: str


@dataclass(frozen=True)
class EntryTold:
    """An entry of the books about it; `amount` is what the salesperson's balance gained."""

    number: int
    kind: str
    reference: str
    at: datetime
    amount: int


@dataclass(frozen=True)
class ByHandTold:
    """What was settled by hand: what the formula suggested, and what both agreed on."""

    at: datetime
    suggested: int
    agreed: int
    paid_from: str
    note: str
    by_person_id: int | None


@dataclass(frozen=True)
class Explanation:
    """A commission retold. `result` is the formula on the facts that count; `booked` is the amount that stands.

    `doubts` names what is not as it should be; empty means that every figure follows from the stored facts.
    """

    commission_id: int
    order_id: int
    order_key: str
    salesperson_id: int
    status: str
    reason: str | None
    currency: str
    collected_by: str
    placed_at: datetime
    due_at: datetime | None
    settled_at: datetime | None
    whose: WhoseTold | None
    rule: RuleTold
    lines: tuple[LineTold, ...]
    refunds: tuple[RefundTold, ...]
    cashback: CashbackTold | None
    result: Result
    booked: int
    clawed_back: int
    suggested: int
    by_hand_due: int
    run: RunTold | None
    entries: tuple[EntryTold, ...]
    by_hand: tuple[ByHandTold, ...]
    doubts: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the stored facts make exactly what is booked."""
        return not self.doubts

    @property
    def is_estimate(self) -> bool:
        return self.status != "settled"

    @property
    def settled_by_hand(self) -> bool:
        return self.status == "settled" and self.run is None

    @property
    def remaining(self) -> int:
        """What is left of the booked amount after clawbacks."""
        return self.booked - self.clawed_back

    @property
    def goods(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def weighed(self) -> int:
        """The sum of what is left of each line times its rate, in ten thousandths of a minor unit."""
        return sum(line.left * line.rate_bp for line in self.lines)

    @property
    def common_rate_bp(self) -> int | None:
        """The rate of all lines, where they have one and the same."""
        rates = {line.rate_bp for line in self.lines}
        return rates.pop() if len(rates) == 1 else None

    @property
    def fraction(self) -> str:
        """The exact amount before rounding, in minor units."""
        return f"{self.result.numerator}/{self.result.denominator}"

    @property
    def rounding(self) -> str:
        """What the one rounding did: `exact`, `up` or `down`."""
        left_over = self.result.numerator % self.result.denominator
        if left_over == 0:
            return "exact"
        return "up" if 2 * left_over >= self.result.denominator else "down"

    @property
    def clawbacks(self) -> tuple[EntryTold, ...]:
        return tuple(entry for entry in self.entries if entry.kind == "clawback")

    @property
    def settlement_entry(self) -> EntryTold | None:
        return next((entry for entry in self.entries if entry.kind == "settlement"), None)

    @property
    def later_refunds(self) -> tuple[RefundTold, ...]:
        return tuple(one for one in self.refunds if not one.counted)

    @property
    def counted_refunds(self) -> tuple[RefundTold, ...]:
        return tuple(one for one in self.refunds if one.counted)
