"""An upgrade in a real browser: invited, mailed, accepted, on Plus, a referral; also without JavaScript."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from referrals.db import reading, session
from referrals.invitations.answers import Evidence, accept
from referrals.partners.models import Referral
from referrals.people.models import Person
from referrals.stores.models import Store
from tests.browser.conftest import Site, wait_for
from tests.browser.test_leads import mail_to
from tests.browser.test_looks import VIEWS, problems_of
from tests.inviting import invited, link_of, make_store

Visit = Callable[..., Page]


@pytest.fixture
def people(site: Site) -> dict[str, Any]:
    """A rep, a partner member and an administrator; by e-mail."""
    make = site.make
    actors = {"rep": make.rep(name="Rita Romero"), "member": make.member(make.partner()), "admin": make.admin()}
    found = {name: str(session.get_one(Person, actor.person_id).email) for name, actor in actors.items()}
    session.rollback()
    return {**found, "actor": actors["member"]}


def fill_form(page: Page, domain: str) -> None:
    page.fill('[name="business_name"]', f"Business {domain}")
    page.select_option('[name="country"]', "PL")
    page.fill('[name="contact_name"]', "Żaneta Wójcik")
    page.fill('[name="contact_email"]', f"zaneta@{domain}")
    page.fill('[name="store_domain"]', domain)


def plan_of(domain: str) -> str:
    with reading():
        return str(session.scalar(select(Store.plan).where(Store.domain == domain)))


def test_from_the_invitation_to_the_referral(site: Site, visit: Visit, people: dict[str, Any]) -> None:
    domain = "lodz.example.org"
    make_store(site.make, domain, name="Łódzkie Meble", owner_email="owner@lodz.example.org", owner_language="en")
    session.rollback()
    partner = visit(people["member"], "/leads/new/plus")
    expect(partner.locator("#eligibility")).to_contain_text("enter its domain above")
    fill_form(partner, "unknown.example.org")
    expect(partner.locator("#eligibility .notice")).to_contain_text("new to us")
    partner.fill('[name="store_domain"]', domain)
    partner.check('[name="send_invitation"]')
    partner.fill('[name="invitation_message"]', "You will like it.\nAnna")
    partner.click("#lead-form button.primary")
    partner.wait_for_url(re.compile(r"/leads/L-"))
    expect(partner.locator(".toast")).to_contain_text("the owner of the store gets your invitation")
    expect(partner.locator(".timeline")).to_contain_text("Upgrade invitation sent")
    lead_path = partner.url

    mail = mail_to(site, "owner@lodz.example.org", "You will like it.")
    link = re.search(r"http://[^/]+(/invitations/\S+)", mail)
    assert link
    owner = visit(path=link.group(1))
    expect(owner.locator("h1")).to_have_text("Upgrade Łódzkie Meble to Plus")
    expect(owner.locator(".terms")).to_contain_text("What you accept")
    wait_for(lambda: "Upgrade invitation opened" in timeline(partner, lead_path))
    owner.click("text=Accept and upgrade")
    expect(owner.locator("#accept_terms-error")).to_contain_text("Tick the box")
    owner.check("#accept_terms")
    owner.click("text=Accept and upgrade")
    owner.wait_for_url(re.compile("/invitations/accepted"))
    expect(owner.locator("h1")).to_have_text("Thank you")
    answer = owner.goto(link.group(1))
    assert answer is not None
    assert answer.status == 404

    wait_for(lambda: plan_of(domain) == "plus")
    referral = session.scalars(select(Referral).where(Referral.domain == domain)).one()
    assert (referral.category, referral.plan, referral.status) == ("plus_lead", "plus", "active")
    session.rollback()
    told = timeline(partner, lead_path)
    assert "Upgrade invitation accepted" in told
    assert "Store upgraded to Plus" in told
    expect(partner.locator(".next .badge").first).to_have_text("Awarded")
    partner.goto("/referrals")
    expect(partner.locator("main")).to_contain_text("Łódzkie Meble")
    assert "accepted" in mail_to(site, people["member"], "has accepted your upgrade invitation")
    assert partner.errors == []  # type: ignore[attr-defined]


def timeline(page: Page, path: str) -> str:
    page.goto(path)
    return page.locator(".timeline").inner_text()


def test_an_owner_is_invited_without_javascript(site: Site, visit: Visit, people: dict[str, Any]) -> None:
    domain = "plain.example.org"
    make_store(site.make, domain)
    session.rollback()
    # The button that asks stands in a <noscript>, which this browser does not show: its answer has an address too.
    page = visit(people["member"], f"/leads/new/plus/eligibility?store_domain={domain}", java_script_enabled=False)
    fill_form(page, domain)
    page.check('[name="send_invitation"]')
    page.click("#lead-form button.primary")
    expect(page.locator(".timeline")).to_contain_text("Upgrade invitation sent")
    page.click("text=Withdraw")
    expect(page.locator(".timeline")).to_contain_text("Upgrade invitation withdrawn")


@pytest.fixture(scope="module")
def invitations(site: Site) -> dict[str, str]:
    """Leads whose invitation is open, accepted, and not sent yet; and the link of the open one."""
    make = site.make
    member, admin = make.member(), make.admin()
    make.rep()
    for domain in ("open.looks.example.org", "yes.looks.example.org", "later.looks.example.org"):
        make_store(make, domain, name="Łódzkie Meble")
    waiting = invited(make, member, "See you\n\nAnna", "open.looks.example.org")
    accepted = invited(make, member, "", "yes.looks.example.org")
    accept(link_of(accepted), Evidence(0, "pl", "203.0.113.9", "Mozilla/5.0 (iPhone) Safari/1"), at=make.at)
    session.commit()
    later = make.lead(member, store_domain="later.looks.example.org")
    emails = {
        name: str(session.get_one(Person, actor.person_id).email)
        for name, actor in (("member", member), ("admin", admin))
    }
    found = {"open": waiting.ref, "accepted": accepted.ref, "later": later.ref, "link": link_of(waiting)}
    session.rollback()
    return emails | found


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_axe_finds_nothing_on_the_pages_of_invitations(
    visit: Visit, invitations: dict[str, str], scheme: str, size: dict[str, int], locale: str
) -> None:
    refs = [f"/leads/{invitations[name]}" for name in ("open", "accepted", "later")]
    link = f"/invitations/{invitations['link']}"
    places = {
        "member": [*refs, "/leads/new/plus/eligibility?store_domain=later.looks.example.org"],
        "admin": [*refs, "/upgrade-terms", "/upgrade-terms/1", "/upgrade-terms/new"],
        "": [link, "/invitations/x", "/invitations/accepted", "/invitations/declined"],
    }
    found: list[str] = []
    for role, paths in places.items():
        page = visit(invitations.get(role, ""), color_scheme=scheme, viewport=size, locale=locale)
        for path in paths:
            page.goto(path)
            found += [f"{role} {path}: {problem}" for problem in problems_of(page)]
    assert found == []
