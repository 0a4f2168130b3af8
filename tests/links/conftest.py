"""What tests of links share."""

import pytest

from tests.making import Making
from tests.shops_making import ShopMaking


@pytest.fixture
def shops(make: Making) -> ShopMaking:
    """Makes shops, salespeople and keys."""
    return ShopMaking(make)


@pytest.fixture
def shops_on_both(make_on_both: Making) -> ShopMaking:
    """Makes shops, salespeople and keys on the database under test."""
    return ShopMaking(make_on_both)
