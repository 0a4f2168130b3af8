"""The pages of payouts: a partner's own, all of them for administrators, and the file for PayPal (`SPEC §4`)."""

import csv
import io
import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from referrals.cli import main
from referrals.config import ROOT
from referrals.db import session
from referrals.earnings.models import Earning
from referrals.leads.catalogue import programme
from referrals.outbox.models import Notification, OutboxMessage
from referrals.partners.models import Partner
from referrals.payouts.methods import set_payout_method
from referrals.payouts.models import Payout, PayoutMethod
from referrals.people.models import AuditEntry
from referrals.serving import jobs_of
from referrals.transfer.payouts import HEADINGS
from referrals.web.emails import render_mail
from referrals.web.house import partner_payouts
from tests.making import PASSWORD, Making
from tests.payouts.earning import Earner, close
from tests.web.browsing import Browser, Page
from tests.web.conftest import browse as browse
from tests.web.test_leads import queries_of

Browse = Callable[..., Browser]
SAMPLE = ROOT.parent / "shared/samples/paypal/paypal_payouts_upload_header.csv"
ADDRESS = "paid@shop.example.org"
SORTED_BY = ("period", "due", "status", "amount", "partner")


def earning(make: Making, minor: int = 3000, address: str = ADDRESS) -> Earner:
    """A partner with a pay-out address who earned something in November's first half."""
    one = Earner(make)
    if address:
        set_address(one, address)
    one.earn(minor, "2026-11-02")
    return one


def earned(make: Making, minor: int = 3000, address: str = ADDRESS) -> Earner:
    """The same with a pending payout."""
    one = earning(make, minor, address)
    close("2026-11-16")
    return one


def set_address(one: Earner, address: str) -> None:
    partner = session.get_one(Partner, one.partner_id)
    with one.make.app.test_request_context():
        set_payout_method(partner, address, partner_payouts(), by=one.member, at=one.make.at)
    session.commit()


def upload(admin: Browser, text: str) -> Page:
    if not admin.token:
        admin.get("/payouts")
    fields = {"csrf_token": admin.token, "file": (io.BytesIO(text.encode()), "result.csv")}
    return admin.seen(admin.call("POST", "/payouts/results", data=fields, content_type="multipart/form-data"))


def test_a_partner_reads_its_payouts_and_statements(make: Making, browse: Browse) -> None:
    one = earned(make)
    payout = one.payouts[0]
    page = browse(one.member).get("/payouts")
    assert page.all("tr[data-payout] .num") == ["20 Nov", "$30.00"]
    assert "$30.00" in page.one(".cards").get_text()
    statement = browse(one.member).get(f"/payouts/{payout.id}")
    assert "p***@shop.example.org" in statement.words
    assert ADDRESS not in statement.words
    assert "Referral links and store transfers $0.00 $30.00 $30.00 $0.00" in statement.words
    assert not statement.soup.select("form[action$=payment]")


def test_lists_and_statements_are_exported(make: Making, browse: Browse) -> None:
    one = earned(make)
    member = browse(one.member)
    rows = list(csv.DictReader(io.StringIO(member.get("/payouts.csv").text.lstrip("\ufeff"))))
    assert [(row["Amount"], row["Currency"], row["To be paid on"]) for row in rows] == [("30.00", "USD", "2026-11-20")]
    assert member.call("GET", "/payouts.xlsx").data.startswith(b"PK")
    file = member.get(f"/payouts/{one.payouts[0].id}.csv").text
    assert "Store transfer,Share of the platform fee,2026-11-01,30.00,USD" in file


def test_sorting_and_filters_keep_to_the_own_payouts(make: Making, browse: Browse) -> None:
    other, one = earning(make, 7700), earned(make)
    one.earn(100, "2026-11-20")
    close("2026-12-01")
    for sort in ("due", "-due", "period", "-period", "amount", "-amount", "status", "-status", "partner", "nonsense"):
        page = browse(one.member).get(f"/payouts?sort={sort}&partner={other.partner_id}")
        assert page.one("#payouts-table")["data-total"] == "2"
        assert "77.00" not in page.words
    assert browse(one.member).get("/payouts?status=carried").one("#payouts-table")["data-total"] == "1"
    assert browse(one.member).get("/payouts?status=nonsense&page=x").status == 200


