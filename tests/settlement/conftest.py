"""What tests of settlement share."""

import pytest

from tests.making import Making
from tests.settlement.selling import Selling


@pytest.fixture
def sales(make: Making) -> Selling:
    """A shop that keeps refunds after settlement as they are, with one salesperson."""
    return Selling(make)


@pytest.fixture
def clawing(make: Making) -> Selling:
    """A shop that claws back after refunds."""
    return Selling(make, refunds_after_settlement="claw_back")


@pytest.fixture
def sales_on_both(make_on_both: Making) -> Selling:
    return Selling(make_on_both)
