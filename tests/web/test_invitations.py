"""Upgrade invitations in the browser: the partner's form, the owner's page, the staff's view (`SPEC §3`, P14)."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from referrals import jobs
from referrals.db import db, session
from referrals.invitations.answers import Evidence, accept
from referrals.invitations.models import Invitation
from referrals.invitations.operations import resend, revoke
from referrals.leads.models import Lead
from referrals.outbox.models import OutboxMessage
from referrals.web.emails import render_mail
from tests.inviting import BOX, DOMAIN, invitation_of, invited, link_of, mails, make_store
from tests.making import Making
from tests.web.browsing import Browser, Page

Browse = Callable[..., Browser]
FORM = {
    "contact_name": "Żaneta Wójcik",
    "contact_email": "zaneta@meble.example.org",
    "business_name": "Łódzkie Meble",
    "country": "PL",
    "store_domain": DOMAIN,
}
ELIGIBILITY = "/leads/new/plus/eligibility?store_domain="


def count(model: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model)) or 0


def without_chance(page: Page) -> str:
    """An answer without its form tokens, which differ from request to request."""
    headers = {name: value for name, value in page.headers.items() if name not in {"Set-Cookie", "Content-Length"}}
    return f"{page.status} {headers} " + re.sub(r'(csrf_token" value|X-CSRFToken)[^>]*>', "", page.text)


# --- The form ---


def test_the_form_says_whether_the_owner_can_be_invited(make: Making, browse: Browse) -> None:
    make_store(make)
    make_store(make, "closed.example.org", status="closed")
    browser = browse(make.member())
    ready = browser.fragment(ELIGIBILITY + DOMAIN)
    assert "<html" not in ready.text
    assert "can be upgraded at once" in ready.words
    assert ready.one('[name="send_invitation"]')["value"] == "y"
    assert ready.one('[name="invitation_message"]')
    for domain, words in (("new.example.org", "new to us"), ("closed.example.org", "not ready")):
        page = browser.fragment(ELIGIBILITY + domain)
        assert words in page.words
        assert not page.soup.select('[name="send_invitation"]')
    for nothing in ("", "no domain", "x" * 5000, "%F0%9F%92%A9", "%C3%28"):
        page = browser.fragment(ELIGIBILITY + nothing)
        assert page.status == 200
        assert not page.soup.select('[name="send_invitation"]')


def test_without_htmx_the_same_address_is_the_form_with_the_answer(make: Making, browse: Browse) -> None:
    make_store(make)
    page = browse(make.member()).get(ELIGIBILITY + DOMAIN)
    assert page.one("#lead-form #eligibility")
    assert page.one('[name="store_domain"]')["value"] == DOMAIN
    assert page.one('[name="send_invitation"]')


def test_without_javascript_a_button_asks_and_keeps_what_was_typed(make: Making, browse: Browse) -> None:
    make_store(make)
    browser = browse(make.member())
    assert browser.get("/leads/new/plus").one('noscript button[name="check"]')
    page = browser.post("/leads/new/plus", **FORM, check="y")
    assert page.status == 200
    assert page.one('[name="send_invitation"]')
    assert page.one('[name="contact_name"]')["value"] == FORM["contact_name"]
    assert count(Lead) == 0


def test_other_products_have_no_invitations(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    assert not browser.get("/leads/new/pos").soup.select("#eligibility")
    assert browser.get("/leads/new/pos/eligibility").status == 404
    assert browser.get("/leads/new/nothing/eligibility").status == 404


def test_another_partners_invitation_is_not_told_of(make: Making, browse: Browse) -> None:
    make_store(make)
    make_store(make, "closed.example.org", status="closed")
    invited(make, make.member())
    browser = browse(make.member())
    taken, closed = (browser.fragment(ELIGIBILITY + domain).text for domain in (DOMAIN, "closed.example.org"))
    assert taken == closed


def test_lead_and_invitation_come_from_one_form(make: Making, browse: Browse) -> None:
    make.rep(name="Rita Romero")
    make_store(make)
    browser = browse(make.member(email="anna@example.org"))
    answer = browser.post("/leads/new/plus", **FORM, send_invitation="y", invitation_message="Hello\n\nAnna")
    assert answer.status == 303
    page = browser.get(answer.headers["Location"])
    assert "Upgrade invitation sent" in page.all(".timeline strong")
    assert "Rita Romero" in page.words
    assert "zaneta@meble.example.org" not in " ".join(page.all("section.act")), "staff alone see who owns the store"
    assert "has your invitation to upgrade" in page.all(".next")[0]
    assert mails("lead_assigned") == []
    assert len(mails("upgrade_invitation")) == 1
    assert invitation_of(session.scalars(select(Lead)).one()).message == "Hello\n\nAnna"


def test_a_store_that_is_not_ready_says_so_and_keeps_everything(make: Making, browse: Browse) -> None:
    browser = browse(make.member())
    answer = browser.post("/leads/new/plus", **FORM, send_invitation="y", invitation_message="Hello")
    assert answer.status == 422
    assert "new to us" in answer.error("store_domain")
    assert answer.one('[name="contact_name"]')["value"] == FORM["contact_name"]
    assert (count(Lead), count(Invitation), count(OutboxMessage)) == (0, 0, 0)
    assert browser.post("/leads/new/plus", **FORM).status == 303


@pytest.mark.parametrize(("message", "sentence"), [("x" * 2001, "shorten this to 2000"), ("a\x00b", "cannot be shown")])
def test_a_bad_message_is_told_beside_it(make: Making, browse: Browse, message: str, sentence: str) -> None:
    make_store(make)
    browser = browse(make.member())
    answer = browser.post("/leads/new/plus", **FORM, send_invitation="y", invitation_message=message)
    assert answer.status == 422
    assert sentence in answer.error("invitation_message")
    assert answer.one('[name="send_invitation"]').has_attr("checked")
    assert count(Lead) == 0


def test_a_message_counts_with_an_invitation_alone(make: Making, browse: Browse) -> None:
    answer = browse(make.member()).post("/leads/new/plus", **FORM, invitation_message="x" * 3000)
    assert answer.status == 303


# --- The owner's page ---


def test_the_owner_reads_the_terms_in_their_language(make: Making, browse: Browse) -> None:
    make_store(make)
    lead = invited(make, make.member(make.partner("Studio North")), "Hello <b>there</b>")
    path = f"/invitations/{link_of(lead)}"
    page = browse(language="vi").get(path)
    assert page.status == 200
    assert page.one(".terms [lang]")["lang"] == "vi"
    assert "Điều bạn chấp nhận" in page.words
    page = browse(language="zh-CN").get(path)
    assert page.one(".terms [lang]")["lang"] == "zh-Hans"
    english = browse().get(path)
    assert "Studio North recommends" in english.words
    assert "Hello &lt;b&gt;there" in english.text
    assert english.headers["Cache-Control"] == "no-store"


def test_accepting_takes_a_tick(make: Making, browse: Browse) -> None:
    make_store(make)
    lead = invited(make, make.member())
    path, owner = f"/invitations/{link_of(lead)}", browse()
    for typed in ({}, {"accept_terms": ""}, {"accept_terms": "n"}):
        page = owner.post(f"{path}/acceptance", **typed)
        assert page.status == 422
        assert "Tick the box" in page.error("accept_terms")
    assert invitation_of(lead).status == "sent"
    answer = owner.post(f"{path}/acceptance", accept_terms="y", headers={"User-Agent": "Mozilla/5.0 (iPhone) Safari/1"})
    assert (answer.status, answer.headers["Location"]) == (303, "/invitations/accepted")
    assert "within 24 hours" in owner.get("/invitations/accepted").words
    invitation = invitation_of(lead)
    assert (invitation.status, invitation.terms_number) == ("accepted", 1)
    assert (invitation.accepted_ip, invitation.accepted_language) == ("127.0.0.1", "en")
    assert "iPhone" in invitation.accepted_agent


@pytest.mark.parametrize(("terms", "told"), [
    ({"terms": "1"}, "Accepted under version 1 of the terms"),
    ({"terms": ""}, "Accepted under version 1 of the terms, the one in force (no version sent)"),
    ({}, "Accepted under version 1 of the terms, the one in force (no version sent)"),
])  # fmt: skip
def test_the_timeline_says_whether_the_form_named_the_version(
    make: Making, browse: Browse, terms: dict[str, str], told: str
) -> None:
    rep, member = make.rep(), make.member()
    make_store(make)
    lead = invited(make, member)
    assert browse().post(f"/invitations/{link_of(lead)}/acceptance", accept_terms="y", **terms).status == 303
    entries = [" ".join(one.split()) for one in browse(rep).get(f"/leads/{lead.ref}").all(".timeline strong")]
    assert told in entries
    assert "Accepted under" not in browse(member).get(f"/leads/{lead.ref}").words


@pytest.mark.parametrize("terms", ["0", "2", "-1", "one"])
def test_a_version_that_was_never_in_force_is_not_accepted(make: Making, browse: Browse, terms: str) -> None:
    make_store(make)
    lead = invited(make, make.member())
    page = browse().post(f"/invitations/{link_of(lead)}/acceptance", accept_terms="y", terms=terms)
    assert (page.status, invitation_of(lead).status) == (422, "sent")


def test_terms_that_changed_are_shown_anew(make: Making, browse: Browse) -> None:
    make_store(make)
    lead = invited(make, make.member())
    path, owner = f"/invitations/{link_of(lead)}", browse()
    read = owner.get(path).one('[name="terms"]')["value"]
    admin = browse(make.admin())
    assert admin.post("/upgrade-terms/new", after="1", en="Quite other terms").status == 303
    page = owner.post(f"{path}/acceptance", accept_terms="y", terms=read)
    assert page.status == 422
    assert "Quite other terms" in page.words
    assert "read them again" in page.words
    assert owner.post(f"{path}/acceptance", accept_terms="y", terms=page.one('[name="terms"]')["value"]).status == 303
    assert invitation_of(lead).terms_number == 2


def test_declining(make: Making, browse: Browse) -> None:
    make.rep(email="rita@example.org")
    make_store(make)
    lead = invited(make, make.member())
    owner = browse()
    answer = owner.post(f"/invitations/{link_of(lead)}/decline")
    assert (answer.status, answer.headers["Location"]) == (303, "/invitations/declined")
    assert "stays as it is" in owner.get("/invitations/declined").words
    assert invitation_of(lead).status == "declined"
    assert mails("lead_to_evaluate") == ["rita@example.org"]


def dead_links(make: Making) -> dict[str, str]:
    """A link for each way in which one can be of no use."""
    make.rep()
    member, found = make.member(), {"unknown": "x" * 43, "short": "qzq", "odd": "qz%2e%2e", "long": "x" * 3000}
    for fate in ("accepted", "declined", "revoked", "expired", "resent", "closed"):
        store = make_store(make, f"{fate}.example.org")
        sent_at = make.at - timedelta(days=31) if fate == "expired" else make.at
        lead = invited(make, member, at=sent_at, domain=store.domain)
        found[fate], invitation = link_of(lead), invitation_of(lead)
        match fate:
            case "accepted":
                accept(found[fate], Evidence(), at=make.at)
            case "declined":
                from referrals.invitations.answers import decline

                decline(found[fate], at=make.at)
            case "revoked":
                revoke(invitation, by=member, at=make.at)
            case "resent":
                resend(invitation, box=BOX, by=member, at=make.at)
            case "closed":
                store.plan = "plus"
        session.commit()
    return found


def state() -> dict[str, list[Any]]:
    session.rollback()
    tables = [table.name for table in db.metadata.sorted_tables]
    return {name: list(session.execute(text(f"SELECT * FROM {name}"))) for name in tables}


@pytest.mark.parametrize("act", ["", "/acceptance", "/decline", "/opening"])
def test_every_dead_link_gets_one_and_the_same_answer(
    make: Making, browse: Browse, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    from referrals.web import invitations

    monkeypatch.setattr(invitations, "now", lambda: make.at)
    links, owner = dead_links(make), browse()
    before, answers = state(), {}
    for fate, token in links.items():
        path = f"/invitations/{token}{act}"
        page = owner.post(path, accept_terms="y") if act else owner.get(path)
        assert page.status == 404, fate
        answers[fate] = without_chance(page).replace(token, "TOKEN")
    assert len(set(answers.values())) == 1, answers.keys()
    assert "not good any more" in answers["unknown"]
    assert state() == before


def test_looking_at_a_link_changes_nothing(make: Making, browse: Browse) -> None:
    make_store(make)
    path = f"/invitations/{link_of(invited(make, make.member()))}"
    before = state()
    owner = browse()
    for method in ("GET", "HEAD", "GET", "OPTIONS"):
        assert owner.call(method, path).status_code == 200
    assert owner.call("GET", f"{path}/acceptance").status_code == 405
    assert state() == before


def test_a_browser_tells_that_it_is_open(make: Making, browse: Browse) -> None:
    make_store(make)
    lead = invited(make, make.member(email="anna@example.org"))
    path, owner = f"/invitations/{link_of(lead)}", browse()
    assert owner.get(path).one(f'[hx-post="{path}/opening"]')["hx-trigger"] == "load"
    assert owner.post(f"{path}/opening").status == 204
    assert mails("invitation_opened") == ["anna@example.org"]


def test_an_owner_whose_page_was_open_too_long_is_not_sent_to_the_login(make: Making, browse: Browse) -> None:
    make_store(make)
    path = f"/invitations/{link_of(invited(make, make.member()))}"
    owner, late = browse(), browse()
    owner.get(path)
    answer = late.call("POST", f"{path}/acceptance", data={"csrf_token": owner.token, "accept_terms": "y"})
    assert answer.status_code == 403
    assert "open too long" in answer.get_data(as_text=True)


def test_guessing_tokens_is_slowed_down(limited: Making) -> None:
    make_store(limited)
    lead = invited(limited, limited.member())
    guesser = Browser(limited)
    statuses = [guesser.get(f"/invitations/guess{number}").status for number in range(62)]
    assert statuses[:60] == [404] * 60
    assert statuses[60:] == [429, 429]
    assert guesser.get(f"/invitations/{link_of(lead)}").status == 429


def test_the_mail_speaks_the_owners_language_and_leads_to_the_terms(app: Flask, make: Making, browse: Browse) -> None:
    make_store(make, name="Łódzkie\r\nBcc: all@example.org")
    lead = invited(make, make.member(make.partner("Studio North")), "See you <script>x</script>")
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "upgrade_invitation")).one()
    mail.language = "en"
    with app.test_request_context():
        made = render_mail(mail)
    plain, html = (made.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert f"http://127.0.0.1:8000/invitations/{link_of(lead)}" in plain
    assert "Studio North recommends" in plain
    assert "> See you" in plain
    assert "<script>" not in html
    assert [name for name, _ in made.items() if name == "Bcc"] == []


def test_no_password_mail_reveals_the_link_to_reps(make: Making, browse: Browse) -> None:
    rep = make.rep()
    make_store(make)
    invited(make, make.member())
    mail_id = session.scalar(select(OutboxMessage.id).where(OutboxMessage.template == "upgrade_invitation"))
    assert browse(rep).get(f"/outbox/{mail_id}").status == 404
    assert browse(make.admin()).get(f"/outbox/{mail_id}").status == 200


# --- Partner and staff ---


def test_a_partner_invites_for_an_earlier_lead_sends_again_and_withdraws(make: Making, browse: Browse) -> None:
    make.rep(email="rita@example.org")
    member = make.member()
    lead = make.lead(member, store_domain=DOMAIN)
    partner = browse(member)
    here = f"/leads/{lead.ref}"
    assert not partner.get(here).soup.select(f'form[action="{here}/invitation"]')
    assert partner.post(f"{here}/invitation", message="Hello").status == 422
    make_store(make)
    assert partner.get(here).one(f'form[action="{here}/invitation"]')
    assert "shorten" in partner.post(f"{here}/invitation", message="x" * 2001).all("#invitation-error")[0]
    assert partner.post(f"{here}/invitation", message="Hello").status == 303
    assert "has your invitation to upgrade" in partner.get(here).all(".next")[0]
    first = link_of(lead)
    assert partner.post(f"{here}/invitation", message="Hello").status == 422
    assert partner.post(f"{here}/invitation/resending").status == 303
    assert link_of(lead) != first
    assert browse().get(f"/invitations/{first}").status == 404
    answer = partner.post(f"{here}/invitation/revocation", headers={"HX-Request": "true"})
    assert (answer.status, invitation_of(lead).status) == (200, "revoked")
    assert "Withdrawn" in answer.words
    assert "has your invitation to upgrade" not in answer.words
    again = partner.post(f"{here}/invitation/revocation")
    assert again.status == 422
    assert "ended already" in again.words
    assert mails("lead_to_evaluate") == ["rita@example.org"]


def test_staff_see_the_evidence_and_the_partner_does_not(make: Making, browse: Browse) -> None:
    rep, member = make.rep(), make.member()
    make_store(make)
    lead = invited(make, member)
    accept(link_of(lead), Evidence(1, "pl", "203.0.113.9", "Mozilla/5.0 (iPhone) Safari/1"), at=make.at)
    session.commit()
    staff, partner = browse(rep).get(f"/leads/{lead.ref}"), browse(member).get(f"/leads/{lead.ref}")
    for words in ("203.0.113.9", "Version 1", "Safari on iPhone", "zaneta@meble.example.org", "under version 1"):
        assert words in staff.words, words
        assert words not in partner.one(".timeline").get_text() + " ".join(partner.all("section.act")), words
    assert "Upgrade invitation accepted" in partner.all(".timeline strong")
    assert "The owner of the store" in partner.one(".timeline").get_text()
    assert "Awarded" in partner.all(".next .badge")


def test_staff_record_an_upgrade_and_partners_cannot(make: Making, browse: Browse) -> None:
    rep, member = make.rep(), make.member()
    store = make_store(make)
    lead = invited(make, member)
    path = f"/leads/{lead.ref}/upgrade"
    assert browse(rep).post(path).status == 422
    accept(link_of(lead), Evidence(), at=make.at)
    session.commit()
    assert browse(member).post(path).status == 403
    assert browse(rep).post(path).status == 303
    session.refresh(store)
    assert store.plan == "plus"
    assert "on Plus since" in browse(member).get(f"/leads/{lead.ref}").words


def test_strangers_reach_no_invitation(make: Making, browse: Browse) -> None:
    make_store(make)
    lead = invited(make, make.member())
    stranger = browse(make.member())
    for act in ("", "/revocation", "/resending"):
        known = stranger.post(f"/leads/{lead.ref}/invitation{act}")
        unknown = stranger.post(f"/leads/L-ZZZZZZZ/invitation{act}")
        assert without_chance(known) == without_chance(unknown)
        assert known.status == 404
    assert invitation_of(lead).status == "sent"


def test_invitation_kinds_can_be_switched_off(make: Making, browse: Browse) -> None:
    page = browse(make.member()).get("/account/notifications")
    assert "Upgrade invitations and their answers" in page.words


def test_the_jobs_see_to_it(app: Flask, make: Making) -> None:
    planned = {job.func.__name__ for job in jobs_of(app).scheduler().get_jobs()}
    assert {"upgrades", "invitations"} <= planned


def jobs_of(app: Flask) -> jobs.Jobs:
    from referrals.serving import jobs_of as made

    return made(app)