def test_every_page_of_many_payouts_is_found_by_every_column(make: Making, browse: Browse) -> None:
    for one in (Earner(make), Earner(make)):
        for month in range(1, 11):
            one.earn(3000, f"2026-{month:02}-04")
            one.earn(3000, f"2026-{month:02}-18")
    close("2026-11-16")
    pages = browse(make.admin())
    for sort in ("", *SORTED_BY, *(f"-{column}" for column in SORTED_BY)):
        seen, path = [], f"/payouts?sort={sort}"
        while path:
            page = pages.get(path)
            seen += [link["href"] for link in page.soup.select('#payouts-table tbody a[href^="/payouts/"]')]
            path = next((link["href"] for link in page.soup.select('a[title="Next page"]')), "")
        assert len(set(seen)) == len(seen) == 40, sort


def test_a_strangers_payout_answers_like_an_unknown_one(make: Making, browse: Browse) -> None:
    one, stranger = earned(make), Earner(make)
    theirs = one.payouts[0].id
    member = browse(stranger.member)
    for path in ("/payouts/{}", "/payouts/{}.csv"):
        assert member.get(path.format(theirs)).status == member.get(path.format(theirs + 1)).status == 404
    for wrong in ("x", "-1", "9" * 30):
        assert member.get(f"/payouts/{wrong}").status == 404


def test_without_the_permission_nothing_of_payouts_is_seen(make: Making, browse: Browse) -> None:
    one = earned(make)
    blind = browse(make.member(one.payouts[0].partner, frozenset({"view_referrals", "manage_members"})))
    for path in ("/payouts", f"/payouts/{one.payouts[0].id}", "/payouts/method", "/payouts.csv"):
        assert blind.get(path).status == 403
    assert "/payouts" not in str(blind.get("/").soup.select("nav, .cards"))
    rep = browse(make.rep())
    assert {rep.get("/payouts").status, rep.post("/payouts/results").status} == {403}
    member = browse(one.member)
    for path in (f"/payouts/{one.payouts[0].id}/payment", "/payouts/results"):
        assert member.post(path).status == 403


def test_the_home_page_tells_how_payouts_stand(make: Making, browse: Browse) -> None:
    one = earned(make)
    assert "Payouts pending $30.00 next on 20 Nov" in browse(one.member).get("/").words


def test_the_number_of_queries_does_not_grow_with_the_rows(make: Making, browse: Browse) -> None:
    one, admin = earned(make), browse(make.admin())
    statement = f"/payouts/{one.payouts[0].id}"
    paths = {"/payouts": admin, "/payouts.csv": admin, statement: browse(one.member)}
    few = {path: queries_of(browser, path) for path, browser in paths.items()}
    for _ in range(5):
        earning(make).earn(3000, "2026-11-20")
        one.earn(1, "2026-11-20")
    close("2026-12-01")
    session.execute(update(Earning).where(Earning.partner_id == one.partner_id).values(payout_id=one.payouts[0].id))
    session.commit()
    assert {path: queries_of(browser, path) for path, browser in paths.items()} == few


def test_the_address_is_set_with_the_password_and_told_to_all_who_manage(make: Making, browse: Browse) -> None:
    one = Earner(make)
    colleague = make.member(one_partner(one), frozenset({"manage_members"}))
    member = browse(one.member)
    wrong = member.post("/payouts/method", email="New@Shop.example.org", password="not it")
    assert (wrong.status, wrong.one('[name="email"]')["value"]) == (422, "new@shop.example.org")
    assert wrong.error("password")
    assert session.query(PayoutMethod).count() == 0
    assert member.post("/payouts/method", email="New@Shop.example.org", password=PASSWORD).status == 303
    method = session.get_one(PayoutMethod, one.partner_id)
    assert "shop.example.org" not in method.locked
    with make.app.test_request_context():
        assert partner_payouts().open(method.locked) == "new@shop.example.org"
    mails = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "payout_method_changed")).all()
    assert {mail.person_id for mail in mails} == {one.member.person_id, colleague.person_id}
    assert "n***@shop.example.org" in text_of(make, mails[0])
    assert "new@shop" not in str(session.scalars(select(AuditEntry.details)).all())
    assert "Pay-out address of a partner set" in browse(make.admin()).get("/audit").words


BAD_ADDRESSES = ["", "nonsense", "+tag@example.org", "=1@example.org", "-x@example.org", "x" * 300 + "@x.org"]


