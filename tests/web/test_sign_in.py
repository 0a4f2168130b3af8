"""Signing in and out, forgotten passwords, invitations, second factors, sessions, and what survives a lost session."""

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from referrals import create_app
from referrals.db import session
from referrals.leads.models import Lead
from referrals.outbox.models import OutboxMessage
from referrals.people.models import Draft, Membership, OneTimeLink, Person, SignIn
from referrals.people.operations import LinkSpent, make_link, use_link
from referrals.people.sign_in import SIGN_IN_LIFE
from referrals.web.emails import render_mail
from tests.conftest import config_for
from tests.leads.test_ownership import at_once
from tests.making import PASSWORD, Making
from tests.web.browsing import Browser

Browse = Callable[..., Browser]


def log_in(browser: Browser, email: str, password: str = PASSWORD, path: str = "/login") -> object:
    browser.get("/login")
    return browser.post(path, email=email, password=password)


def link_in_mail(browser: Browser, template: str) -> str:
    """The path of the link in the newest mail of this kind, as its recipient reads it."""
    session.rollback()
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.template == template).order_by(OutboxMessage.id.desc())
    ).first()
    assert message is not None
    with browser.app.test_request_context():
        text = render_mail(message).get_body(("plain",)).get_content()
    return re.search(r"http://127\.0\.0\.1:8000(/\S+)", text).group(1)


def test_a_member_logs_in_and_out(make: Making, browse: Browse) -> None:
    member = make.member(email="anna@example.org")
    browser = browse()
    assert browser.get("/leads").headers["Location"] == "/login?next=/leads".replace("/leads", "%2Fleads")
    answer = log_in(browser, " Anna@Example.org ", path="/login?next=/leads")
    assert (answer.status, answer.headers["Location"]) == (303, "/leads")
    assert browser.get("/leads").status == 200
    assert browser.get("/login").status == 303
    browser.post("/logout")
    assert browser.get("/leads").status == 303
    assert session.scalar(select(func.count()).select_from(SignIn).where(SignIn.revoked_at.is_(None))) == 0
    assert member.person_id


def test_a_wrong_password_and_an_unknown_account_answer_alike(make: Making, browse: Browse) -> None:
    make.member(email="anna@example.org")
    answers = []
    for email in ("anna@example.org", "nobody@example.org", "not an address"):
        page = log_in(browse(), email, "wrong password")
        assert page.status == 422
        assert page.one('[name="email"]')["value"] == email
        assert page.one('[name="password"]')["value"] == ""
        answers.append(page.error("password"))
    assert answers == ["E-mail or password is not right."] * 3


def test_several_memberships_are_chosen_from(make: Making, browse: Browse) -> None:
    member = make.member(make.partner("North"), email="anna@example.org")
    person = session.get_one(Person, member.person_id)
    south = make.partner("South")
    session.add(Membership(person_id=person.id, role="member", partner_id=south.id, created_at=make.at))
    session.commit()
    browser = browse()
    log_in(browser, "anna@example.org")
    assert browser.get("/").headers["Location"] == "/memberships"
    page = browser.get("/memberships")
    assert page.all("button strong") == ["North", "South"]
    browser.post("/memberships", membership=page.soup.select("button[name=membership]")[1]["value"])
    assert "South" in browser.get("/leads").all(".who small")
    assert browser.post("/memberships", membership="987654").status == 404


def test_a_suspended_member_is_out_at_once(make: Making, browse: Browse) -> None:
    partner = make.partner()
    boss, member = make.member(partner), make.member(partner)
    browser = browse(member)
    assert browser.get("/leads").status == 200
    browse(boss).post(f"/members/{member.membership_id}/suspension")
    assert browser.get("/leads").status == 303


def test_sign_ins_are_listed_and_can_be_ended(make: Making, browse: Browse) -> None:
    member = make.member()
    here, there = browse(member), browse(member)
    page = here.get("/account/sessions")
    assert len(page.all("ul.lines li")) == 2
    assert there.get("/leads").status == 200
    action = str(page.one("ul.lines form")["action"])
    assert here.post(action).status == 303
    assert there.get("/leads").status == 303
    assert here.get("/leads").status == 200


