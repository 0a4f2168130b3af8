"""How the pages of stores look: axe finds nothing, nothing sticks out, light and dark, wide and on a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from referrals.db import session
from referrals.partners.transfers import hand_over
from referrals.people.models import Person
from referrals.people.rules import SYSTEM
from referrals.transfer.every_kind import KINDS
from referrals.transfer.operations import start_import, upload_as
from tests.browser.conftest import Site
from tests.browser.test_looks import PHONE, WIDE, problems_of
from tests.stores.making import draft, listed

Visit = Callable[..., Page]
VIEWS = [("light", WIDE, "en-GB"), ("dark", PHONE, "th-TH")]


@pytest.fixture(scope="module")
def paths(site: Site) -> dict[str, list[str]]:
    """E-mails of a member and an administrator, with the pages that they visit."""
    make = site.make
    member, admin = make.member(), make.admin()
    listed(make, "closed.example.org", status="closed")
    stores = [draft(make, member, f"a-rather-long-name-of-a-store-{number}.example.org") for number in range(28)]
    hand_over(stores[0], currency="USD", by=member, at=make.at)
    content = b"domain,plan\nx.example.org,basic\nbad,basic\n"
    waiting, running = (
        upload_as(KINDS["stores"], None, f"{name}.csv", content, {}, by=SYSTEM, at=make.at) for name in "ab"
    )
    start_import(running, by=SYSTEM)
    session.commit()
    emails = [str(session.get_one(Person, one.person_id).email) for one in (member, admin)]
    shown = ["/stores", "/stores?q=none", "/stores/new", *(f"/stores/{store.id}" for store in stores[:2])]
    imports = ["/imports", "/imports/new?kind=stores", f"/imports/{waiting.id}", f"/imports/{running.id}"]
    session.rollback()
    return {emails[0]: shown, emails[1]: [*shown, *imports, "/programme"]}


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_axe_finds_nothing_on_the_pages_of_stores(
    visit: Visit, paths: dict[str, list[str]], scheme: str, size: dict[str, Any], locale: str
) -> None:
    found: list[str] = []
    for email, visited in paths.items():
        page = visit(email, color_scheme=scheme, viewport=size, locale=locale)
        for path in visited:
            page.goto(path)
            found += [f"{path}: {problem}" for problem in problems_of(page)]
    assert found == []