@pytest.mark.parametrize("typed", BAD_ADDRESSES)
def test_a_bad_address_is_told_beside_the_field(make: Making, browse: Browse, typed: str) -> None:
    one = Earner(make)
    page = browse(one.member).post("/payouts/method", email=typed, password=PASSWORD)
    assert (page.status, bool(page.error("email"))) == (422, True)


def test_who_does_not_manage_cannot_set_the_address(make: Making, browse: Browse) -> None:
    one = Earner(make, permissions=frozenset({"view_financials"}))
    member = browse(one.member)
    assert not member.get("/payouts/method").soup.select("[name=email]")
    assert member.post("/payouts/method", email=ADDRESS, password=PASSWORD).status == 403


def test_payouts_that_wait_for_an_address_get_it(make: Making) -> None:
    one = earned(make, address="")
    assert one.payouts[0].recipient == ""
    set_address(one, ADDRESS)
    first = one.payouts[0].recipient
    assert first
    set_address(one, "other@shop.example.org")
    assert one.payouts[0].recipient == first


def text_of(make: Making, mail: OutboxMessage) -> str:
    """A mail as its reader sees it."""
    with make.app.test_request_context():
        body = render_mail(mail).get_body(("plain",))
        assert body is not None
        return str(body.get_content())


def one_partner(one: Earner) -> Partner:
    return session.get_one(Partner, one.partner_id)


def test_the_file_for_paypal_has_its_header_and_one_payment_each(make: Making, browse: Browse) -> None:
    first, second = earning(make), earning(make, 123_456, "two@shop.example.org")
    earned(make, address="")
    admin = browse(make.admin())
    page = admin.get("/payouts")
    assert "1 partner has no pay-out address" in page.one("#batches").get_text()
    text = download(admin).text
    header, *rows = list(csv.reader(io.StringIO(text)))
    assert tuple(header) == HEADINGS
    assert rows == [
        [email, amount, "USD", f"P{one.payouts[0].id}", "2026-11-01 - 2026-11-15", "PayPal", "", "", "", ""]
        for one, email, amount in (
            (first, ADDRESS, "30.00"), (second, "two@shop.example.org", "1234.56"),
        )
    ]  # fmt: skip
    for path in ("2026-11-20/XXX.csv", "nonsense/USD.csv", "2026-13-01/USD.csv"):
        assert admin.post(f"/payouts/paypal/{path}").status == 404
    assert download(admin, "2026-11-21").text.strip() == text.splitlines()[0]


def download(admin: Browser, day: str = "2026-11-20", **typed: str) -> Page:
    return admin.post(f"/payouts/paypal/{day}/USD.csv", **typed)


def paid_in(text: str) -> list[str]:
    """The references of the payments in a file."""
    return [row[3] for row in csv.reader(io.StringIO(text))][1:]


def test_no_payout_is_in_two_files_unless_all_are_asked_for_again(make: Making, browse: Browse) -> None:
    first, late = earning(make), earned(make, address="")
    admin = browse(make.admin(name="Ada Admin"))
    assert not admin.get("/payouts").soup.select('#batches [name="again"]')
    assert admin.call("GET", "/payouts/paypal/2026-11-20/USD.csv").status_code == 405
    refs = [f"P{one.payouts[0].id}" for one in (first, late)]
    assert paid_in(download(admin).text) == refs[:1]
    assert paid_in(download(admin).text) == []
    shown = admin.get("/payouts").one("#batches").get_text()
    assert ("Last downloaded by Ada Admin" in shown, "PayPal CSV" in shown) == (True, False)
    set_address(late, "late@shop.example.org")
    assert "PayPal CSV" in admin.get("/payouts").one("#batches").get_text()
    assert paid_in(download(admin).text) == refs[1:]
    assert sorted(paid_in(download(admin, again="y").text)) == sorted(refs)
    assert "2 payouts have been in a file." in admin.get("/payouts").one("#batches").get_text()


@pytest.mark.skipif(not SAMPLE.exists(), reason="the public sample is not here")
def test_the_header_is_that_of_paypals_own_sample() -> None:
    assert ",".join(HEADINGS) == SAMPLE.read_text().strip()


