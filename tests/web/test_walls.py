"""Walls (P13): a stranger's thing and an unknown thing answer alike, on every route there is, for every role."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.routing import Rule

from referrals.db import db, session
from referrals.earnings.models import Earning
from referrals.earnings.operations import report_revenue
from referrals.leads.catalogue import get_product
from referrals.leads.models import LeadConflict
from referrals.links.sharing import welcome
from referrals.outbox.endpoints import add_endpoint
from referrals.outbox.hook_events import EVENTS
from referrals.outbox.hooks import announce
from referrals.outbox.models import HookDelivery, Notification, OutboxMessage
from referrals.partners.referrals import record_referral
from referrals.payouts.operations import PayoutTerms, make_statement
from referrals.payouts.rules import period_of
from referrals.people.models import Person
from referrals.people.operations import make_link
from referrals.people.queries import keys_of_partner, open_sign_ins
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key, open_sign_in
from referrals.transfer.operations import upload
from referrals.web.members import public_id
from referrals.web.security import SAFE_METHODS
from referrals.web.tokens import token_for
from tests.making import Making
from tests.stores.making import draft
from tests.web.browsing import Browser
from tests.web.shop.market import open_market, webhook_box

CANARY = "Zyzzyva"
UNLIMITED = PayoutTerms(ZoneInfo("UTC"), 0, "USD")
NUMBERED = (
    "membership_id key_id notification_id partner_id conflict_id message_id import_id sign_in_id rule_id earning_id "
    "referral_id store_id hook_id call_id payout_id"
).split()
IN_SHOPS = (
    "commission_id withdrawal_id order_id run_id delivery_id salesperson_id group_id product_id group_buy_id "
    "material_id question_id shop_hook_id shop_call_id"
).split()
OF_SHOPS = {"merchant elsewhere", "salesperson elsewhere", "salesperson beside"}
UNKNOWN = dict.fromkeys(NUMBERED + IN_SHOPS, "987654") | {
    "ref": "L-ZZZZZZZ", "link_id": "no-such-link", "token": "no-such-token", "shared": "zzzzzzzzzz",
}  # fmt: skip
# Named by everybody: products, reasons and languages belong to nobody.
SHARED = {
    "code": "plus",
    "language": "th",
    "kind": "csv",
    "step": "suspension",
    "source": "shopify",
    "filename": "css/app.css",
}
OF_CHANCE = {"Set-Cookie", "Date", "Content-Length"}
WITHOUT_TOKEN = ("/api/", "/static/", "/webhooks/", "/badge/")


@dataclass
class World:
    """A stranger's things, and browsers of those who must not learn of them."""

    app: Flask
    strangers: dict[str, str]
    browsers: dict[str, Browser]
    insiders: dict[str, Browser]
    slug: str


