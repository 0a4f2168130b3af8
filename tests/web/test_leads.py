"""The pages of leads: table, drawer, forms, and what is done to a lead."""

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, func, select

from referrals.db import db, session
from referrals.leads.models import Lead
from referrals.outbox.models import OutboxMessage
from tests.making import Making
from tests.web.browsing import Browser

Browse = Callable[..., Browser]
COMPLETE = {
    "contact_name": "Żaneta Wójcik",
    "contact_email": "zaneta@meble.example.org",
    "contact_phone": "600 700 800",
    "business_name": "Łódzkie Meble Sp. z o.o.",
    "website_url": "meble.example.org",
    "country": "PL",
    "current_platform": "Magento",
    "store_domain": "meble.shops.example.org",
    "notes": "First line\nSecond line",
    "sales_support": "y",
    "expected_value": "12,000.50",
    "annual_revenue": "1m_5m",
    "monthly_orders": "100_1000",
}


def stored() -> int:
    return session.scalar(select(func.count()).select_from(Lead)) or 0


def test_a_complete_form_becomes_a_lead_and_leads_to_it(make: Making, browse: Browse) -> None:
    make.rep(name="Rita Romero")
    member = make.member()
    answer = browse(member).post("/leads/new/plus", **COMPLETE)
    lead = session.scalars(select(Lead)).one()
    assert (answer.status, answer.headers["Location"]) == (303, f"/leads/{lead.ref}")
    assert (lead.contact_phone, lead.website_url) == ("+48600700800", "https://meble.example.org")
    assert (lead.expected_minor, lead.expected_currency) == (1_200_050, "USD")
    assert lead.details == {"annual_revenue": "1m_5m", "monthly_orders": "100_1000"}
    assert lead.notes == "First line\nSecond line"


def test_htmx_is_sent_on_by_a_header(make: Making, browse: Browse) -> None:
    answer = browse(make.member()).post("/leads/new/plus", headers={"HX-Request": "true"}, **COMPLETE)
    assert answer.status == 204
    assert answer.headers["HX-Redirect"].startswith("/leads/L-")