def test_a_sign_in_ends_by_itself(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    session.execute(update(SignIn).values(expires_at=make.at - SIGN_IN_LIFE))
    session.commit()
    assert browser.get("/leads").status == 303


def test_a_forgotten_password_is_replaced_by_a_link(make: Making, browse: Browse) -> None:
    member = make.member(email="anna@example.org")
    other = browse(member)
    browser = browse()
    known = browser.post("/password/forgotten", email="anna@example.org")
    unknown = browse().post("/password/forgotten", email="nobody@example.org")
    assert known.all("main p") == unknown.all("main p")
    path = link_in_mail(browser, "password_reset")
    assert browser.get(path).status == 200
    assert browser.get(path).status == 200
    assert browser.post(path, password="short").error("password")
    assert browser.post(path, password="a fresh passphrase").status == 303
    assert browser.post(path, password="another passphrase").status == 410
    assert other.get("/leads").status == 303
    assert log_in(browse(), "anna@example.org", "a fresh passphrase").status == 303
    assert log_in(browse(), "anna@example.org").status == 422


@pytest.mark.parametrize("path", ["/password/reset/%00", "/leads/%00", "/leads?q=%00", "/%00"])
def test_an_address_with_a_nul_is_a_request_we_cannot_read(browse: Browse, make: Making, path: str) -> None:
    assert browse(make.member()).get(path).status == 400


@pytest.mark.parametrize("token", ["x", "a.b", "eyJhIjoxfQ.abc", "%0A", "a" * 2000])
def test_a_foreign_token_gets_the_friendly_page(browse: Browse, make: Making, token: str) -> None:
    for path in ("/password/reset/", "/join/", "/account/email/"):
        page = browse().get(path + token)
        assert page.status == 410
        assert "This link has ended" in page.words


def test_a_token_of_another_purpose_is_none(make: Making, browse: Browse) -> None:
    make.member(email="anna@example.org")
    browser = browse()
    browser.post("/password/forgotten", email="anna@example.org")
    token = link_in_mail(browser, "password_reset").rpartition("/")[2]
    assert browser.get(f"/join/{token}").status == 410


def test_an_expired_link_is_spent(make: Making) -> None:
    link = make_link("reset", email="a@example.org", at=make.at)
    session.commit()
    with pytest.raises(LinkSpent):
        use_link(link.id, "reset", at=make.at + timedelta(hours=2))


def test_of_fifty_who_use_one_link_at_once_one_succeeds(app_on_both: Flask, make_on_both: Making) -> None:
    link = make_link("reset", email="a@example.org", at=make_on_both.at)
    session.commit()
    results = at_once(app_on_both, [lambda: use_link(link.id, "reset", at=make_on_both.at)] * 50)
    assert sorted(results) == ["LinkSpent"] * 49 + ["stored"]


def test_somebody_invited_joins_with_a_new_account(make: Making, browse: Browse) -> None:
    partner = make.partner("Studio Północ")
    boss = browse(make.member(partner))
    assert boss.post("/members", email="New@Example.org", view_referrals="y").status == 303
    assert "new@example.org" in boss.get("/members").words
    browser = browse(None, "pl")
    path = link_in_mail(browser, "invitation")
    before = session.scalar(select(func.count()).select_from(OneTimeLink).where(OneTimeLink.used_at.is_not(None)))
    assert "Studio Północ" in browser.get(path).words
    assert (
        session.scalar(select(func.count()).select_from(OneTimeLink).where(OneTimeLink.used_at.is_not(None))) == before
    )
    assert browser.post(path, name="", password="").status == 422
    assert browser.post(path, name="Nowa Osoba", password="a fresh passphrase").status == 303
    assert browser.get("/leads").status == 200
    joined = session.scalars(select(Membership).join(Person).where(Person.email == "new@example.org")).one()
    assert (joined.partner_id, joined.view_referrals, joined.manage_members) == (partner.id, True, False)
    assert session.get_one(Person, joined.person_id).seen_language == "pl"
    assert session.get_one(Person, joined.person_id).language is None
    assert browser.get(path).status == 410


def test_somebody_known_joins_with_their_password(make: Making, browse: Browse) -> None:
    known = make.member(make.partner("North"), email="anna@example.org")
    boss = browse(make.member(make.partner("South")))
    boss.post("/members", email="anna@example.org")
    browser = browse()
    path = link_in_mail(browser, "invitation")
    assert browser.post(path, password="wrong password").error("password")
    assert browser.post(path, password=PASSWORD).status == 303
    memberships = session.scalars(select(Membership).where(Membership.person_id == known.person_id)).all()
    assert len(memberships) == 2


def test_an_invitation_does_not_lead_past_the_second_factor(make: Making, browse: Browse) -> None:
    admin = make.admin(email="mira@example.org")
    browser = browse(admin)
    browser.post("/account/second-factor", password=PASSWORD)
    secret = browser.get("/account/second-factor").one("code.secret").get_text()
    browser.post("/account/second-factor/confirmation", code=pyotp.TOTP(secret).now())
    browse(make.member()).post("/members", email="mira@example.org")
    fresh = browse()
    answer = fresh.post(link_in_mail(fresh, "invitation"), password=PASSWORD)
    assert (answer.status, answer.headers["Location"]) == (303, "/login/second-factor")
    assert fresh.get("/people").status == 303
    assert fresh.get("/memberships").status == 303
    with time_machine.travel(make.at + timedelta(days=400), tick=False):
        fresh.post(link_in_mail(fresh, "invitation"), password=PASSWORD)
    assert len(session.scalars(select(Membership).where(Membership.person_id == admin.person_id)).all()) == 2


def test_an_invitation_leaves_those_of_others_alone(make: Making, browse: Browse) -> None:
    north, south = browse(make.member()), browse(make.member())
    north.post("/members", email="new@example.org")
    first = link_in_mail(north, "invitation")
    south.post("/members", email="new@example.org")
    assert browse().get(first).status == 200
    north.post("/members", email="new@example.org")
    assert browse().get(first).status == 410, "one's own earlier invitation ends"


def test_a_withdrawn_invitation_has_ended(make: Making, browse: Browse) -> None:
    boss = browse(make.member())
    page = boss.post("/members", email="new@example.org")
    path = link_in_mail(boss, "invitation")
    action = str(boss.get("/members").one('form[action*="withdrawal"]')["action"])
    assert page.status == boss.post(action).status == 303
    assert browse().get(path).status == 410


def test_the_last_manager_stays(make: Making, browse: Browse) -> None:
    boss = make.member()
    browser = browse(boss)
    page = browser.post(f"/members/{boss.membership_id}/permissions", view_referrals="y")
    assert page.status == 422
    assert "Somebody has to manage" in page.words
    assert browser.post(f"/members/{boss.membership_id}/departure").status == 422


def test_the_second_factor_is_asked_for_and_each_code_counts_once(make: Making, browse: Browse) -> None:
    rep = make.rep(email="rita@example.org")
    browser = browse(rep)
    browser.post("/account/second-factor", password=PASSWORD)
    secret = browser.get("/account/second-factor").one("code.secret").get_text()
    app = pyotp.TOTP(secret)
    assert browser.post("/account/second-factor/confirmation", code="000000").error("code")
    codes = browser.post("/account/second-factor/confirmation", code=app.now()).all("ul.codes code")
    assert len(codes) == 10
    fresh = browse()
    answer = log_in(fresh, "rita@example.org", path="/login?next=/leads")
    assert answer.headers["Location"] == "/login/second-factor"
    assert fresh.get("/leads").status == 303
    assert fresh.post("/login/second-factor", code=app.now()).status == 422, "the code that confirmed it was used"
    assert fresh.post("/login/second-factor", code=codes[0]).headers["Location"] == "/leads"
    again = browse()
    log_in(again, "rita@example.org")
    assert again.post("/login/second-factor", code=codes[0]).status == 422
    with time_machine.travel(make.at + timedelta(days=400), tick=False):
        log_in(again, "rita@example.org")
        assert again.post("/login/second-factor", code=pyotp.TOTP(secret).now()).status == 303
    assert browser.post("/account/second-factor/removal", code=codes[1]).error("password")
    assert browser.post("/account/second-factor/removal", password="wrong", code=codes[1]).error("password")
    removed = browser.post("/account/second-factor/removal", password=PASSWORD, code=codes[1])
    assert removed.status == 303
    assert log_in(browse(), "rita@example.org").headers["Location"] == "/"


def test_staff_must_set_up_a_second_factor_where_it_is_required(
    make: Making, template_database: Path, tmp_path: Path
) -> None:
    file = tmp_path / "required.db"
    shutil.copyfile(template_database, file)
    app = create_app(config_for(f"sqlite:///{file}", tmp_path, second_factor="required"))
    with app.app_context():
        strict = Making(app, make.at)
        staff, member = Browser(strict, strict.rep()), Browser(strict, strict.member())
        assert staff.get("/leads").headers["Location"] == "/account/second-factor"
        assert "needs a second factor" in staff.get("/account/second-factor").words
        assert member.get("/leads").status == 200


def test_what_was_typed_survives_a_lost_sign_in(make: Making, browse: Browse) -> None:
    make.member(email="anna@example.org")
    browser = browse()
    log_in(browser, "anna@example.org")
    browser.get("/leads/new/plus")
    session.execute(update(SignIn).values(revoked_at=make.at))
    session.commit()
    answer = browser.post("/leads/new/plus", business_name="Łódzkie Meble", notes="a\nb", sales_support="y")
    assert answer.headers["Location"] == "/login?next=%2Fleads%2Fnew%2Fplus"
    browser.token = ""
    log_in(browser, "anna@example.org", path="/login?next=/leads/new/plus")
    form = browser.get("/leads/new/plus")
    assert form.one('[name="business_name"]')["value"] == "Łódzkie Meble"
    assert form.one('[name="notes"]').get_text().strip().split() == ["a", "b"]
    assert form.one('[name="sales_support"]').has_attr("checked")
    assert session.scalar(select(func.count()).select_from(Lead)) == 0
    complete = {"contact_name": "A", "contact_email": "a@b.org", "business_name": "B", "country": "PL"}
    assert browser.post("/leads/new/plus", **complete).status == 303
    assert browser.get("/leads/new/plus").one('[name="business_name"]')["value"] == ""


def test_what_was_typed_survives_a_lost_cookie_too(make: Making, browse: Browse) -> None:
    make.member(email="anna@example.org")
    browser = browse()
    log_in(browser, "anna@example.org")
    token = browser.get("/leads/new/plus").token
    browser.client.delete_cookie("referrals")
    answer = browser.post("/leads/new/plus", csrf_token=token, business_name="Kept", headers={"HX-Request": "true"})
    assert answer.status == 204
    assert answer.headers["HX-Redirect"] == "/login?next=%2Fleads%2Fnew%2Fplus"
    browser.token = ""
    log_in(browser, "anna@example.org")
    assert browser.get("/leads/new/plus").one('[name="business_name"]')["value"] == "Kept"


def test_what_was_typed_is_shown_to_nobody_else(make: Making, browse: Browse) -> None:
    make.member(email="anna@example.org")
    make.member(email="tom@example.org")
    browser = browse()
    log_in(browser, "anna@example.org")
    browser.get("/leads/new/plus")
    session.execute(update(SignIn).values(revoked_at=make.at))
    session.commit()
    browser.post("/leads/new/plus", business_name="Of Anna")
    browser.token = ""
    log_in(browser, "tom@example.org")
    assert browser.get("/leads/new/plus").one('[name="business_name"]')["value"] == ""


def test_nobody_fills_the_database_with_drafts(limited: Making) -> None:
    token = Browser(limited).get("/login").token
    statuses = [
        limited.client().post("/leads/new/plus", data={"csrf_token": token, "notes": f"{number}"}).status_code
        for number in range(70)
    ]
    assert statuses == [303] * 60 + [429] * 10
    assert session.scalar(select(func.count()).select_from(Draft)) == 60


def test_a_password_and_an_email_are_changed_with_the_present_password(make: Making, browse: Browse) -> None:
    member = make.member(email="anna@example.org")
    browser, other = browse(member), browse(member)
    assert browser.post("/account/password", password="wrong", new_password="a fresh passphrase").error("password")
    assert browser.post("/account/password", password=PASSWORD, new_password="password1").error("new_password")
    assert browser.post("/account/password", password=PASSWORD, new_password="a fresh passphrase").status == 303
    assert other.get("/leads").status == 303
    assert browser.get("/leads").status == 200
    assert browser.post("/account/email", email="new@example.org", password=PASSWORD).error("password")
    assert browser.post("/account/email", email="new@example.org", password="a fresh passphrase").status == 200
    path = link_in_mail(browser, "email_change")
    assert browser.get(path).status == 200
    assert session.get_one(Person, member.person_id, populate_existing=True).email == "anna@example.org"
    assert browser.post(path).status == 303
    session.rollback()
    assert session.get_one(Person, member.person_id, populate_existing=True).email == "new@example.org"


def test_passwords_cannot_be_tried_for_ever(limited: Making) -> None:
    limited.member(email="anna@example.org")
    limited.member(email="piotr@example.org")
    browser = Browser(limited)
    answers = [log_in(browser, "anna@example.org", "wrong password").status for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert log_in(browser, "anna@example.org").status == 429
    assert log_in(browser, "piotr@example.org").status == 303


def test_a_person_submits_sixty_leads_a_minute_at_most(limited: Making) -> None:
    browser = Browser(limited, limited.member())
    answers = [browser.post("/leads/new/plus").status for _ in range(60)]
    assert answers == [422] * 60
    refused = browser.post("/leads/new/plus", business_name="Kept")
    assert refused.status == 429
    back = str(refused.one("main a.primary")["href"])
    assert browser.get(back).one('[name="business_name"]')["value"] == "Kept"
