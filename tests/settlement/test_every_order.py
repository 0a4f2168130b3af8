"""Every permutation of what happens to an order, with a run in every gap, ends in the books it should (P8, P11).

The permutations are walked as a tree: what two of them begin with is lived once, in nested savepoints.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import factorial, floor

import pytest

from referrals.db import session
from referrals.ledger.operations import STORE, salesperson
from referrals.ledger.queries import balance
from referrals.orders.incoming import IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.operations import receive_event, receive_order
from referrals.people.rules import SYSTEM
from referrals.settlement.balance import top_up
from referrals.settlement.runs import finish_run, settle_portion, start_run
from tests.making import Making
from tests.settlement.selling import DAY, Selling

LINES = {"1": 8801, "2": 1199}
GOODS = sum(LINES.values())
RATE = 333
STORE_BEGAN = 100_000
REFUNDS = {"nothing": 0, "one": 1, "half": GOODS // 2, "all": GOODS, "all and one": GOODS + 1}
Step = str


@dataclass
class Tree:
    """The permutations of some steps with a run before, between or after them."""

    selling: Selling
    collected_by: str
    amounts: dict[Step, int]

    def walk(self, steps: tuple[Step, ...], lived: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
        """Yields each permutation while it has been lived, and takes it back."""
        if not steps:
            self.run()
            yield lived
            return
        for number, step in enumerate(steps):
            with session.begin_nested() as savepoint:
                self.live(step)
                yield from self.walk(steps[:number] + steps[number + 1 :], (*lived, step))
                savepoint.rollback()

    def live(self, step: Step) -> None:
        if step == "run":
            self.run()
        elif step == "order":
            self.place()
        else:
            self.tell(step)

    def place(self) -> None:
        lines = tuple(IncomingLine(ident, f"SKU{ident}", "Tea", 1, amount) for ident, amount in LINES.items())
        incoming = IncomingOrder(
            "1001",
            self.selling.at - 40 * DAY,
            self.selling.store.currency,
            lines,
            coupon_codes=("anna",),
            collected_by=self.collected_by,
        )
        receive_order(self.selling.store, incoming, source="api", by=SYSTEM, at=self.selling.at)

    def tell(self, step: Step) -> None:
        days = {"paid": 39, "shipped": 38, "completed": 30, "cancelled": 20}.get(step, 25)
        amount = self.amounts.get(step)
        kind = "refunded" if amount is not None else step
        lines = (("1", amount),) if step == "refund of a line" and amount else ()
        event = IncomingEvent(step, kind, self.selling.at - days * DAY, amount_minor=amount, lines=lines)
        receive_event(self.selling.store, "1001", event, source="api", by=SYSTEM, at=self.selling.at)

    def run(self) -> None:
        at = self.selling.at
        run = start_run(self.selling.store, as_of=at, started_by="hand", by=SYSTEM, at=at)
        settle_portion(run.id, None, at=at)
        finish_run(run.id, at=at)

    def books(self) -> tuple[int, int]:
        """What the salesperson has, and what the store has."""
        return (
            balance(self.selling.owner, salesperson(self.selling.anna.id)),
            balance(self.selling.owner, STORE),
        )


def earned(refunds: list[tuple[Step, int]]) -> int:
    """The formula of `SPEC §8`, written out for these lines: a refund of a line, and refunds of the order."""
    named = sum(amount for step, amount in refunds if step == "refund of a line")
    left = max(0, LINES["1"] - named) + LINES["2"]
    rest = sum(amount for step, amount in refunds if step != "refund of a line") + max(0, named - LINES["1"])
    return floor(Fraction(max(0, left - rest) * RATE, 10_000) + Fraction(1, 2))


def is_settled_by(lived: tuple[Step, ...]) -> bool:
    """Whether the run among the steps came when the order was known to be completed, and not cancelled."""
    before = lived[: lived.index("run")]
    completed = "completed" in before or "shipped" in before
    return {"order", "paid"} <= set(before) and completed and "cancelled" not in before


def outcome(lived: tuple[Step, ...], amounts: dict[Step, int], keeps: bool) -> int:
    """What the salesperson has in the end."""
    every = list(amounts.items())
    if keeps and is_settled_by(lived):
        known = earned([(step, amount) for step, amount in every if step in lived[: lived.index("run")]])
        if known:
            return known
    return 0 if "cancelled" in lived else earned(every)


@pytest.fixture
def plant(make: Making) -> Callable[..., Tree]:
    def made(refunds: str, amounts: dict[Step, int], collected_by: str = "platform") -> Tree:
        selling = Selling(make, refunds_after_settlement=refunds, rate_bp=RATE)
        top_up(selling.store, STORE_BEGAN, by=SYSTEM, at=selling.at)
        session.commit()
        return Tree(selling, collected_by, amounts)

    return made


FACTS = ("order", "paid", "shipped", "run")
CASES = [
    *({"refund": amount} for amount in REFUNDS.values()),
    *({"refund of a line": amount} for amount in (1, LINES["1"], LINES["1"] + 1)),
]


@pytest.mark.parametrize("refunds", ["claw_back", "keep"])
@pytest.mark.parametrize("amounts", CASES, ids=str)
def test_a_refund_before_or_after_each_step(plant: Callable[..., Tree], refunds: str, amounts: dict[Step, int]) -> None:
    amounts = {step: amount for step, amount in amounts.items() if amount}
    compare(plant(refunds, amounts), (*FACTS, *amounts), keeps=refunds == "keep")


def test_two_refunds_before_or_after_each_step(plant: Callable[..., Tree]) -> None:
    amounts = {"refund": GOODS // 2, "refund of a line": 4400}
    compare(plant("claw_back", amounts), (*FACTS, *amounts), keeps=False)


@pytest.mark.parametrize("refunds", ["claw_back", "keep"])
def test_a_cancellation_before_or_after_each_step(plant: Callable[..., Tree], refunds: str) -> None:
    compare(plant(refunds, {}), (*FACTS, "cancelled"), keeps=refunds == "keep")


def compare(tree: Tree, steps: tuple[Step, ...], *, keeps: bool) -> None:
    lived = 0
    for permutation in tree.walk(steps):
        lived += 1
        wanted = outcome(permutation, tree.amounts, keeps)
        assert tree.books() == (wanted, STORE_BEGAN - wanted), permutation
    assert lived == factorial(len(steps))


def test_money_that_the_merchant_collected_moves_by_hand_alone(plant: Callable[..., Tree]) -> None:
    """A refund known at the run keeps the commission from settling; one that comes later moves nothing by itself."""
    tree = plant("claw_back", {"refund": GOODS // 2}, "merchant")
    for permutation in tree.walk((*FACTS, "refund")):
        known = "refund" in permutation[: permutation.index("run")]
        settled = is_settled_by(permutation) and not known
        wanted = earned([]) if settled else 0
        assert tree.books() == (wanted, STORE_BEGAN - wanted), permutation