def test_results_are_taken_from_a_file_and_repeating_it_changes_nothing(make: Making, browse: Browse) -> None:
    paid, failed, left, gone = earning(make), earning(make), earning(make), earned(make)
    ids = [one.payouts[0].id for one in (paid, failed, left, gone)]
    text = (
        "Reference ID,Status,Reason,Transaction ID\n"
        f"P{ids[0]},Completed,,TX-1\nP{ids[1]},FAILED,No such account,\nP{ids[2]},Unclaimed,,\n"
        f"P{ids[3]},maybe,,\nP77,paid,,\n,paid,,\n"
    )
    admin = browse(make.admin())
    page = upload(admin, text)
    assert page.all("#outcome .cards strong") == ["2", "0", "3"]
    assert page.all("#outcome tbody tr td:first-child") == ["5", "6", "7"]
    assert [one.payouts[0].status for one in (paid, failed, left, gone)] == ["paid", "failed", "pending", "pending"]
    assert (paid.payouts[0].reference, failed.payouts[0].error) == ("TX-1", "No such account")
    assert upload(admin, text).all("#outcome .cards strong") == ["0", "2", "3"]
    back = upload(admin, f"reference_id,status\nP{ids[0]},Returned\nP{ids[1]},paid\n")
    assert back.all("#outcome .cards strong") == ["1", "0", "1"]
    assert paid.balances == (3000, 0, -3000)


@pytest.mark.parametrize("text", ["", "a,b\n", "a,b\n1,2\n", "Reference ID\nP1\n", "\x00"])
def test_a_file_that_is_none_is_refused_with_a_sentence(make: Making, browse: Browse, text: str) -> None:
    page = upload(browse(make.admin()), text)
    assert (page.status, bool(page.error("file"))) == (422, True)
    assert browse(make.admin()).post("/payouts/results").status == 422


def test_administrators_decide_one_by_one(make: Making, browse: Browse) -> None:
    one = earned(make)
    payout_id = one.payouts[0].id
    admin = browse(make.admin())
    assert ADDRESS in admin.get(f"/payouts/{payout_id}").words
    assert admin.post(f"/payouts/{payout_id}/payment", reference="R-7").status == 303
    again = admin.post(f"/payouts/{payout_id}/payment", reference="R-8")
    assert (again.status, one.payouts[0].reference) == (422, "R-7")
    empty = admin.post(f"/payouts/{payout_id}/failure", reason=" ")
    assert (empty.status, bool(empty.error("reason"))) == (422, True)
    assert admin.post(f"/payouts/{payout_id}/failure", reason="Came back").status == 303
    assert one.told == [("2026-11-01", 3000, "failed")]
    told = browse(one.member).get(f"/payouts/{payout_id}").words
    assert "Came back" in told
    assert admin.post("/payouts/77/payment").status == 404


def test_mails_and_the_bell_tell_of_payouts(make: Making, browse: Browse) -> None:
    one = earned(make, address="")
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "payout_made")).one()
    assert "We do not know yet where to pay it" in text_of(make, mail)
    admin = browse(make.admin())
    admin.post(f"/payouts/{one.payouts[0].id}/payment")
    for mail in session.scalars(select(OutboxMessage).where(OutboxMessage.template.like("payout%"))):
        assert text_of(make, mail)
    note = session.scalars(select(Notification).where(Notification.template == "payout_paid")).one()
    member = browse(one.member)
    assert "$30.00 is paid" in member.get("/notifications").words
    opened = member.post(f"/notifications/{note.id}/reading")
    assert opened.headers["Location"] == f"/payouts/{one.payouts[0].id}"


def test_the_programme_page_sets_minimum_and_zone(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    for typed in ("-1", "x", "1.234", ""):
        assert admin.post("/programme", minimum_payout=typed).error("minimum_payout")
    assert admin.post("/programme", time_zone="Mars/Olympus").error("time_zone")
    assert admin.post("/programme", minimum_payout="100", time_zone="Europe/Warsaw").status == 303
    session.expire_all()
    found = programme()
    assert (found.minimum_payout_minor, found.time_zone, found.ownership_days) == (10_000, "Europe/Warsaw", 90)


def test_the_scheduler_closes_periods(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-01-05")
    jobs_of(make.app).payouts()
    assert one.told == [("2026-01-01", 3000, "pending")]
    assert session.query(Payout).count() == 1


def test_the_command_closes_what_has_ended(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Earner(make)
    one.earn(3000, "2026-01-05")
    monkeypatch.setattr("referrals.cli.payouts.application", lambda: make.app)
    session.rollback()
    told = json.loads(CliRunner().invoke(main, ["payouts", "close"], catch_exceptions=False).stdout)
    assert (told["closed"][0], told["statements"], told["waiting"]) == ("2026-01-01", 1, 0)
    assert one.told == [("2026-01-01", 3000, "pending")]
