"""A lead's life in a real browser: submitted, confirmed, found, moved, followed; with JavaScript and without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from referrals.db import session
from referrals.leads.conversation import appeal
from referrals.partners.models import Partner
from tests.browser.conftest import Site, wait_for

Visit = Callable[..., Page]
THAI, CHINESE = "ร้านกาแฟสมชาย", "上海有赞贸易"


def fill_form(page: Page, business: str, host: str) -> None:
    page.fill('[name="business_name"]', business)
    page.fill('[name="website_url"]', f"{host}.example.org")
    page.select_option('[name="country"]', "PL")
    page.fill('[name="contact_name"]', "Żaneta Wójcik")
    page.fill('[name="contact_email"]', f"zaneta@{host}.example.org")
    page.check('[name="sales_support"]')
    page.click("#lead-form button.primary")


def mail_to(site: Site, address: str, words: str) -> str:
    """The mail file to somebody that holds these words."""

    def look() -> str | None:
        for file in site.folder.glob("outbox/*.eml"):
            import email
            from email.policy import default

            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            text = mail.get_body(("plain",)).get_content()
            if address in mail["To"] and words in text:
                return str(text)
        return None

    return str(wait_for(look))


@pytest.fixture
def people(site: Site) -> dict[str, str]:
    """A partner member, a rep to whom this partner's leads go, and a stranger; by e-mail."""
    make = site.make
    rep, member, stranger = make.rep(name="Rita Romero"), make.member(name="Anna Kowalska"), make.member()
    from referrals.people.models import Person

    found = {
        name: str(session.get_one(Person, actor.person_id).email)
        for name, actor in {"rep": rep, "member": member, "stranger": stranger}.items()
    }
    session.rollback()
    return found


def test_a_leads_life(site: Site, visit: Visit, people: dict[str, str]) -> None:
    partner = visit(people["member"], "/leads")
    expect(partner.locator(".empty h2")).to_have_text("No leads yet")
    partner.click("header.page >> text=Submit Plus lead")
    fill_form(partner, THAI, "thai")
    partner.wait_for_url(re.compile(r"/leads/L-"))
    expect(partner.locator(".toast")).to_contain_text("Your lead is submitted")
    ref = partner.url.rpartition("/")[2]
    assert ref in mail_to(site, people["member"], THAI)

    partner.goto("/leads")
    partner.fill('input[type="search"]', "กาแฟ")
    expect(partner.locator("tr[data-lead]")).to_have_count(1)
    expect(partner).to_have_url(re.compile(r"\?q="))
    partner.click("tr[data-lead] a")
    drawer = partner.locator("dialog#drawer[open]")
    expect(drawer.locator("h1")).to_have_text(THAI)
    expect(partner).to_have_url(re.compile(f"/leads/{ref}"))
    drawer.locator("textarea").fill("They open at noon.")
    drawer.locator(".write button").click()
    expect(drawer.locator(".message.mine")).to_contain_text("They open at noon.")
    drawer.locator("[data-close]").click()
    expect(partner.locator("dialog#drawer[open]")).to_have_count(0)
    expect(partner).to_have_url(re.compile(r"/leads\?q="))

    staff = visit(people["rep"], "/leads")
    staff.click(f'tr[data-lead="{ref}"] a')
    drawer = staff.locator("dialog#drawer[open]")
    drawer.locator("summary", has_text="Change the status").click()
    drawer.locator("#status").select_option("in_progress")
    drawer.locator("details[open] button.primary").click()
    expect(drawer.locator(".next .badge").first).to_have_text("In progress")
    expect(staff.locator(".toast")).to_contain_text("The status is changed")
    expect(staff.locator(f'tr[data-lead="{ref}"] .badge')).to_have_text("In progress")

    partner.goto("/")
    expect(partner.locator(".bell b")).to_contain_text(re.compile(r"\d"))
    partner.click(".bell")
    partner.click(".as-link >> nth=0")
    partner.wait_for_url(re.compile(f"/leads/{ref}"))
    expect(partner.locator(".timeline")).to_contain_text("In progress")
    assert partner.errors == staff.errors == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("term", [CHINESE[0], CHINESE[2:4], THAI[:1], "กาแฟ"])
