"""Outgoing webhooks in a real browser: how their pages look, and a test event that really arrives."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from referrals.db import session
from referrals.outbox.endpoints import PURPOSE, add_endpoint
from referrals.outbox.hook_events import events_for
from referrals.outbox.hooks import announce
from referrals.outbox.models import HookDelivery
from referrals.people.models import Person
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from tests.browser.conftest import Site, wait_for
from tests.browser.test_looks import VIEWS, problems_of
from tests.outbox.test_calling import Listener, listening

Visit = Callable[..., Page]


@pytest.fixture
def program() -> Iterator[Listener]:
    """A program that listens on this machine."""
    yield from listening()


def email_of(actor: Any) -> str:
    return str(session.get_one(Person, actor.person_id).email)


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_axe_finds_nothing_and_nothing_sticks_out(
    visit: Visit, site: Site, scheme: str, size: dict[str, int], locale: str
) -> None:
    make = site.make
    member = make.member()
    owner = ("partner", member.partner_id or 0)
    url = "https://hooks.example.org/" + "a-long-way/" * 12
    box = SecretsBox("for-tests-alone", PURPOSE)
    endpoint, _ = add_endpoint(owner, url, events_for("partner"), box, by=SYSTEM, at=make.at)
    for _ in range(3):
        announce("lead.submitted", {"business_name": "Business " * 20}, owner=owner, at=make.at)
    sent = session.query(HookDelivery).filter_by(endpoint_id=endpoint.id).first()
    sent.parked_at, sent.error, sent.answer_status, sent.answer = make.at, "The answer was 500.", 500, "no " * 300
    ids, email = (endpoint.id, sent.id), email_of(member)
    session.commit()
    page = visit(email, color_scheme=scheme, viewport=size, locale=locale)
    found = []
    for path in ("", f"/{ids[0]}", f"/{ids[0]}/deliveries", f"/{ids[0]}/deliveries/{ids[1]}"):
        page.goto(f"/hooks{path}")
        found += [f"{path}: {problem}" for problem in problems_of(page)]
    page.goto("/hooks")
    page.click("form.panel button.primary")
    found += [f"refused: {problem}" for problem in problems_of(page)]
    assert found == []


def test_a_test_event_arrives(visit: Visit, site: Site, program: Listener) -> None:
    admin = email_of(site.make.admin())
    session.rollback()
    page = visit(admin, "/hooks")
    page.fill("#url", program.url)
    page.click("form.panel button.primary")
    assert page.inner_text("code.secret").startswith("whsec_")
    page.click("text=Send a test")
    assert wait_for(lambda: program.types) == ["ping"]
    page.wait_for_timeout(500)
    page.reload()
    assert "Delivered" in page.inner_text("main")
    page.goto("/hooks")
    page.click('main a[href^="/hooks/"]')
    page.click("button.danger")
    expect(page.locator("main")).to_contain_text("Nobody listens yet")
