"""What tests of merchants' pages share."""

import pytest

from tests.making import Making
from tests.web.browsing import Browser
from tests.web.shop.market import Market, open_market


@pytest.fixture
def market(make: Making) -> Market:
    """A shop with everything in it."""
    return open_market(make)


@pytest.fixture
def merchant(market: Market, make: Making) -> Browser:
    """The browser of the market's merchant, who may do everything in the shop."""
    return Browser(make, market.merchant)