def test_search_finds_from_the_first_character(site: Site, visit: Visit, people: dict[str, str], term: str) -> None:
    from referrals.people.models import Person

    person = session.query(Person).filter_by(email=people["member"]).one()
    actor = site.make.actor(person)
    for name in (THAI, CHINESE, "Maple & Rye"):
        site.make.lead(actor, business_name=name)
    session.rollback()
    page = visit(people["member"], "/leads")
    page.fill('input[type="search"]', term)
    expect(page.locator("tr[data-lead]")).to_have_count(1)
    expect(page.locator(".count")).to_contain_text("1–1 of 1")
    page.reload()
    expect(page.locator("tr[data-lead]")).to_have_count(1)
    expect(page.locator('input[type="search"]')).to_have_value(term)


def test_a_table_state_survives_reload_and_back(site: Site, visit: Visit, people: dict[str, str]) -> None:
    from referrals.people.models import Person

    actor = site.make.actor(session.query(Person).filter_by(email=people["member"]).one())
    for number in range(30):
        site.make.lead(actor, business_name=f"Shop {number:02}")
    session.rollback()
    page = visit(people["member"], "/leads")
    page.click('th a:has-text("Business")')
    first = page.locator("tr[data-lead] .first a").first
    expect(first).to_have_text("Shop 00")
    page.click('nav.pages a[title="Next page"]')
    expect(first).to_have_text("Shop 25")
    page.reload()
    expect(first).to_have_text("Shop 25")
    page.select_option('select[name="status"]', "awarded")
    expect(page.locator(".empty h2")).to_have_text("Nothing matches")
    page.go_back()
    expect(first).to_have_text("Shop 25")
    expect(page.locator('select[name="status"]')).to_have_value("")
    page.go_back()
    expect(first).to_have_text("Shop 00")
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("Business")
    page.click("tr[data-lead] a >> nth=0")
    expect(page.locator("dialog#drawer[open] h1")).to_have_text("Shop 00")
    page.go_back()
    expect(page.locator("dialog#drawer[open]")).to_have_count(0)
    expect(first).to_have_text("Shop 00")
    assert page.errors == []  # type: ignore[attr-defined]


LISTS = {
    "member": ["/leads", "/members", "/notifications"],
    "rep": ["/leads", "/conflicts", "/appeals", "/partners", "/outbox"],
    "admin": ["/people", "/audit", "/imports", "/outbox"],
}


@pytest.mark.parametrize(("role", "path"), [(role, path) for role, paths in LISTS.items() for path in paths])
def test_every_lists_state_survives_reload_and_back(
    site: Site, visit: Visit, people: dict[str, str], role: str, path: str
) -> None:
    fill_lists(site, people["member"])
    email = people.get(role) or admins_email(site)
    page = visit(email, path)
    sort, rows = page.locator("thead th a").first, page.locator("tbody td:not(:has(.badge))")
    sort.click()
    page.wait_for_url(re.compile("sort="))
    sorted_rows = rows.all_inner_texts()
    sorted_url = page.url
    expect(page.locator("thead :is([aria-sort=ascending], [aria-sort=descending])")).to_have_count(1)
    following = page.locator('nav.pages a[title="Next page"]')
    if following.count():
        following.click()
        page.wait_for_url(re.compile("page="))
        expect(page.locator(".count")).to_contain_text("26–")
        further_rows = rows.all_inner_texts()
        assert further_rows != sorted_rows
        page.reload()
        assert rows.all_inner_texts() == further_rows
    else:
        sort.click()
        page.wait_for_url(lambda url: url != sorted_url)
    page.go_back()
    page.wait_for_url(sorted_url)
    wait_for(lambda: rows.all_inner_texts() == sorted_rows)
    page.reload()
    assert rows.all_inner_texts() == sorted_rows
    assert page.errors == []  # type: ignore[attr-defined]


def fill_lists(site: Site, email: str) -> None:
    """Give every list some rows, and the longer ones more than a page."""
    from referrals.leads.catalogue import get_product
    from referrals.leads.operations import change_status
    from referrals.people.models import Person
    from referrals.transfer.operations import upload

    make = site.make
    member = make.actor(session.query(Person).filter_by(email=email).one())
    rep, admin = make.rep(), make.admin()
    for number in range(28):
        lead = make.lead(
            member, business_name=f"Shop {number:02}", website_url=f"https://{member.person_id}-{number}.example.org"
        )
        if number < 3:
            make.lead(make.member(), website_url=lead.website_url)
            change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
            appeal(lead, f"Look again, number {number}.", by=member, at=make.at)
    partner = session.get_one(Partner, member.partner_id)
    for number in range(2):
        upload(partner, get_product("plus"), f"{number}.csv", b"business_name\nX\n", by=admin, at=make.at)
    session.commit()


