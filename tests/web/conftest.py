"""Browsers for the tests of pages."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from referrals import create_app
from referrals.people.rules import Actor
from referrals.web.limits import limiter
from tests.conftest import config_for
from tests.making import Making
from tests.web.browsing import Browser


@pytest.fixture
def browse(make: Making) -> Callable[..., Browser]:
    """Opens a browser as somebody: `browse(member)`, `browse()` as nobody."""

    def open_browser(actor: Actor | None = None, language: str = "en") -> Browser:
        return Browser(make, actor, language)

    return open_browser


@pytest.fixture
def limited(template_database: Path, tmp_path: Path, make: Making) -> Iterator[Making]:
    """An application whose limits are on, as they are in use."""
    file = tmp_path / "limited.db"
    shutil.copyfile(template_database, file)
    app = create_app(config_for(f"sqlite:///{file}", tmp_path, limits=True))
    limiter.reset()
    with app.app_context():
        yield Making(app, make.at)
    limiter.enabled = False
