"""The arithmetic of a commission (`SPEC §8`). Pure: integers in minor units and basis points, one rounding."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from referrals.money import round_half_up

WHOLE_BP = 10_000


@dataclass(frozen=True)
class Line:
    """A line of an order: what was paid for it after all discounts, and the rate that counts for it."""

    id: str
    amount: int
    rate_bp: int


@dataclass(frozen=True)
class Refund:
    """Goods given back: the amount as a whole, and what of it names a line (pairs of line id and amount)."""

    amount: int
    lines: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Goods:
    """What refunds leave of an order.

    `left`: of each line, in order. `rest`: what refunds take from the order as a whole. `lines_left` is L of `SPEC
    §8`, `sold` is N, the goods still sold; `excess` is what was refunded beyond the order.
    """

    left: tuple[int, ...]
    rest: int
    lines_left: int
    sold: int
    excess: int


@dataclass(frozen=True)
class Result:
    """A commission: base B, the exact fraction `numerator / denominator` (0/1 where nothing is left), the amount."""

    goods: Goods
    cashback: int
    base: int
    numerator: int
    denominator: int
    amount: int


def commission(lines: Sequence[Line], refunds: Iterable[Refund], cashback: int) -> Result:
    """What an order earns: `round_half_up(B × Σ(left × rate) / (10000 × L))`, 0 where L is 0."""
    goods = goods_of(lines, refunds)
    base = max(0, goods.sold - cashback)
    if goods.lines_left == 0:
        return Result(goods, cashback, base, 0, 1, 0)
    weighed = sum(left * line.rate_bp for left, line in zip(goods.left, lines, strict=True))
    numerator, denominator = base * weighed, WHOLE_BP * goods.lines_left
    return Result(goods, cashback, base, numerator, denominator, round_half_up(numerator, denominator))


def goods_of(lines: Sequence[Line], refunds: Iterable[Refund]) -> Goods:
    """What the refunds leave of the lines. A refund of a line that is not there is one of the order as a whole."""
    named: dict[str, int] = defaultdict(int)
    rest = 0
    for refund in refunds:
        for line_id, amount in refund.lines:
            named[line_id] += amount
        rest += max(0, refund.amount - sum(amount for _, amount in refund.lines))
    left = []
    for line in lines:
        taken = min(line.amount, named[line.id])
        named[line.id] -= taken
        left.append(line.amount - taken)
    rest += sum(named.values())
    total = sum(left)
    return Goods(tuple(left), rest, total, max(0, total - rest), max(0, rest - total))


def cashback_of(tiers: Iterable[tuple[int, int]], orders: int) -> int:
    """The cashback per order of the highest tier that a campaign's number of orders reached; 0 below the first."""
    reached = [(needed, cashback) for needed, cashback in tiers if needed <= orders]
    return max(reached)[1] if reached else 0
