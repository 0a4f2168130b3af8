"""A stall and a browser for the tests of salespeople's pages."""

from datetime import UTC, datetime

import pytest

from tests.making import Making
from tests.web.browsing import Browser
from tests.web.sell.stall import Stall, set_up


@pytest.fixture
def at() -> datetime:
    """These pages tell of today, so that they are tried now."""
    return datetime.now(UTC)


@pytest.fixture
def stall(make: Making) -> Stall:
    """A shop with two salespeople."""
    return set_up(make)


@pytest.fixture
def seller(stall: Stall) -> Browser:
    """A browser of the salesperson."""
    return Browser(stall.make, stall.shops.seller(stall.salesperson))