def admins_email(site: Site) -> str:
    from referrals.people.models import Person

    email = session.get_one(Person, site.make.admin().person_id).email
    session.rollback()
    return str(email)


def test_the_drawer_tells_what_was_done_and_gives_the_focus_back(
    site: Site, visit: Visit, people: dict[str, str]
) -> None:
    from referrals.people.models import Person

    actor = site.make.actor(session.query(Person).filter_by(email=people["member"]).one())
    ref = site.make.lead(actor, business_name="Shop 00").ref
    session.rollback()
    page = visit(people["member"], "/leads")
    page.click("tr[data-lead] a >> nth=0")
    expect(page.locator("dialog#drawer[open] h1")).to_be_focused()
    page.fill("#message-text", "Shall we call them?")
    page.click("form.write button")
    expect(page.locator("dialog#drawer .toast")).to_be_in_viewport()
    expect(page.locator("#message-text")).to_be_focused()
    expect(page.locator(".message").last).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator(f'tr[data-lead="{ref}"] a')).to_be_focused()
    page.wait_for_url("**/leads")
    expect(page.locator(f'tr[data-lead="{ref}"] a')).to_be_focused()


def test_bad_input_is_told_in_place(visit: Visit, people: dict[str, str]) -> None:
    page = visit(people["member"], "/leads/new/plus", locale="pl-PL")
    page.fill('[name="business_name"]', "Łódzkie Meble")
    page.fill('[name="contact_email"]', "nie adres")
    page.click("#lead-form button.primary")
    expect(page.locator("#contact_email-error")).to_be_visible()
    expect(page.locator('[name="business_name"]')).to_have_value("Łódzkie Meble")
    expect(page.locator('[name="contact_email"]')).to_have_value("nie adres")
    assert [line for line in page.errors if "422" not in line] == []  # type: ignore[attr-defined]


def test_the_same_life_without_javascript(site: Site, visit: Visit, people: dict[str, str]) -> None:
    partner = visit(people["member"], "/leads", java_script_enabled=False)
    partner.click("header.page >> text=Submit Plus lead")
    fill_form(partner, CHINESE, "chinese")
    expect(partner.locator("h1")).to_have_text(CHINESE)
    ref = partner.url.rpartition("/")[2]
    assert ref in mail_to(site, people["member"], CHINESE)
    partner.goto("/leads")
    partner.fill('input[type="search"]', "有")
    partner.press('input[type="search"]', "Enter")
    expect(partner.locator("tr[data-lead]")).to_have_count(1)
    partner.click('th a:has-text("Business")')
    expect(partner.locator('th[aria-sort="ascending"]')).to_contain_text("Business")
    expect(partner.locator("tr[data-lead]")).to_have_count(1)
    partner.click("tr[data-lead] a")
    expect(partner.locator("article.lead h1")).to_have_text(CHINESE)

    staff = visit(people["rep"], f"/leads/{ref}", java_script_enabled=False)
    staff.locator("summary", has_text="Change the status").click()
    staff.select_option("#status", "ineligible")
    staff.select_option("#reason-status", "not_interested")
    staff.fill("#note-status", "They told us so twice.")
    staff.click("details[open] button.primary")
    expect(staff.locator(".next .badge").first).to_have_text("Ineligible")

    partner.goto(f"/leads/{ref}")
    expect(partner.locator(".next")).to_contain_text("They told us so twice.")
    partner.locator("summary", has_text="Appeal").click()
    partner.fill("#appeal-text", "Ask the other owner.")
    partner.click("text=Send the appeal")
    expect(partner.locator("section.act")).to_contain_text("Ask the other owner.")

    staff.goto("/appeals?sort=-at")
    staff.click(f'#appeals-table a[href*="{ref}"] >> nth=0')
    staff.fill("#answer-text", "We will.")
    staff.click("text=Grant: take it up again")
    expect(staff.locator(".next .badge").first).to_have_text("In progress")
    partner.goto("/")
    expect(partner.locator(".bell b")).to_be_visible()
    partner.click("button[title='Log out']")
    expect(partner.locator("h1")).to_have_text("Log in")


def test_everything_is_reached_by_keyboard(site: Site, visit: Visit, people: dict[str, str]) -> None:
    from referrals.people.models import Person

    site.make.lead(site.make.actor(session.query(Person).filter_by(email=people["member"]).one()))
    session.rollback()
    page = visit(people["member"], "/leads")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("tr[data-lead] a").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#drawer[open] h1")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#drawer[open]")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/leads(#main)?$"))
