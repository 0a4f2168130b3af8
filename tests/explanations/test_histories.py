"""Every commission of a random history explains itself to exactly what the books say (`SPEC §12`)."""

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.explanations.commission import explain
from referrals.explanations.story import Explanation
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.simulation.history import Differs, History

STEPS, SEEDS = 120, (1, 2, 3, 4)


def live(make: Making, seed: int) -> None:
    """Whether application and model agree is asked in `tests/simulation`; here only what the application keeps."""
    with suppress(Differs):
        History(ShopMaking(make), seed).live(STEPS)
    session.rollback()


def explained() -> list[Explanation]:
    session.expire_all()
    return [explain(one) for one in session.scalars(select(Commission).order_by(Commission.id))]


def gained(told: Explanation) -> int:
    """What the books say that the salesperson gained by it, and how much of that was settled by hand outside."""
    outside = sum(one.agreed for one in told.by_hand if one.paid_from == "outside")
    return sum(entry.amount for entry in told.entries) + outside


@pytest.mark.parametrize("seed", SEEDS)
def test_every_commission_of_a_history_explains_its_amount(make: Making, seed: int) -> None:
    live(make, seed)
    for told in explained():
        where = f"seed {seed}, order {told.order_key}, {told.status}"
        assert told.agrees, (where, told.doubts, told.result, told.booked, told.clawed_back)
        if told.run is not None:
            assert told.result.amount == told.booked, where
            by_hand = sum(one.agreed for one in told.by_hand)
            assert gained(told) == told.remaining + by_hand, where
        elif told.status == "settled":
            assert gained(told) == sum(one.agreed for one in told.by_hand), where
        else:
            assert (told.entries, told.result.amount) == ((), told.booked), where


def test_the_comparison_can_fail(make: Making) -> None:
    live(make, 1)
    session.execute(update(Commission).values(cashback_minor=Commission.cashback_minor + 100))
    session.execute(update(Commission).values(amount_minor=Commission.amount_minor + 1))
    assert not any(told.agrees for told in explained() if not told.settled_by_hand)
    assert replace(explained()[0], doubts=()).agrees
