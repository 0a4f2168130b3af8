"""The pages of referrals: history, one of them, and partners' links."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, select

from referrals.db import db, session
from referrals.earnings.models import Earning
from referrals.earnings.operations import report_revenue
from referrals.leads.catalogue import change_programme, programme
from referrals.partners.models import Partner, Referral, RevenueMonth, RevenueRow
from referrals.partners.referrals import close_referral, record_referral
from referrals.people.rules import SYSTEM, Actor
from tests.making import Making
from tests.web.browsing import Browser, Page

Browse = Callable[..., Browser]
OCTOBER = date(2026, 10, 1)


def referral(make: Making, partner: Partner, merchant: str = "Łódzkie Meble", **changes: Any) -> Referral:
    facts: dict[str, Any] = {"domain": "meble.example.org", "plan": "basic", "referred_at": make.at, "currency": "USD"}
    made = record_referral(partner, "affiliate_link", merchant=merchant, by=SYSTEM, at=make.at, **facts | changes)
    session.commit()
    return made


def pay(make: Making, one: Referral, month: date, minor: int, kind: str = "platform_fee") -> None:
    one.revenue_minor += minor
    row = RevenueRow(
        external_id=f"{one.id} {month} {kind}", referral_id=one.id, month=month, kind=kind, amount_minor=minor,
        currency="USD", received_at=make.at,
    )  # fmt: skip
    session.add_all([row, RevenueMonth(referral_id=one.id, month=month, revenue_minor=minor, earned_minor=minor // 5)])
    session.commit()


def merchants(page: Page) -> list[str]:
    return page.all("tr[data-referral] td.first a")


def readers(make: Making, partner: Partner) -> dict[str, Actor]:
    return {
        "whole": make.member(partner),
        "without money": make.member(partner, frozenset({"view_referrals"})),
        "representative": make.rep(),
        "administrator": make.admin(),
    }


def test_the_history_shows_who_was_brought_and_what_came_of_it(
    make: Making, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referrals.web.referral_history.now", lambda: make.at)
    partner = make.partner()
    one = referral(make, partner)
    pay(make, one, date(2026, 9, 1), 30_000)
    pay(make, one, OCTOBER, 20_050)
    page = browse(make.member(partner)).get("/referrals")
    row = page.one("tr[data-referral]").get_text(" ", strip=True)
    for shown in ("Łódzkie Meble", "meble.example.org", "basic", "Referral link", "Active", "$500.50", "$200.50"):
        assert shown in row
    assert "Revenue so far $500.50, last month $200.50" in page.words
    assert page.one("#referrals-table")["data-total"] == "1"


def test_money_is_shown_only_to_those_who_may_see_it(make: Making, browse: Browse) -> None:
    partner = make.partner()
    one = referral(make, partner)
    pay(make, one, OCTOBER, 20_050)
    seen = {}
    for who, reader in readers(make, partner).items():
        browser = browse(reader)
        texts = [browser.get(path).text for path in ("/referrals", "/referrals.csv", f"/referrals/{one.id}")]
        seen[who] = ["200.50" in text for text in texts]
    assert seen == {
        "whole": [True] * 3,
        "without money": [False] * 3,
        "representative": [False] * 3,
        "administrator": [True] * 3,
    }


def test_members_without_the_permission_are_told_so(make: Making, browse: Browse) -> None:
    partner = make.partner()
    one = referral(make, partner)
    browser = browse(make.member(partner, frozenset({"view_financials"})))
    paths = ("/referrals", "/referrals.csv", f"/referrals/{one.id}", "/referrals/987654")
    assert {browser.get(path).status for path in paths} == {403}
    assert "/referrals" not in [link["href"] for link in browser.get("/").soup.select("nav a")]


def test_a_stranger_finds_nothing(make: Making, browse: Browse) -> None:
    one = referral(make, make.partner())
    browser = browse(make.member())
    assert merchants(browser.get("/referrals?q=meble")) == []
    assert browser.get(f"/referrals/{one.id}").status == browser.get("/referrals/987654").status == 404


def test_the_list_pages_sorts_and_filters_by_its_address(make: Making, browse: Browse) -> None:
    partner = make.partner()
    for number in range(30):
        plan = "plus" if number % 2 else "basic"
        referral(make, partner, f"Shop {number:02}", domain="", plan=plan, referred_at=make.later(days=-number))
    browser = browse(make.member(partner))
    assert merchants(browser.get("/referrals"))[:2] == ["Shop 00", "Shop 01"]
    assert merchants(browser.get("/referrals?page=last"))[-1] == "Shop 29"
    assert merchants(browser.get("/referrals?sort=-merchant&plan=plus"))[:2] == ["Shop 29", "Shop 27"]
    assert browser.get("/referrals?plan=plus&q=shop+1").one("#referrals-table")["data-total"] == "5"
    assert merchants(browser.get("/referrals?from=2026-11-22&to=2026-11-22")) == ["Shop 01"]
    fragment = browser.fragment("/referrals?q=29")
    assert (merchants(fragment), "<html" in fragment.text) == (["Shop 29"], False)


@pytest.mark.parametrize(
    "query", ["sort=' or 1", "page=%00", "page=last&sort=-last_month", "from=31.12.2026", "partner=x", "q=%00%25"]
)
def test_no_address_breaks_the_list(make: Making, browse: Browse, query: str) -> None:
    referral(make, make.partner())
    assert browse(make.admin()).get(f"/referrals?{query}").status == (400 if "%00" in query else 200)


def test_exports_hold_what_the_list_shows(make: Making, browse: Browse) -> None:
    partner = make.partner("=Agency")
    one = referral(make, partner, "=Evil")
    pay(make, one, OCTOBER, -1_05, "adjustment")
    browser = browse(make.admin())
    row = next(iter(csv.DictReader(io.StringIO(browser.get("/referrals.csv").text.removeprefix("\ufeff")))))
    assert (row["Merchant"], row["Partner"], row["Revenue so far"], row["Currency"]) == (
        "'=Evil",
        "'=Agency",
        "-1.05",
        "USD",
    )
    content = browser.call("GET", "/referrals.xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    heading, cells = ([cell.value for cell in line] for line in sheet.iter_rows())
    assert dict(zip(heading, cells, strict=True))["Revenue so far"] == -1.05


def test_the_number_of_queries_does_not_grow(make: Making, browse: Browse) -> None:
    partner = make.partner()
    browser = browse(make.admin())

    def queries() -> list[str]:
        asked: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("SELECT"):
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        browser.get("/referrals")
        event.remove(db.engine, "before_cursor_execute", note)
        return asked

    referral(make, partner)
    browser.get("/referrals")
    few = queries()
    for number in range(20):
        referral(make, make.partner(), f"Shop {number}", domain="")
    assert queries() == few


def test_one_referral_shows_its_months_and_its_lead(make: Making, browse: Browse) -> None:
    member = make.member()
    lead = make.lead(member)
    one = referral(make, session.get_one(Partner, member.partner_id), lead_id=lead.id, locations=12)
    pay(make, one, OCTOBER, 20_050)
    page = browse(member).get(f"/referrals/{one.id}")
    assert page.one(f'a[href="/leads/{lead.ref}"]')
    assert page.all("tbody td") == ["$200.50", "$40.10"]
    assert "October 2026" in page.words
    assert "Platform fee $200.50" in page.words
    assert not page.soup.select("form[action$=closure]")


def test_one_referral_leads_to_what_it_earned(make: Making, browse: Browse) -> None:
    partner = make.partner()
    before = make.later(days=-60)
    one = referral(make, partner, plan="starter", referred_at=before)
    paying = referral(make, partner, "Paying", domain="paying.example.org", referred_at=before)
    for who in (one, paying):
        report_revenue(
            who, external_id=str(who.id), month=OCTOBER, kind="platform_fee", amount_minor=20_050, currency="USD",
            by=SYSTEM, at=make.at,
        )  # fmt: skip
    session.commit()
    earning = session.scalars(select(Earning)).one()
    browser = browse(make.member(partner))
    page = browser.get(f"/referrals/{paying.id}")
    assert page.one(f'a[href="/earnings/{earning.id}"]').find_next("span").get_text() == "$40.10"
    nothing = browser.get(f"/referrals/{one.id}")
    assert not nothing.soup.select('a[href^="/earnings/"]')
    assert "plan" in nothing.one("tbody th").get_text()


def test_staff_find_the_code_of_a_partners_link(make: Making, browse: Browse) -> None:
    partner = make.partner()
    browse(make.member(partner)).post("/referral-link")
    session.expire_all()
    assert (
        f"Code of the referral link: {partner.link_code}" in browse(make.admin()).get(f"/partners/{partner.id}").words
    )


def test_staff_close_a_referral_and_take_it_up_again(make: Making, browse: Browse) -> None:
    one = referral(make, make.partner())
    browser, here = browse(make.admin()), f"/referrals/{one.id}"
    assert browser.post(f"{here}/closure").headers["Location"] == here
    page = browser.get(here)
    assert "Closed" in page.all("header .badge")
    twice = browser.post(f"{here}/closure")
    assert (twice.status, "not possible" in twice.one(".notice.bad").get_text()) == (422, True)
    assert browser.post(f"{here}/reopening", headers={"HX-Request": "true"}).headers["HX-Redirect"] == here
    assert "Active" in browser.get(here).all("header .badge")


def test_staff_correct_the_plan(make: Making, browse: Browse) -> None:
    one = referral(make, make.partner())
    browser, here = browse(make.admin()), f"/referrals/{one.id}"
    for wrong in ("", "Plus plan!", "x" * 41, "a\x00b"):
        answer = browser.post(f"{here}/plan", plan=wrong)
        assert (answer.status, bool(answer.error("plan"))) == (422, True)
        assert answer.one('[name="plan"]').get("value", "") == wrong.replace("\x00", "\ufffd") or "\x00" in wrong
    assert browser.post(f"{here}/plan", plan=" Plus ").status == 303
    session.expire_all()
    assert session.get_one(Referral, one.id).plan == "plus"


@pytest.mark.parametrize("who", ["member", "rep"])
def test_only_administrators_change_referrals(make: Making, browse: Browse, who: str) -> None:
    partner = make.partner()
    one, closed = referral(make, partner), referral(make, partner, "Closed", domain="")
    close_referral(closed, by=SYSTEM, at=make.at)
    session.commit()
    browser = browse(make.rep() if who == "rep" else make.member(partner))
    for step, changed in (("closure", one), ("reopening", closed), ("plan", one)):
        assert browser.post(f"/referrals/{changed.id}/{step}", plan="plus").status == 403
        assert not browser.get(f"/referrals/{changed.id}").soup.select('form[action^="/referrals/"]')
    session.expire_all()
    assert (session.get_one(Referral, one.id).status, session.get_one(Referral, one.id).plan) == ("active", "basic")
    assert session.get_one(Referral, closed.id).status == "closed"


def test_the_empty_history_says_what_will_stand_there(make: Making, browse: Browse) -> None:
    assert "No referrals yet" in browse(make.member()).get("/referrals").words
    assert "No referrals yet" in browse(make.admin()).get("/referrals").words


def test_closed_ones_say_when(make: Making, browse: Browse) -> None:
    partner = make.partner()
    one = referral(make, partner)
    close_referral(one, by=SYSTEM, at=make.at)
    session.commit()
    assert "Closed on" in browse(make.member(partner)).get(f"/referrals/{one.id}").words


def sign_up_at(make: Making, address: str) -> None:
    change_programme(replace(programme(), signup_url=address), by=make.admin(), at=make.at)
    session.commit()


def code_of(actor: Actor) -> str:
    session.expire_all()
    return session.get_one(Partner, actor.partner_id).link_code or ""


def test_a_partner_makes_its_link_once(make: Making, browse: Browse) -> None:
    member = make.member(permissions=frozenset())
    browser = browse(member)
    assert browser.get("/referral-link").one('form[action="/referral-link"]')
    assert not code_of(member)
    assert browser.post("/referral-link").headers["Location"] == "/referral-link"
    code = code_of(member)
    browser.post("/referral-link")
    assert code_of(member) == code
    page = browser.get("/referral-link")
    assert page.one("#link-url")["value"] == f"http://127.0.0.1:8000/p/{code}"
    assert "leads nowhere yet" in page.words
    colleague = browse(make.member(session.get_one(Partner, member.partner_id)))
    assert code in colleague.get("/referral-link").text


def test_staff_have_no_referral_link(make: Making, browse: Browse) -> None:
    assert browse(make.admin()).get("/referral-link").status == 403


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("https://signup.example.org/", "https://signup.example.org/?partner={}"),
        ("https://signup.example.org/new?plan=basic", "https://signup.example.org/new?plan=basic&partner={}"),
        ("https://signup.example.org/?partner=own", "https://signup.example.org/?partner={}"),
    ],
)
def test_the_link_leads_to_the_sign_up_with_the_partners_code(
    make: Making, browse: Browse, address: str, leads_to: str
) -> None:
    sign_up_at(make, address)
    member = make.member()
    browse(member).post("/referral-link")
    code = code_of(member)
    answer = browse().get(f"/p/{code.upper()}?next=https://evil.example.org&partner=evil")
    assert (answer.status, answer.headers["Location"]) == (302, leads_to.format(code))


def test_links_that_lead_nowhere_are_not_found(make: Making, browse: Browse) -> None:
    member = make.member()
    browse(member).post("/referral-link")
    code = code_of(member)
    assert browse().get(f"/p/{code}").status == 404
    sign_up_at(make, "https://signup.example.org/")
    assert browse().get(f"/p/{code}").status == 302
    for wrong in ("zzzzzzzzzz", "%2e%2e", "x" * 300, "%F0%9F%98%80"):
        assert browse().get(f"/p/{wrong}").status == 404


@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_the_link_has_a_qr_code(make: Making, browse: Browse, kind: str, begins: bytes) -> None:
    member = make.member()
    browse(member).post("/referral-link")
    answer = browse().call("GET", f"/p/{code_of(member)}.{kind}")
    assert answer.data.startswith(begins)
    assert browse().get(f"/p/zzzzzzzzzz.{kind}").status == 404


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://a@evil.example.org", "//evil", "ftp://x.example.org"]
)
def test_links_lead_to_websites_only(make: Making, browse: Browse, address: str) -> None:
    admin = browse(make.admin())
    answer = admin.post("/programme", ownership_days="90", currency="USD", shared_hosts="", signup_url=address)
    assert (answer.status, bool(answer.error("signup_url"))) == (422, True)
    assert programme().signup_url == ""
