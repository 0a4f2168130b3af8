"""What can be checked of how pages look: axe finds nothing, nothing sticks out, for every page, light and dark."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.operations import change_status
from referrals.people.models import Person
from referrals.people.operations import make_link
from tests.browser.conftest import Site

Visit = Callable[..., Page]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
VIEWS = [("light", WIDE, "en-GB"), ("dark", WIDE, "th-TH"), ("light", PHONE, "pl-PL"), ("dark", PHONE, "zh-CN")]
TOO_WIDE = """[document.documentElement, ...document.querySelectorAll(".table")]
    .map(box => [box.className || box.localName, box.scrollWidth - box.clientWidth]).filter(([, px]) => px > 0)"""
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def world(site: Site) -> dict[str, Any]:
    """Leads in every state, a conflict, an appeal, an invitation."""
    make = site.make
    rep, member, other, admin = make.rep(name="Rita Romero"), make.member(), make.member(), make.admin()
    leads = [
        make.lead(member, product, at=make.at - timedelta(days=n)) for n, product in enumerate(["plus", "pos"] * 14)
    ]
    change_status(leads[0], "in_progress", by=rep, at=make.at)
    conversation.send_message(leads[0], "Shall we call them together?", by=rep, at=make.at)
    conversation.send_message(leads[0], "Yes, on Monday.", by=member, at=make.at)
    change_status(leads[1], "ineligible", reason="not_interested", by=rep, at=make.at)
    conversation.appeal(leads[1], "They changed their mind.", by=member, at=make.at)
    change_status(leads[2], "in_progress", by=rep, at=make.at)
    change_status(leads[2], "awarded", by=rep, at=make.at)
    session.commit()
    make.lead(other, website_url=leads[4].website_url)
    make_link("join", email="x@example.org", details={"partner_id": member.partner_id, "permissions": []}, at=make.at)
    session.commit()
    conflict = session.scalars(select(LeadConflict.id).order_by(LeadConflict.id.desc())).first()
    emails = {
        name: str(session.get_one(Person, actor.person_id).email)
        for name, actor in {"member": member, "admin": admin, "rep": rep}.items()
    }
    refs = [lead.ref for lead in session.scalars(select(Lead).where(Lead.partner_id == member.partner_id)).all()]
    session.rollback()
    return {**emails, "refs": refs[:5], "conflict": conflict, "partner": member.partner_id, "rep_id": rep.membership_id}


def pages_of(world: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path in (
        "/", "/leads", "/leads?sort=business_name&page=last", "/leads?q=nothing-like-it", "/leads/new",
        "/leads/new/plus", "/leads/new/pos", "/members", "/keys", "/notifications", "/account", "/account/password",
        "/account/second-factor", "/account/sessions", "/account/notifications", "/menu", "/nothing", "/api/v1/",
        *(f"/leads/{ref}" for ref in world["refs"]),
    ):  # fmt: skip
        yield "member", path
    for path in (
        "/", "/leads", f"/leads/{world['refs'][1]}", "/conflicts", f"/conflicts/{world['conflict']}", "/appeals",
        "/partners", f"/partners/{world['partner']}", "/imports", "/imports/new", "/products", "/products/plus",
        "/products/plus/texts/th", "/reasons", "/reasons/other", "/assignment", "/programme", "/people",
        f"/people/{world['rep_id']}", "/outbox", "/outbox/1", "/audit",
    ):  # fmt: skip
        yield "admin", path


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_axe_finds_nothing_and_nothing_sticks_out(
    visit: Visit, world: dict[str, Any], scheme: str, size: dict[str, int], locale: str
) -> None:
    found: list[str] = []
    pages = {
        role: visit(world[role], color_scheme=scheme, viewport=size, locale=locale) for role in ("member", "admin")
    }
    pages["nobody"] = visit(path="/login", color_scheme=scheme, viewport=size, locale=locale)
    places = [*pages_of(world), ("nobody", "/login"), ("nobody", "/password/forgotten"), ("nobody", "/join/x")]
    # Every page in two views: one of them light and one dark, one wide and one of a phone.
    for role, path in places[VIEWS.index((scheme, size, locale)) in (1, 2) :: 2]:
        page = pages[role]
        page.goto(path)
        found += [f"{role} {path}: {problem}" for problem in problems_of(page)]
    drawer = pages["member"]
    drawer.goto("/leads")
    drawer.click("tr[data-lead] a >> nth=0")
    drawer.wait_for_selector("dialog#drawer[open]")
    drawer.wait_for_timeout(300)
    found += [f"drawer: {problem}" for problem in problems_of(drawer)]
    assert found == []


def problems_of(page: Page) -> list[str]:
    results = Axe().run(page, options=RULES)
    problems = [
        f"{violation['id']} {[node['target'] for node in violation['nodes']][:3]}"
        for violation in results.response["violations"]
    ]
    return problems + [f"{px} px too wide: {name}" for name, px in page.evaluate(TOO_WIDE)]


def test_the_check_sees_a_page_with_a_fault(visit: Visit, world: dict[str, Any]) -> None:
    page = visit(world["member"], "/leads")
    page.evaluate("document.querySelector('.count').innerHTML = '<img src=x><input>'")
    assert problems_of(page)
