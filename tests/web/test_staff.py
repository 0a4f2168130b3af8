"""Pages of staff: conflicts, appeals, partners, people, set-up, imports, outbox."""

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from referrals.config import ROOT
from referrals.db import session
from referrals.jobs import advance_imports
from referrals.leads.models import Lead, LeadConflict
from referrals.outbox.models import OutboxMessage
from referrals.people.models import Membership, Representative
from referrals.transfer.models import ImportRun
from referrals.web.staff import imports
from tests.making import Making
from tests.web.browsing import Browser

Browse = Callable[..., Browser]
SAMPLES = ROOT.parent / "shared" / "samples" / "salesforce_hubspot"


def test_staff_see_all_leads_with_partners(make: Making, browse: Browse) -> None:
    make.rep(name="Rita Romero")
    first = make.lead(make.member(make.partner("North")), business_name="Aaa")
    second = make.lead(make.member(make.partner("South")), business_name="Bbb")
    browser = browse(make.admin())
    page = browser.get("/leads")
    assert set(page.rows) == {first.ref, second.ref}
    assert page.all("thead th")[1] == "Partner"
    assert browser.get("/leads?sort=partner").rows == [first.ref, second.ref]
    assert browser.get("/leads?sort=-partner").rows == [second.ref, first.ref]
    assert browser.get(f"/leads?partner={first.partner_id}").rows == [first.ref]


def test_staff_assign_and_unassign(make: Making, browse: Browse) -> None:
    rita, tom = make.rep(name="Rita"), make.rep(name="Tom")
    lead = make.lead(make.member())
    browser = browse(rita)
    assert browser.post(f"/leads/{lead.ref}/assignment", rep=str(tom.rep_id)).status == 303
    session.refresh(lead)
    assert (lead.rep_id, lead.rep_key) == (tom.rep_id, "tom")
    assert browser.get("/leads?rep=none").rows == []
    browser.post(f"/leads/{lead.ref}/assignment", rep="")
    assert browser.get("/leads?rep=none").rows == [lead.ref]
    assert browser.post(f"/leads/{lead.ref}/assignment", rep="987654").status == 404


def test_a_conflict_is_compared_and_decided(make: Making, browse: Browse) -> None:
    make.lead(make.member(make.partner("North")), website_url="https://one.example.org")
    make.lead(make.member(make.partner("South")), website_url="https://www.one.example.org/x")
    browser = browse(make.rep())
    row = browser.get("/conflicts").one("#conflicts-table tbody tr")
    path = str(row.select_one("a")["href"])
    page = browser.get(path)
    assert page.all("tr.same th") == ["Website URL"]
    assert page.all("thead th")[1].startswith("Submitted first")
    assert browser.post(f"{path}/decision", decision="keep", text="").error("text")
    assert browser.post(f"{path}/decision", decision="nonsense", text="Because.").status == 422
    assert browser.post(f"{path}/decision", decision="keep", text="The first had a contract.").status == 303
    assert "The first had a contract." in browser.get(path).words
    again = browser.post(f"{path}/decision", decision="give", text="Changed my mind.")
    assert again.status == 422
    assert session.scalars(select(LeadConflict.decision)).one() == "keep"


def test_assignment_rules_send_leads_by_country_and_product(make: Making, browse: Browse) -> None:
    rita, tom = make.rep(name="Rita"), make.rep(name="Tom")
    admin = browse(make.admin())
    admin.post("/assignment", country="PL", product="", rep=str(rita.rep_id))
    admin.post("/assignment", country="PL", product="2", rep=str(tom.rep_id))
    member = make.member()
    assert [make.lead(member, "plus").rep_id for _ in range(2)] == [rita.rep_id] * 2
    assert [make.lead(member, "pos").rep_id for _ in range(2)] == [tom.rep_id] * 2
    assert {make.lead(member, country="VN").rep_id for _ in range(2)} == {rita.rep_id, tom.rep_id}
    assert admin.post("/assignment", country="XX", product="2", rep="").status == 422
    removal = str(admin.get("/assignment").soup.select_one('form[action*="removal"]')["action"])
    assert admin.post(removal).status == 303
    assert admin.post(removal).status == 404