@pytest.fixture
def world(make: Making) -> World:
    partner = make.partner(f"{CANARY} Agency")
    stranger = make.member(partner, name=f"{CANARY} Person", email=f"{CANARY}@stranger.example.org".lower())
    lead = make.lead(stranger, business_name=f"{CANARY} Shop", contact_name=CANARY, website_url="https://z.example.org")
    rival = make.lead(make.member(), website_url="https://z.example.org")
    person = session.get_one(Person, stranger.person_id)
    open_sign_in(person, at=make.at)
    make_key("partner", partner_id=partner.id, name=CANARY, scopes=["leads"], by=stranger, at=make.at)
    referral = record_referral(
        partner, "affiliate_link", merchant=f"{CANARY} Store", domain="zyzzyva.example.org", plan=CANARY.lower(),
        referred_at=make.at, currency="USD", by=stranger, at=make.at,
    )  # fmt: skip
    store = draft(make, stranger, "zyzzyva-draft.example.org", name=CANARY, owner_name=CANARY)
    report_revenue(
        referral, external_id=CANARY, month=make.at.date(), kind="platform_fee", amount_minor=100, currency="USD",
        by=SYSTEM, at=make.at,
    )  # fmt: skip
    payout = make_statement(partner.id, "USD", period_of(make.at.date()), UNLIMITED, by=SYSTEM, at=make.at)
    assert payout is not None
    link = make_link(
        "join", email="x@stranger.example.org", details={"partner_id": partner.id, "permissions": []}, at=make.at
    )
    session.add(Notification(person_id=person.id, kind="status", template="lead_status", params={}, created_at=make.at))
    hook, _ = add_endpoint(
        ("partner", partner.id), f"https://{CANARY.lower()}.example.org", EVENTS, webhook_box(make),
        by=stranger, at=make.at,
    )  # fmt: skip
    announce("lead.submitted", {"business_name": CANARY}, owner=("partner", partner.id), at=make.at)
    admin = make.admin()
    run = upload(partner, get_product("plus"), "f.csv", b"business_name\nX\n", by=admin, at=make.at)
    market = open_market(make)
    stall, shops = market.stall, market.stall.shops
    away = shops.shop()
    session.commit()
    # The merchant elsewhere asks for strangers' things in their own shop.
    strangers = {name: market.ids[name] for name in IN_SHOPS} | {
        "slug": away.slug,
        "shared": welcome(stall.salesperson, at=make.at).code,
        "ref": lead.ref,
        "membership_id": str(stranger.membership_id),
        "key_id": str(keys_of_partner(partner.id)[0].id),
        "notification_id": str(session.query(Notification).filter_by(person_id=person.id).first().id),
        "link_id": public_id(link),
        "partner_id": str(partner.id),
        "conflict_id": str(session.query(LeadConflict).filter_by(lead_id=rival.id).one().id),
        "message_id": str(session.query(OutboxMessage).first().id),
        "import_id": str(run.id),
        "referral_id": str(referral.id),
        "store_id": str(store.id),
        "payout_id": str(payout.id),
        "sign_in_id": str(open_sign_ins(person.id, at=make.at)[0].id),
        "rule_id": "1",
        "earning_id": str(session.query(Earning).one().id),
        "hook_id": str(hook.id),
        "call_id": str(session.query(HookDelivery).filter_by(endpoint_id=hook.id).one().id),
    }
    browsers = {
        "member": Browser(make, make.member()),
        "member without permissions": Browser(make, make.member(permissions=frozenset())),
        "colleague without permissions": Browser(make, make.member(partner, permissions=frozenset())),
        "merchant elsewhere": Browser(make, shops.merchant(away)),
        "salesperson elsewhere": Browser(make, shops.seller(shops.salesperson(away))),
        "salesperson beside": Browser(make, shops.seller(stall.other)),
        "nobody": Browser(make),
    }
    insiders = {
        "merchant": Browser(make, market.merchant),
        "salesperson": Browser(make, shops.seller(stall.salesperson)),
    }
    return World(make.app, strangers, browsers, insiders, market.ids["slug"])


