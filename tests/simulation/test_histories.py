"""Random histories, lived by the application and by a plain model of the rules, end in the same books (P1 to P12).

10,000 operations at each push; `REFERRALS_TEST_OPERATIONS=200000` lives longer, `REFERRALS_TEST_SEED=7` lives one
history again.
"""

import os

import pytest

from tests.making import Making
from tests.shops_making import ShopMaking
from tests.simulation.history import History

OPERATIONS = int(os.environ.get("REFERRALS_TEST_OPERATIONS", "10000"))
A_HISTORY = 500
ONLY = os.environ.get("REFERRALS_TEST_SEED")
SEEDS = [int(ONLY)] if ONLY else range(1, OPERATIONS // A_HISTORY + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_history_ends_as_the_plain_rules_say(make: Making, seed: int) -> None:
    History(ShopMaking(make), seed).live(A_HISTORY)