def test_a_new_partner_and_a_new_rep_are_invited(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    assert admin.post("/partners", name="Studio Północ", email="anna@example.org").status == 303
    assert admin.post("/partners", name="STUDIO POLNOC", email="b@example.org").error("name")
    assert admin.post("/people", email="tom@example.org", role="rep").status == 303
    assert admin.post("/people", email="tom@example.org", role="owner").error("role")
    mails = session.scalars(select(OutboxMessage.to_email).where(OutboxMessage.template == "invitation")).all()
    assert set(mails) == {"anna@example.org", "tom@example.org"}
    assert browse(make.rep()).post("/partners", name="X", email="x@example.org").status == 403


def test_a_departed_rep_gets_no_new_leads(make: Making, browse: Browse) -> None:
    rita, tom = make.rep(name="Rita"), make.rep(name="Tom")
    browse(make.admin()).post(f"/people/{rita.membership_id}/departure")
    assert {make.lead(make.member()).rep_id for _ in range(3)} == {tom.rep_id}
    assert session.scalars(select(Representative.available).where(Representative.id == rita.rep_id)).one() is False


def test_the_last_administrator_stays(make: Making, browse: Browse) -> None:
    admin = make.admin()
    page = browse(admin).post(f"/people/{admin.membership_id}/suspension")
    assert page.status == 422
    assert "last administrator" in page.words
    assert session.get_one(Membership, admin.membership_id, populate_existing=True).status == "active"


def test_reasons_are_edited_and_offered(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    assert admin.post("/reasons/new", code="Too Small", label="x").error("code")
    assert admin.post("/reasons/new", code="too_small", label="Too small", sentence="", active="y").status == 303
    assert admin.post("/reasons/new", code="too_small", label="Again", active="y").error("code")
    lead = make.lead(make.member())
    staff = browse(make.rep())
    assert "Too small" in staff.get(f"/leads/{lead.ref}").all("#reason-status option")
    page = staff.post(f"/leads/{lead.ref}/status", status="ineligible", reason="too_small")
    assert "Write a sentence" in page.words
    admin.post("/reasons/too_small", label="Too small", sentence="It is too small.")
    assert "Too small" not in staff.get(f"/leads/{lead.ref}").all("#reason-status option")


def test_the_programme_is_set_in_the_browser(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    for days in ("0", "-1", "x", "99999", ""):
        assert admin.post("/programme", ownership_days=days, currency="USD", shared_hosts="").error("ownership_days")
    assert admin.post("/programme", ownership_days="30", currency="XXX", shared_hosts="").error("currency")
    saved = admin.post("/programme", ownership_days="30", currency="eur", shared_hosts="WWW.Facebook.com\n\nlinktr.ee")
    assert saved.status == 303
    page = admin.get("/programme")
    assert page.one('[name="currency"]')["value"] == "EUR"
    assert page.one('[name="shared_hosts"]').get_text().split() == ["facebook.com", "linktr.ee"]
    assert "Expected value in EUR" in browse(make.member()).get("/leads/new/plus").words
    assert "ownership_days" in admin.get("/audit").words


def test_the_operators_own_words_replace_ours(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    admin.post("/products/plus/texts/en", submitted_supported="We call them on Monday.")
    member = make.member()
    lead = make.lead(member)
    assert "We call them on Monday." in browse(member).get(f"/leads/{lead.ref}").all(".next")[0]
    assert admin.get("/products/plus/texts/xx").status == 404


def test_mails_are_read_in_the_browser_and_secret_ones_by_administrators_alone(make: Making, browse: Browse) -> None:
    admin, rep = browse(make.admin()), browse(make.rep())
    make.member(email="anna@example.org")
    browse().post("/password/forgotten", email="anna@example.org")
    message = session.scalars(select(OutboxMessage)).one()
    assert "/password/reset/" in admin.get(f"/outbox/{message.id}").text
    assert rep.get(f"/outbox/{message.id}").status == 404
    assert rep.get("/outbox").one("#outbox-table")["data-total"] == "0"
    html = admin.get(f"/outbox/{message.id}/html")
    assert "unsafe" not in html.headers["Content-Security-Policy"]
    assert "sha256-" in html.headers["Content-Security-Policy"]


def upload(browser: Browser, content: bytes, name: str, partner_id: int, product: str = "plus") -> str:
    browser.get("/imports/new")
    response = browser.call(
        "POST",
        "/imports/new",
        data={
            "csrf_token": browser.token,
            "file": (io.BytesIO(content), name),
            "partner": str(partner_id),
            "product": product,
        },
    )
    return browser.seen(response).headers.get("Location", "")


def mapping_of(page: object) -> dict[str, str]:
    found = {}
    for select_ in page.soup.select("select[name^=column_]"):
        chosen = select_.select_one("option[selected]")
        found[select_["name"]] = chosen.get_text() if chosen else ""
    return found


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
@pytest.mark.parametrize(("file", "dialect", "rows"), [
    ("sf_lead_data.csv", "Salesforce", 1), ("hubspot_contact_data.csv", "HubSpot", 22),
])  # fmt: skip
def test_the_real_files_import_through_the_page(
    make: Making, browse: Browse, file: str, dialect: str, rows: int
) -> None:
    make.rep()
    member = make.member()
    admin = browse(make.admin())
    path = upload(admin, (SAMPLES / file).read_bytes(), file, member.partner_id or 0)
    page = admin.get(path)
    assert dialect in page.words
    mapping = mapping_of(page)
    assert mapping["column_first_name"].endswith(("first_name", "firstname"))
    tried = admin.post(f"{path}/columns", step="try", **mapping)
    assert tried.all("#outcome strong") == [str(rows), "0", "0"]
    assert session.scalar(select(func.count()).select_from(Lead)) == 0
    assert admin.post(f"{path}/columns", step="run", **mapping).status == 303
    report = admin.get(path)
    assert report.all("#progress strong") == [str(rows), "0", "0"]
    partner = browse(member)
    lead = session.scalars(select(Lead).order_by(Lead.submitted_at)).first()
    assert lead.submitted_at.year < 2022
    assert partner.get(f"/leads?q={lead.contact_name}").rows == [lead.ref]
    assert partner.get("/leads?sort=submitted_at").rows[0] == lead.ref
    assert "imported" in partner.get(f"/leads/{lead.ref}").words
    target = "in_progress" if lead.status == "submitted" else "awarded"
    assert admin.post(f"/leads/{lead.ref}/status", status=target).status == 303
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 1, "the move alone was told"
    again = upload(admin, (SAMPLES / file).read_bytes(), file, member.partner_id or 0)
    admin.post(f"{again}/columns", step="run", **mapping)
    assert admin.get(again).all("#progress strong") == ["0", str(rows), "0"]


def test_a_large_import_runs_on_in_the_scheduler(make: Making, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "PATIENCE_SECONDS", 0)
    member, admin = make.member(), browse(make.admin())
    head = "business_name,contact_name,contact_email,country\n"
    body = "".join(f"Shop {number},C,c{number}@s{number}.example.org,PL\n" for number in range(450))
    path = upload(admin, (head + body).encode(), "many.csv", member.partner_id or 0)
    admin.post(f"{path}/columns", step="run", **mapping_of(admin.get(path)))
    page = admin.get(path)
    assert page.one("progress")["value"] == "0"
    admin.post(f"{path}/continuation")
    session.rollback()
    advance_imports(at=make.at)
    page = admin.get(path)
    assert page.all("#progress strong") == ["450", "0", "0"]
    assert session.scalars(select(ImportRun.content)).one() is None
    fragment = admin.fragment(f"{path}/progress")
    assert "import-advanced" in fragment.headers["HX-Trigger"]


def test_refused_rows_are_told_with_line_and_reason(make: Making, browse: Browse) -> None:
    member, admin = make.member(), browse(make.admin())
    content = (
        "business_name,contact_name,contact_email,country,status\n"
        "Good,A,a@example.org,PL,\n"
        ",B,b@example.org,PL,\n"
        "Bad mail,C,not-an-address,PL,\n"
        '"Two\nlines",D,d@example.org,PL,\n'
        "Bad status,E,e@example.org,PL,won\n"
    )
    path = upload(admin, content.encode(), "rows.csv", member.partner_id or 0)
    admin.post(f"{path}/columns", step="run", **mapping_of(admin.get(path)))
    rows = list(csv.reader(io.StringIO(admin.call("GET", f"{path}.csv").get_data().decode("utf-8-sig"))))
    told = [(row[0], row[2]) for row in rows[1:]]
    assert told == [("3", "business_name"), ("4", "contact_email"), ("5", "business_name"), ("7", "status")]
    assert admin.get(path).all("#progress strong") == ["1", "0", "4"]


@pytest.mark.parametrize(("content", "name", "sentence"), [
    (b"business_name\nCaf\xe9\n", "latin.csv", "Line 2 of this file is not UTF-8"),
    (b"", "empty.csv", "cannot read this file"),
    (b"business_name,country\n", "head.csv", "no rows"),
    (b"PK\x03\x04broken", "broken.xlsx", "cannot read this file"),
    (b'"a\nb', "quote.csv", "no rows"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_is_told(
    make: Making, browse: Browse, content: bytes, name: str, sentence: str
) -> None:
    browser = browse(make.admin())
    browser.get("/imports/new")
    partner = make.partner()
    response = browser.call(
        "POST", "/imports/new",
        data={
            "csrf_token": browser.token, "file": (io.BytesIO(content), name), "partner": str(partner.id),
            "product": "plus",
        },
    )  # fmt: skip
    page = browser.seen(response)
    assert page.status == 422
    assert sentence in page.error("file")
    assert page.one('[name="partner"] option[selected]')["value"] == str(partner.id)


def test_every_list_sorts_searches_pages_and_exports(make: Making, browse: Browse) -> None:
    """The same behaviour everywhere: whatever lists there are, for whoever sees them."""
    make.rep()
    member = make.member()
    for _ in range(30):
        make.member(make.partner())
        make.member(make.partner(), name="Other")
        make.lead(member)
    seen = {
        browse(make.admin()): [
            "/leads",
            "/partners",
            "/people",
            "/audit",
            "/outbox",
            "/conflicts",
            "/appeals",
            "/imports",
        ],
        browse(member): ["/leads", "/members", "/notifications"],
    }
    for browser, paths in seen.items():
        for path in paths:
            page = browser.get(path)
            for link in page.soup.select("thead th a"):
                assert browser.get(str(link["href"])).status == 200, link
            for kind in ("csv", "xlsx"):
                assert browser.call("GET", f"{path}.{kind}").status_code == 200, path
            assert browser.fragment(f"{path}?q=zzzz&page=last&sort=nonsense").status == 200
            assert "<html" not in browser.fragment(path).text
