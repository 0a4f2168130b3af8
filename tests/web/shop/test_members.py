"""Who may act for a shop, how a shop is made, and what it is called (`SPEC §1`)."""

import re

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.outbox.models import OutboxMessage
from referrals.people.models import Membership, Person
from referrals.people.queries import find_person_by_email
from referrals.shops.models import Shop
from referrals.shops.queries import find_shop, hosts_of
from referrals.web.emails import render_mail
from tests.making import PASSWORD, Making
from tests.web.browsing import Browser
from tests.web.shop.market import CANARY, Market

NEW = {
    "name": "North", "slug": "north-shop", "currency": "cny", "hosts": "north.example.org\r\n\r\nwww.north.example.org",
    "email": "Wei@north.example.org",
}  # fmt: skip


def mail_to(email: str) -> str:
    """The last mail to somebody, as text."""
    session.rollback()
    sent = session.scalars(
        select(OutboxMessage).where(OutboxMessage.to_email == email).order_by(OutboxMessage.id.desc())
    ).first()
    assert sent is not None
    mail = render_mail(sent)
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def accept(make: Making, email: str, **fields: str) -> Browser:
    """Follow the link in the last invitation to somebody."""
    with make.app.test_request_context():
        found = re.search(r"/join/\S+", mail_to(email))
    assert found
    browser = Browser(make)
    page = browser.get(found.group())
    assert browser.post(found.group(), **fields).status == 303, page.words
    return browser


def membership_of(email: str) -> Membership:
    session.rollback()
    person = find_person_by_email(email)
    assert person is not None
    return session.scalars(select(Membership).where(Membership.person_id == person.id)).one()


def test_an_administrator_makes_a_shop_whose_first_member_runs_it(make: Making) -> None:
    admin = Browser(make, make.admin(name="Ada"))
    page = admin.post("/shops", **NEW)
    assert page.headers["Location"] == "/shops/north-shop"
    with make.app.test_request_context():
        assert "Ada invites you to North." in mail_to("wei@north.example.org")
    merchant = accept(make, "wei@north.example.org", name="Wei Li", password=PASSWORD)
    assert merchant.get("/").headers["Location"] == "/shops/north-shop"
    made = membership_of("wei@north.example.org")
    assert (made.role, made.manage, made.finance) == ("merchant", True, True)
    shop = find_shop("north-shop")
    assert shop is not None
    assert (shop.currency, list(hosts_of(shop.id))) == ("CNY", ["north.example.org", "www.north.example.org"])


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("slug", "North Shop", "small Latin letters"),
        ("slug", "taken", "already a shop"),
        ("currency", "QQQ", "code of a currency"),
        ("hosts", "taken.example.org", "Another shop"),
        ("hosts", "not a host", "domain"),
        ("hosts", " \n ", "fill this in"),
        ("email", "nobody", "e-mail"),
        ("name", "", "fill this in"),
    ],
)
def test_a_shop_that_cannot_be_made_leaves_nothing(make: Making, field: str, typed: str, sentence: str) -> None:
    admin = Browser(make, make.admin())
    admin.post("/shops", **NEW | {"slug": "taken", "hosts": "taken.example.org"})
    page = admin.post("/shops", **NEW | {"name": "Nord", field: typed})
    assert page.status == 422
    assert sentence.lower() in page.error(field).lower()
    if field != "name":
        assert page.one("#name")["value"] == "Nord"
    session.rollback()
    assert session.query(Shop).count() == 1


def test_only_administrators_make_shops(market: Market, merchant: Browser, make: Making) -> None:
    assert merchant.post("/shops", **NEW).status == 403
    assert "New shop" not in merchant.get("/shops").words
    assert Browser(make, make.rep()).post("/shops", **NEW).status == 403


def test_a_colleague_is_invited_and_may_what_was_ticked(market: Market, merchant: Browser, make: Making) -> None:
    assert merchant.post(f"{market.base}/members", email="mei@example.org", finance="y").status == 303
    assert "mei@example.org" in merchant.get(f"{market.base}/members").words
    with make.app.test_request_context():
        assert f"invites you to {market.stall.shop.name}." in mail_to("mei@example.org")
    colleague = accept(make, "mei@example.org", name="Mei", password=PASSWORD)
    made = membership_of("mei@example.org")
    assert (made.manage, made.finance) == (False, True)
    assert colleague.get(f"{market.base}/balance").status == 200
    assert colleague.get(f"{market.base}/members").status == 403
    assert "Members" not in colleague.get(market.base).all("nav.side a")
    assert "mei@example.org" not in merchant.get(f"{market.base}/members").all("section .lines strong")


def test_somebody_with_an_account_joins_with_its_password(market: Market, merchant: Browser, make: Making) -> None:
    known = make.member(email="known@example.org")
    merchant.post(f"{market.base}/members", email="known@example.org", manage="y")
    accept(make, "known@example.org", password=PASSWORD)
    session.rollback()
    roles = session.scalars(select(Membership.role).where(Membership.person_id == known.person_id)).all()
    assert sorted(roles) == ["member", "merchant"]