def routes(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def address(app: Flask, rule: Rule, values: dict[str, str]) -> str:
    filled: dict[str, Any] = {}
    if shared_by_somebody(rule):
        values = {**values, "code": values.get("shared", "zzzzzzzzzz")}
    for name in rule.arguments:
        value = values.get(name, SHARED.get(name, "987654"))
        offered = getattr(rule._converters[name], "items", None)
        value = min(offered) if offered and value not in offered else value
        filled[name] = int(value) if type(rule._converters[name]).__name__ == "IntegerConverter" else value
    with app.test_request_context():
        built = app.url_map.bind("").build(rule.endpoint, filled, method=next(iter(rule.methods or {"GET"})))
    return str(built)


def shared_by_somebody(rule: Rule) -> bool:
    """Whether the code in an address is that of a salesperson's link, on pages that are theirs alone."""
    return "code" in rule.arguments and rule.rule.startswith("/sell/")


def without_chance(page: Any) -> str:
    """An answer without what differs from request to request."""
    body = re.sub(r'(csrf_token" value|X-CSRFToken)[^>]*>', "", page.text)
    headers = {name: value for name, value in page.headers.items() if name not in OF_CHANCE}
    return f"{page.status} {headers} {body}"


def without_address(path: str, text: str) -> str:
    """The text without the address that was asked for, since an answer may repeat it (the way back after a login)."""
    return text.replace(path, "ADDRESS").replace(quote(path, safe=""), "ADDRESS")


def test_a_strangers_id_answers_like_an_unknown_one_on_every_route(world: World) -> None:
    checked = 0
    for rule, method in routes(world.app):
        names_something = rule.arguments & (world.strangers.keys() - {"slug"}) or shared_by_somebody(rule)
        if not names_something or rule.rule.startswith(WITHOUT_TOKEN):
            continue
        for role, browser in world.browsers.items():
            if role == "colleague without permissions" and "partner_id" in rule.arguments:
                continue
            if rule.rule.startswith("/shops/") and role not in OF_SHOPS:
                continue  # They are not let into any shop: tests/web/shop/test_walls.py.
            answers = []
            for values in (world.strangers, UNKNOWN | {"slug": world.strangers["slug"]}):
                path = address(world.app, rule, values)
                page = browser.get(path) if method == "GET" else browser.post(path, text="x", status="awarded")
                shown = page.text.replace(f"{CANARY} Agency", "") if role.startswith("colleague") else page.text
                assert CANARY.lower() not in shown.lower(), (role, method, path)
                answers.append(without_address(path, without_chance(page)))
            assert answers[0] == answers[1], (role, method, rule.rule)
            assert "200" not in answers[0][:3], (role, method, rule.rule)
            checked += 1
    assert checked > 200


def test_what_is_ones_own_is_found_at_these_addresses(world: World) -> None:
    """The check above compares nothing but errors if the world holds no such things."""
    for role, start in (("merchant", f"/shops/{world.slug}/"), ("salesperson", "/sell/")):
        for rule, method in routes(world.app):
            names_something = rule.arguments & set(IN_SHOPS) or shared_by_somebody(rule)
            if method == "GET" and names_something and rule.rule.startswith(start.replace(world.slug, "<slug>")):
                path = address(world.app, rule, world.strangers | {"slug": world.slug})
                assert world.insiders[role].get(path).status == 200, (role, path)


def test_the_check_sees_a_route_that_forgets_the_wall(world: World) -> None:
    """The planted fault: a page that looks a lead up without asking who may see it."""
    make_known = {world.strangers["ref"]}

    def leaky(ref: str) -> tuple[str, int]:
        return ("that is somebody else's", 403) if ref in make_known else ("there is none", 404)

    world.app.view_functions["leads.show"], kept = leaky, world.app.view_functions["leads.show"]
    try:
        with pytest.raises(AssertionError):
            test_a_strangers_id_answers_like_an_unknown_one_on_every_route(world)
    finally:
        world.app.view_functions["leads.show"] = kept


def test_lists_searches_and_exports_never_hold_a_strangers_data(world: World) -> None:
    paths = [
        "/", "/leads", f"/leads?q={CANARY}", "/leads?q=z", f"/leads?q={CANARY[:2]}", "/leads.csv", "/leads?partner=1",
        "/leads?rep=1", "/members", f"/members?q={CANARY}", "/keys", "/notifications", "/menu", "/account/sessions",
        "/leads?sort=partner", "/shops", f"/shops?q={CANARY}", "/shops.csv", "/sell", "/sell/orders", "/sell/customers",
        f"/sell/orders?q={CANARY}", "/sell/commissions.csv", "/sell/balance.csv", "/sell/leaderboard",
        "/sell/withdrawals", "/sell/links", "/hooks", "/referrals", f"/referrals?q={CANARY}", "/referrals?partner=1",
        "/referrals?sort=-revenue", "/referrals.csv", "/referral-link",
        "/stores", f"/stores?q={CANARY}", "/stores?partner=1&sort=partner", "/stores.csv",
        "/earnings", f"/earnings?q={CANARY}", "/earnings?partner=1", "/earnings.csv",
    ]  # fmt: skip
    for role, browser in world.browsers.items():
        for path in paths:
            page = browser.get(path)
            shown = page.text.replace(f'value="{CANARY}"', "").replace(f"q={CANARY}", "").replace(f"q%3D{CANARY}", "")
            if role.startswith("colleague"):
                shown = shown.replace(f"{CANARY} Agency", "")
            assert CANARY not in shown, (role, path)


def test_a_strangers_search_terms_leave_no_count(world: World) -> None:
    page = world.browsers["member"].get(f"/leads?q={CANARY}")
    assert page.one("#leads-table")["data-total"] == "0"


def test_the_members_of_a_partner_are_not_told_of_reps_of_others(world: World, make: Making) -> None:
    rep = make.rep(name="Rita Elsewhere")
    make.lead(make.member(), business_name="Other")
    member = make.member()
    assert rep
    assert "Rita Elsewhere" not in Browser(make, member).get("/leads").text


# --- Every form needs a token, and comes from our own pages ---


def test_every_form_without_a_token_is_refused(world: World, make: Making) -> None:
    browser = Browser(make, make.admin())
    browser.get("/account")
    for rule, method in routes(world.app):
        if method in SAFE_METHODS or rule.rule.startswith(WITHOUT_TOKEN):
            continue
        path = address(world.app, rule, world.strangers | {"token": "no-such-token"})
        assert browser.call(method, path, data={}).status_code == 403, rule.rule
        foreign = browser.call(
            method, path, data={"csrf_token": browser.token}, headers={"Origin": "https://evil.example.org"}
        )
        assert foreign.status_code == 403, rule.rule


def state_of_database() -> dict[str, list[Any]]:
    session.rollback()
    tables = [table.name for table in db.metadata.sorted_tables]
    return {name: list(session.execute(text(f"SELECT * FROM {name}"))) for name in tables}


def test_no_get_changes_anything(world: World, make: Making) -> None:
    browsers = [
        Browser(make, make.admin()), Browser(make, make.rep()), world.browsers["member"], world.browsers["nobody"],
        *world.insiders.values(),
    ]  # fmt: skip
    link = make_link("reset", email="a@b.example.org", at=make.at)
    session.commit()
    values = world.strangers | {"token": "", "slug": world.slug}
    before = state_of_database()
    for rule, method in routes(world.app):
        if method != "GET":
            continue
        with world.app.test_request_context():
            values["token"] = token_for(link.id, "reset")
        for browser in browsers:
            page = browser.get(address(world.app, rule, values))
            assert page.status < 500, (rule.rule, page.words)
    assert state_of_database() == before


def test_every_answer_carries_the_strict_headers(world: World) -> None:
    for path in ("/", "/login", "/leads", "/nothing", "/static/css/app.css", "/healthz", "/api/v1/leads", "/metrics"):
        headers = world.browsers["member"].get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["X-Frame-Options"] == "DENY", path


REDIRECTS = [
    "https://evil.example.org", "//evil.example.org", "/\\evil.example.org", "\\\\evil.example.org",
    "/%09/evil.example.org", "javascript:alert(1)", "http:/evil.example.org", "/\tevil", " //evil.example.org",
    "https:evil.example.org", "",
]  # fmt: skip


@pytest.mark.parametrize("wanted", REDIRECTS)
def test_the_login_sends_nobody_elsewhere(make: Making, wanted: str) -> None:
    from tests.making import PASSWORD

    person = make.person(email="anna@example.org")
    partner = make.partner()
    make.member(partner)
    browser = Browser(make)
    browser.get("/login")
    response = browser.call(
        "POST", "/login", query_string={"next": wanted},
        data={"csrf_token": browser.token, "email": person.email, "password": PASSWORD},
    )  # fmt: skip
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/")
    assert not response.headers["Location"].startswith(("//", "/\\", "/\t"))