def test_the_pos_form_has_its_own_fields(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    form = browser.get("/leads/new/pos")
    assert form.soup.select_one('[name="locations"]')
    assert not form.soup.select_one('[name="annual_revenue"]')
    fields = {name: value for name, value in COMPLETE.items() if name not in {"annual_revenue", "monthly_orders"}}
    browser.post("/leads/new/pos", **fields | {"locations": "3", "go_live_on": "2027-02-01"})
    assert session.scalars(select(Lead)).one().details == {"go_live_on": "2027-02-01", "locations": 3}


def test_only_four_fields_are_required(make: Making, browse: Browse) -> None:
    required = {name: COMPLETE[name] for name in ("contact_name", "contact_email", "business_name", "country")}
    assert browse(make.member()).post("/leads/new/plus", **required).status == 303


BAD = [
    ("contact_name", "", "fill this in"),
    ("contact_name", "x" * 201, "shorten this to 200"),
    ("contact_name", "a\x00b", "cannot be shown"),
    ("contact_email", "not-an-address", "not an e-mail"),
    ("contact_email", "", "fill this in"),
    ("contact_phone", "12", "not a phone"),
    ("contact_phone", "call me", "not a phone"),
    ("business_name", "   ", "fill this in"),
    ("business_name", "a\x1b[31m", "cannot be shown"),
    ("website_url", "javascript:alert(1)", "not the address"),
    ("website_url", "http://user:pw@example.org", "not the address"),
    ("country", "", "fill this in"),
    ("country", "XX", "country from the list"),
    ("store_domain", "not a domain", "not a domain"),
    ("current_platform", "y" * 201, "shorten"),
    ("notes", "z" * 5001, "shorten this to 5000"),
    ("notes", "z" * 10_000_000, "shorten this to 5000"),
    ("expected_value", "-5", "less than zero"),
    ("expected_value", "12.345", "2 decimals"),
    ("expected_value", "1e9", "in digits"),
    ("expected_value", "NaN", "in digits"),
    ("expected_value", "12,50", "in digits"),
    ("expected_value", "9" * 18, "too large"),
    ("annual_revenue", "lots", "one of the options"),
    ("sales_support", "perhaps", "one of the options"),
]
BAD_POS = [
    ("locations", "2.5", "whole number"),
    ("locations", "-1", "whole number"),
    ("locations", "9999999", "too large"),
    ("go_live_on", "2027-02-30", "date like"),
    ("go_live_on", "next week", "date like"),
    ("go_live_on", "2100-01-01", "ten years"),
]


@pytest.mark.parametrize(("product", "field", "typed", "sentence"), [
    *(("plus", *row) for row in BAD), *(("pos", *row) for row in BAD_POS)
])  # fmt: skip
def test_bad_input_is_told_beside_the_field_and_kept(
    make: Making, browse: Browse, product: str, field: str, typed: str, sentence: str
) -> None:
    own = {"annual_revenue", "monthly_orders"} if product == "pos" else set()
    fields = {name: value for name, value in COMPLETE.items() if name not in own} | {field: typed}
    answer = browse(make.member()).post(f"/leads/new/{product}", **fields)
    assert answer.status == 422
    assert sentence in answer.error(field)
    assert [name for name in fields if answer.error(name)] == [field]
    for name, value in fields.items():
        element = answer.one(f'[name="{name}"]')
        if name in {"sales_support"} or (name, value) in {("country", "XX"), ("annual_revenue", "lots")}:
            continue
        shown = element.get("value", "") if element.name == "input" else value_of(element)
        assert shown.replace("\r\n", "\n") == value.replace("\x00", "\ufffd") or "\x00" in value, name
    assert stored() == 0
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


def value_of(element: Any) -> str:
    if element.name == "select":
        chosen = element.select_one("option[selected]")
        return str(chosen["value"]) if chosen else ""
    return str(element.get_text()).replace("\r\n", "\n").removeprefix("\n")


@pytest.mark.parametrize(("language", "typed", "minor"), [
    ("tr", "1.250,50", 125_050), ("pl", "1 250,50", 125_050), ("vi", "1.250,5", 125_050), ("th", "1,250.50", 125_050),
])  # fmt: skip
def test_amounts_are_read_in_the_signs_of_the_language(
    make: Making, browse: Browse, language: str, typed: str, minor: int
) -> None:
    answer = browse(make.member(), language).post("/leads/new/plus", **COMPLETE | {"expected_value": typed})
    assert answer.status == 303
    assert session.scalars(select(Lead.expected_minor)).one() == minor


def test_a_point_for_thousands_is_not_taken_for_decimals(make: Making, browse: Browse) -> None:
    answer = browse(make.member(), "tr").post("/leads/new/plus", **COMPLETE | {"expected_value": "12.50"})
    assert answer.status == 422
    assert answer.error("expected_value")


def test_a_second_submission_is_refused_with_a_link_to_the_first(make: Making, browse: Browse) -> None:
    member = make.member()
    lead = make.lead(member, website_url="https://meble.example.org")
    answer = browse(member).post("/leads/new/plus", **COMPLETE)
    assert answer.status == 422
    assert lead.ref in answer.error("website_url")
    assert answer.one("p.notice a")["href"] == f"/leads/{lead.ref}"
    assert stored() == 1


def test_a_lead_in_conflict_says_when_and_never_whose(make: Making, browse: Browse) -> None:
    other = make.member(make.partner("Rival Agency"))
    make.lead(other, website_url="https://meble.example.org")
    browser = browse(make.member())
    answer = browser.post("/leads/new/plus", **COMPLETE)
    page = browser.get(answer.headers["Location"])
    assert "In conflict" in page.words
    assert "23 Nov" in " ".join(page.all(".timeline strong"))
    assert "Rival" not in page.text


def test_the_table_shows_what_there_is(make: Making, browse: Browse) -> None:
    make.rep(name="Rita Romero")
    member = make.member()
    lead = make.lead(member, business_name="Łódzkie Meble")
    page = browse(member).get("/leads")
    assert page.one("#leads-table")["data-total"] == "1"
    assert page.rows == [lead.ref]
    assert page.all("#leads-table tbody td")[:6] == [
        f"Łódzkie Meble {lead.website_url.removeprefix('https://')}", lead.contact_name, "Plus", "Submitted", "—",
        "Rita Romero",
    ]  # fmt: skip
    assert page.all("thead th") == [
        "Business", "Contact", "Product", "Status", "Payout", "Sales rep", "Submitted on", "Last change",
    ]  # fmt: skip


def test_htmx_gets_the_table_alone_and_a_restored_page_whole(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    assert "<html" not in browser.fragment("/leads").text
    assert browser.fragment("/leads").one("#leads-table")
    restored = browser.get("/leads", **{"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.text
    assert "HX-Request" in restored.headers["Vary"]
    assert restored.headers["Cache-Control"] == "private, no-store"


def test_every_column_sorts_both_ways(make: Making, browse: Browse) -> None:
    rep_a, rep_b = make.rep(name="Abe"), make.rep(name="Zoe")
    member = make.member()
    first = make.lead(member, "plus", business_name="Aaa", contact_name="Zzz")
    second = make.lead(member, "pos", business_name="Bbb", contact_name="Yyy", at=make.later(hours=1))
    browser = browse(member)
    assert (first.rep_id, second.rep_id) == (rep_a.rep_id, rep_b.rep_id)
    for column in ("business_name", "product", "rep", "submitted_at", "changed_at"):
        page = browser.get(f"/leads?sort={column}")
        assert page.rows == [first.ref, second.ref], column
        assert page.one('th[aria-sort="ascending"] a')["href"] == f"/leads?sort=-{column}"
        assert browser.get(f"/leads?sort=-{column}").rows == [second.ref, first.ref], column
    assert browser.get("/leads?sort=contact_name").rows == [second.ref, first.ref]


def test_a_table_state_is_an_address(make: Making, browse: Browse) -> None:
    member = make.member()
    for number in range(30):
        make.lead(member, business_name=f"Shop {number:02}")
    browser = browse(member)
    page = browser.get("/leads?q=shop&product=plus&sort=business_name")
    following = str(page.one('nav.pages a[title="Next page"]')["href"])
    second = browser.get(following)
    assert second.one('input[name="q"]')["value"] == "shop"
    assert second.one('select[name="product"] option[selected]')["value"] == "plus"
    assert second.one('input[name="sort"]')["value"] == "business_name"
    assert len(second.rows) == 5
    assert browser.get(following).rows == second.rows
    assert "26–30 of 30" in second.words
    assert browser.get("/leads?page=last&sort=business_name").rows == second.rows
    back = str(second.one('nav.pages a[title="Previous page"]')["href"])
    assert browser.get(back).rows == page.rows


def test_dates_filter_whole_days_of_the_readers_time_zone(make: Making, browse: Browse) -> None:
    member = make.member()
    make.lead(member, at=make.at.replace(hour=20))
    browser = browse(member)
    browser.client.set_cookie("tz", "Asia/Bangkok")
    assert len(browser.get("/leads?from=2026-11-24&to=2026-11-24").rows) == 1
    assert len(browser.get("/leads?from=2026-11-23&to=2026-11-23").rows) == 0
    assert len(browser.get("/leads?from=nonsense&to=99999-99-99").rows) == 1


def test_an_export_holds_what_is_shown_over_all_pages(make: Making, browse: Browse) -> None:
    member = make.member()
    for number in range(30):
        make.lead(member, business_name=f"Shop {number:02}")
    make.lead(
        member,
        "pos",
        business_name="=cmd|' /C calc'!A0",
        contact_name="+1+1",
        contact_email="e@vil.example.org",
        website_url="",
    )
    browser = browse(member)
    response = browser.call("GET", "/leads.csv?q=shop&sort=business_name")
    rows = list(csv.reader(io.StringIO(response.get_data().decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [f"Shop {number:02}" for number in range(30)]
    everything = browser.call("GET", "/leads.csv").get_data(as_text=True)
    assert "'=cmd|" in everything
    assert "'+1+1" in everything
    sheet = openpyxl.load_workbook(io.BytesIO(browser.call("GET", "/leads.xlsx?product=pos").get_data())).active
    assert sheet[2][0].value.startswith("'=cmd")
    assert sheet[2][0].data_type == "s"
    assert sheet[1][0].value == "Business"


def test_the_drawer_and_the_page_show_the_same_lead(make: Making, browse: Browse) -> None:
    make.rep(name="Rita Romero")
    member = make.member()
    lead = make.lead(member, notes="Call <b>before</b> noon")
    browser = browse(member)
    page, drawer = browser.get(f"/leads/{lead.ref}"), browser.fragment(f"/leads/{lead.ref}")
    assert "<html" in page.text
    assert "<html" not in drawer.text
    assert page.one("article.lead").get_text() == drawer.one("article.lead").get_text()
    assert "Call &lt;b&gt;before&lt;/b&gt; noon" in drawer.text
    assert "book.example.org" in str(drawer.one(".rep-card a.button")["href"])


@pytest.mark.parametrize(("product", "support", "sentence"), [
    ("plus", True, "our sales team is reviewing"),
    ("plus", False, "contact your sales representative"),
    ("pos", True, "our sales team is reviewing"),
    ("pos", False, "stays submitted, also after the payout"),
])  # fmt: skip
def test_the_detail_says_what_to_expect_next(
    make: Making, browse: Browse, product: str, support: bool, sentence: str
) -> None:
    member = make.member()
    lead = make.lead(member, product, sales_support=support)
    assert sentence in browse(member).get(f"/leads/{lead.ref}").all(".next")[0]


def test_staff_move_a_lead_and_the_partner_sees_it(make: Making, browse: Browse) -> None:
    rep, member = make.rep(), make.member()
    lead = make.lead(member)
    staff, partner = browse(rep), browse(member)
    assert staff.post(f"/leads/{lead.ref}/status", status="in_progress").status == 303
    refused = staff.post(f"/leads/{lead.ref}/status", status="ineligible", note="kept")
    assert refused.status == 422
    assert "choose a reason" in refused.words
    assert "kept" in refused.text
    staff.post(f"/leads/{lead.ref}/status", status="ineligible", reason="not_interested", note="They said no twice.")
    page = partner.get(f"/leads/{lead.ref}")
    assert "They said no twice." in page.all(".next")[0]
    assert partner.get("/").one(".bell b")
    assert partner.post(f"/leads/{lead.ref}/appeal", text="Ask the other owner.").status == 303
    assert partner.post(f"/leads/{lead.ref}/appeal", text="Again.").status == 422
    answer = staff.post(f"/leads/{lead.ref}/appeal/grant", text="We will.", headers={"HX-Request": "true"})
    assert answer.status == 200
    assert "leads-changed" in answer.headers["HX-Trigger"]
    assert "In progress" in partner.get(f"/leads/{lead.ref}").all(".next .badge")


def test_messages_go_both_ways(make: Making, browse: Browse) -> None:
    rep, member = make.rep(name="Rita Romero"), make.member(name="Anna Kowalska")
    lead = make.lead(member)
    browse(member).post(f"/leads/{lead.ref}/messages", text="Hello\n\nAnna")
    browse(rep).post(f"/leads/{lead.ref}/messages", text="Hello Anna")
    page = browse(member).get(f"/leads/{lead.ref}")
    assert page.all(".message small")[0].startswith("Anna Kowalska")
    assert page.all(".message small")[1].startswith("Rita Romero")
    mails = [
        mail.to_email for mail in session.scalars(select(OutboxMessage).where(OutboxMessage.template == "lead_message"))
    ]
    assert len(mails) == 2
    assert browse(member).post(f"/leads/{lead.ref}/messages", text=" ").status == 422
    assert browse(member).post(f"/leads/{lead.ref}/messages", text="x" * 5001).status == 422


def test_a_partner_cannot_do_what_staff_do(make: Making, browse: Browse) -> None:
    member = make.member()
    lead = make.lead(member)
    browser = browse(member)
    for step, fields in {
        "status": {"status": "in_progress"}, "payout": {"outcome": "due"}, "assignment": {"rep": ""},
    }.items():  # fmt: skip
        assert browser.post(f"/leads/{lead.ref}/{step}", **fields).status == 403
    session.refresh(lead)
    assert (lead.status, lead.payout) == ("submitted", "none")


def queries_of(browser: Browser, path: str) -> int:
    counted: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        counted.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    browser.get(path)
    event.remove(db.engine, "before_cursor_execute", count)
    return len([statement for statement in counted if statement.lstrip().startswith("SELECT")])


@pytest.mark.parametrize("path", ["/leads", "/leads?q=shop", "/leads?sort=rep&product=plus", "/"])
def test_the_table_costs_as_many_queries_at_300_rows_as_at_3(make: Making, browse: Browse, path: str) -> None:
    make.rep()
    make.rep()
    member = make.member()
    browser = browse(member)
    for number in range(3):
        make.lead(member, business_name=f"Shop {number}")
    few = queries_of(browser, path)
    for number in range(297):
        make.lead(member, business_name=f"Shop {number}")
    assert queries_of(browser, path) == few
    assert few < 24


STAFF_LISTS = [
    "/leads",
    "/leads?partner=1&status=submitted",
    "/leads?q=shop",
    "/leads?sort=partner",
    "/conflicts",
    "/partners",
    "/people",
    "/outbox",
    "/audit",
    "/",
]


@pytest.mark.parametrize("path", STAFF_LISTS)
def test_no_list_of_staff_costs_more_queries_for_more_rows(make: Making, browse: Browse, path: str) -> None:
    browser = browse(make.admin())

    def add(rows: int) -> None:
        for number in range(rows):
            lead = make.lead(make.member(make.partner()), business_name=f"Shop {number}")
            make.lead(make.member(make.partner()), website_url=lead.website_url)
            make.rep()

    add(3)
    few = queries_of(browser, path)
    add(20)
    assert queries_of(browser, path) == few
    assert few < 20


def test_products_of_the_operators_own_have_their_form(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    fields = {
        "code": "pay", "name": "Pay", "flow": "bounty", "active": "y",
        "field_name_0": "terminals", "field_label_0": "Terminals", "field_kind_0": "whole_number",
        "field_required_0": "y", "field_name_1": "tier", "field_label_1": "Tier", "field_kind_1": "choice",
        "field_choices_1": "a = Small\nb = Large",
    }  # fmt: skip
    assert admin.post("/products/new", **fields).status == 303
    browser = browse(make.member())
    base = {name: COMPLETE[name] for name in ("contact_name", "contact_email", "business_name", "country")}
    assert browser.post("/leads/new/pay", **base).error("terminals")
    assert browser.post("/leads/new/pay", **base | {"terminals": "4", "tier": "b"}).status == 303
    lead = session.scalars(select(Lead)).one()
    assert lead.details == {"terminals": 4, "tier": "b"}
    assert "Large" in browser.get(f"/leads/{lead.ref}").words