def test_the_invited_are_no_staff(market: Market, merchant: Browser, make: Making) -> None:
    merchant.post(f"{market.base}/members", email="mei@example.org", manage="y")
    assert "mei@example.org" not in Browser(make, make.admin()).get("/people").words


def test_an_invitation_to_one_shop_ends_no_other(market: Market, merchant: Browser, make: Making) -> None:
    admin = Browser(make, make.admin())
    admin.post("/shops", **NEW | {"email": "mei@example.org"})
    merchant.post(f"{market.base}/members", email="mei@example.org", manage="y")
    admin.post("/people", email="mei@example.org", role="rep")
    assert "mei@example.org" in admin.get("/shops/north-shop/members").words
    assert "mei@example.org" in admin.get(f"{market.base}/members").words
    assert "mei@example.org" in admin.get("/people").words


def test_an_invitation_is_withdrawn(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/members/invitations/{market.ids['link_id']}/withdrawal"
    assert merchant.post(path).status == 303
    assert f"{CANARY}@invited".lower() not in merchant.get(f"{market.base}/members").words
    assert merchant.post(path).status == 404


def test_an_invitation_needs_an_address(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/members", email="nobody", finance="y")
    assert page.status == 422
    assert page.error("email")
    assert page.one("#finance").has_attr("checked")


@pytest.mark.parametrize("step", ["permissions", "suspension", "departure"])
def test_the_last_who_manages_a_shop_stays(market: Market, merchant: Browser, make: Making, step: str) -> None:
    market.stall.shops.merchant(market.stall.shop, frozenset({"finance"}))
    path = f"{market.base}/members/{market.ids['membership_id']}"
    page = merchant.post(f"{path}/{step}", finance="y")
    assert page.status == 422
    assert "Somebody has to manage" in page.words
    session.rollback()
    kept = session.get_one(Membership, int(market.ids["membership_id"]))
    assert (kept.status, kept.manage) == ("active", True)


def test_who_hands_over_may_go(market: Market, merchant: Browser) -> None:
    other = market.stall.shops.merchant(market.stall.shop, frozenset())
    assert merchant.post(f"{market.base}/members/{other.membership_id}/permissions", manage="y").status == 303
    own = merchant.post(f"{market.base}/members/{market.ids['membership_id']}/permissions", finance="y")
    assert own.headers["Location"] == market.base
    assert merchant.get(f"{market.base}/members").status == 403


def test_who_is_suspended_is_signed_out_and_comes_back(market: Market, merchant: Browser, make: Making) -> None:
    other = market.stall.shops.merchant(market.stall.shop, frozenset({"finance"}))
    browser = Browser(make, other)
    path = f"{market.base}/members/{other.membership_id}"
    assert browser.get(market.base).status == 200
    assert merchant.post(f"{path}/suspension").status == 303
    assert "/login" in browser.get(market.base).headers["Location"]
    assert "Suspended" in merchant.get(path).words
    assert merchant.post(f"{path}/return").status == 303
    assert Browser(make, other).get(market.base).status == 200


def test_salespeople_are_no_members_of_the_merchant(market: Market, merchant: Browser) -> None:
    seller = market.stall.shops.seller(market.stall.salesperson)
    assert merchant.get(f"{market.base}/members/{seller.membership_id}").status == 404
    assert "Xiaolong" not in merchant.get(f"{market.base}/members.csv").text


def test_staff_pages_do_not_take_merchants_for_staff(market: Market, make: Making) -> None:
    admin = Browser(make, make.admin())
    assert admin.get(f"/people/{market.ids['membership_id']}").status == 404


def test_the_shop_is_called_otherwise_and_lives_elsewhere(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/facts", name="Tea house", time_zone="Asia/Shanghai")
    assert page.status == 303
    assert "Tea house" in merchant.get(market.base).all("nav.side p")
    session.rollback()
    shop = session.get_one(Shop, market.stall.shop.id)
    assert (shop.name, shop.time_zone) == ("Tea house", "Asia/Shanghai")


@pytest.mark.parametrize(("field", "typed"), [("name", ""), ("name", "x" * 201), ("time_zone", "Mars/Olympus")])
def test_odd_facts_are_kept_with_their_sentence(market: Market, merchant: Browser, field: str, typed: str) -> None:
    page = merchant.post(f"{market.base}/facts", **{"name": "Tea", "time_zone": "Asia/Tokyo", field: typed})
    assert page.status == 422
    assert page.error(field)
    session.rollback()
    assert session.get_one(Shop, market.stall.shop.id).time_zone == "UTC"


def test_names_are_not_told_to_strangers(market: Market, make: Making) -> None:
    other = Browser(make, market.stall.shops.merchant(market.stall.shops.shop("other")))
    person = session.get_one(Person, market.merchant.person_id)
    assert str(person.email) not in other.get("/shops/other/members").text
    assert CANARY not in other.get(f"/shops/other/members?q={CANARY}").text.replace(f'value="{CANARY}"', "")
