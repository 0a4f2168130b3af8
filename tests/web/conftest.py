"""Browsers for the tests of pages."""

from collections.abc import Callable

import pytest

from referrals.people.rules import Actor
from tests.making import Making
from tests.web.browsing import Browser


@pytest.fixture
def browse(make: Making) -> Callable[..., Browser]:
    """Opens a browser as somebody: `browse(member)`, `browse()` as nobody."""

    def open_browser(actor: Actor | None = None, language: str = "en") -> Browser:
        return Browser(make, actor, language)

    return open_browser
