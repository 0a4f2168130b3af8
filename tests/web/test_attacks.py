"""What somebody hostile sends: to the pages, to mails, to the stored texts."""

import base64
import email
import email.policy
import json
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from referrals.db import session
from referrals.leads.operations import change_status
from referrals.outbox.models import OutboxMessage
from referrals.people.models import OneTimeLink, Person
from referrals.people.operations import make_link
from referrals.web.emails import render_mail
from referrals.web.limits import limiter
from tests.making import PASSWORD, Making
from tests.web.browsing import Browser
from tests.web.test_sign_in import link_in_mail, log_in

Browse = Callable[..., Browser]
MARKUP = """<div class="canary" hx-post="/people" hx-trigger="load">&lt;"'</div>"""
ENCODED = "=?utf-8?q?a=0d=0aBcc:_evil@example.org=0d=0a=0d=0aPlease_pay?="


def test_stored_text_is_shown_as_text_wherever_it_stands(make: Making, browse: Browse) -> None:
    rep, admin, member = make.rep(), make.admin(), make.member()
    boss = browse(admin)
    boss.post("/products/new", code="canary", name=MARKUP[:60], flow="bounty", active="y")
    boss.post("/reasons/new", code="canary", label=MARKUP[:60], sentence=MARKUP, active="y")
    boss.post("/products/plus/texts/en", submitted_1=MARKUP)
    lead = make.lead(member, business_name=MARKUP, contact_name=MARKUP, notes=MARKUP)
    change_status(lead, "ineligible", reason="other", text=MARKUP, by=rep, at=make.at)
    session.commit()
    browse(member).post(f"/leads/{lead.ref}/appeal", text=MARKUP)
    paths = [
        "/", "/leads", f"/leads/{lead.ref}", "/leads/new", "/leads/new/plus", "/leads/new/canary", "/appeals",
        "/reasons", "/reasons/canary", "/products", "/products/canary", "/products/plus/texts/en",
        "/notifications", "/outbox", "/people", "/partners", "/audit",
    ]  # fmt: skip
    seen = 0
    for actor in (member, admin, rep):
        for path in paths:
            page = browse(actor).get(path)
            assert page.soup.select(".canary") == [], (path, actor.role)
            seen += "canary" in page.text
    assert seen > 10, "the markup was there to be seen"


def test_names_and_subjects_put_nothing_into_the_head_of_a_mail(make: Making) -> None:
    make.rep(name=ENCODED)
    make.lead(make.member(name=ENCODED), business_name=ENCODED)
    mails = session.scalars(select(OutboxMessage)).all()
    assert len(mails) == 2
    for message in mails:
        with make.app.test_request_context():
            sent = email.message_from_bytes(render_mail(message).as_bytes(), policy=email.policy.default)
        assert sent["Bcc"] is None
        assert set(sent.keys()) >= {"Subject", "From", "To", "Date", "Message-ID"}
        assert "evil@example.org" not in [address.addr_spec for address in sent["To"].addresses]


@pytest.mark.parametrize(
    "address", ["=?utf-8?q?x?=@example.org", "é@example.org", "用户@example.org", "ａ@example.org"]
)
def test_nobody_is_invited_at_an_address_that_mails_cannot_bear(make: Making, browse: Browse, address: str) -> None:
    assert browse(make.member()).post("/members", email=address).error("email")
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


@pytest.mark.parametrize("body", [[1], "x", 1, {"email": 1, "password": 2}, None])
@pytest.mark.parametrize(
    "path", ["/login", "/password/forgotten", "/account", "/account/password", "/account/email", "/members", "/keys"]
)
def test_json_is_no_form(make: Making, path: str, body: object) -> None:
    browser = Browser(make, make.member())
    browser.get("/account")
    answer = browser.client.post(path, json=body, headers={"X-CSRFToken": browser.token})
    assert answer.status_code in {303, 422}


def odd_cursor(key: object) -> str:
    return base64.urlsafe_b64encode(json.dumps([0, key, 1, 1]).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "key", ["\ud800", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "", 2**70, None, {}, 1.5]
)
def test_an_odd_cursor_is_the_first_page(make: Making, browse: Browse, key: object) -> None:
    admin = make.admin()
    make.lead(make.member())
    for path in ("/leads?sort=business_name&", "/leads?", "/people?", "/audit?", "/outbox?"):
        assert browse(admin).get(f"{path}page={odd_cursor(key)}").status == 200


def test_days_at_the_ends_of_time_filter_nothing(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        browser.client.set_cookie("tz", zone)
        for day in ("0001-01-01", "9999-12-31"):
            assert browser.get(f"/leads?from={day}&to={day}").status == 200


@pytest.mark.parametrize("header", ["Origin", "Referer"])
def test_an_address_that_is_none_is_a_foreign_one(make: Making, header: str) -> None:
    browser = Browser(make, make.member())
    browser.get("/account")
    answer = browser.client.post(
        "/language", data={"csrf_token": browser.token, "language": "pl"}, headers={header: "http://["}
    )
    assert answer.status_code == {"Origin": 403, "Referer": 303}[header]


def test_an_email_change_ends_with_a_new_password(make: Making, browse: Browse) -> None:
    member = make.member(email="anna@example.org")
    intruder = browse(member)
    intruder.post("/account/email", email="evil@example.org", password=PASSWORD)
    path = link_in_mail(intruder, "email_change")
    make_link("reset", person_id=member.person_id, email="anna@example.org", at=make.at)
    session.commit()
    browse(member).post("/account/password", password=PASSWORD, new_password="a fresh passphrase")
    assert browse().post(path).status == 410
    open_links = select(func.count()).select_from(OneTimeLink).where(OneTimeLink.revoked_at.is_(None))
    assert session.scalar(open_links) == 0
    assert session.get_one(Person, member.person_id, populate_existing=True).email == "anna@example.org"


def test_an_account_is_one_however_it_is_spelt(limited: Making) -> None:
    limited.member(email="tom@example.org")
    limiter.reset()
    spellings = ["tom@example.org", "TOM@example.org", "tom@ｅxample.org", " tom@EXAMPLE.org"]
    statuses = [log_in(Browser(limited), spellings[n % 4], "wrong").status for n in range(12)]
    assert statuses == [422] * 10 + [429] * 2
