"""`/r/<code>`: the click is on record before anybody is led on, and nobody is led anywhere else."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select

from referrals.db import session
from referrals.links.joins import CustomerKeys
from referrals.links.models import Click, Link
from referrals.links.operations import identify
from referrals.links.sharing import share, welcome
from referrals.shops.models import Salesperson, Shop
from tests.making import Making
from tests.shops_making import ShopMaking

PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0"}


@pytest.fixture
def shops(make: Making) -> ShopMaking:
    return ShopMaking(make)


@pytest.fixture
def shop(shops: ShopMaking) -> Shop:
    return shops.shop("tea", hosts=("tea.example.org",))


@pytest.fixture
def anna(shops: ShopMaking, shop: Shop) -> Salesperson:
    return shops.salesperson(shop)


@pytest.fixture
def link(shops: ShopMaking, anna: Salesperson) -> Link:
    made = share(anna, "https://tea.example.org/cup?size=2#top", at=shops.at)
    session.commit()
    return made


def follow(make: Making, link: Link, client: Any = None, **headers: str) -> Any:
    return (client or make.app.test_client()).get(f"/r/{link.code}", headers=PHONE | headers)


def clicks() -> list[Click]:
    session.rollback()
    return list(session.scalars(select(Click).order_by(Click.id)))


def test_a_click_is_recorded_and_leads_on_with_its_ref(make: Making, link: Link) -> None:
    answer = follow(make, link, Referer="https://chat.example.org/room?secret=1")
    click = clicks()[0]
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"https://tea.example.org/cup?size=2&ref={click.id}#top"
    assert (click.outcome, click.link_id, click.source) == ("bound", link.id, "link")
    assert click.referrer == "https://chat.example.org/room"
    assert click.user_agent == PHONE["User-Agent"]
    assert re.fullmatch("[0-9a-f]{32}", click.ip_hash)


def test_the_visitor_keeps_one_cookie_for_a_year(make: Making, link: Link) -> None:
    client = make.app.test_client()
    first, second = follow(make, link, client), follow(make, link, client)
    cookie = first.headers["Set-Cookie"]
    assert "Max-Age=31536000" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert second.headers["Set-Cookie"].split(";")[0] == cookie.split(";")[0]
    assert len({click.visitor for click in clicks()}) == 1
    assert [click.outcome for click in clicks()] == ["bound", "renewed"]


@pytest.mark.parametrize("forged", ["x", "a" * 23, "../../../../../../..", "é" * 22, ""])
def test_a_cookie_that_is_not_ours_is_replaced(make: Making, link: Link, forged: str) -> None:
    follow(make, link, Cookie=f"buyer={forged}")
    assert re.fullmatch("[A-Za-z0-9_-]{22}", clicks()[0].visitor)


PASSING = {
    "HEAD": {},
    "Purpose": {"Purpose": "prefetch"},
    "Sec-Purpose": {"Sec-Purpose": "prefetch;prerender"},
    "X-Moz": {"X-Moz": "prefetch"},
    "Googlebot": {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
    "Facebook": {"User-Agent": "facebookexternalhit/1.1"},
    "WhatsApp": {"User-Agent": "WhatsApp/2.23.20.0"},
    "Slack": {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"},
    "Baidu": {"User-Agent": "Mozilla/5.0 (compatible; Baiduspider/2.0)"},
}


@pytest.mark.parametrize("case", PASSING)
def test_bots_and_browsers_that_look_ahead_are_led_on_and_leave_nothing(make: Making, link: Link, case: str) -> None:
    client = make.app.test_client()
    call = client.head if case == "HEAD" else client.get
    answer = call(f"/r/{link.code}", headers=PHONE | PASSING[case])
    assert answer.status_code == 302
    assert answer.headers["Location"] == link.target_url
    assert "Set-Cookie" not in answer.headers
    assert clicks() == []


PEOPLE = [
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 Chrome/118 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/118",
    "Mozilla/5.0 (iPhone) Instagram 300.0",
    "curl/8.5.0",
    "",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_are_not_taken_for_bots(make: Making, link: Link, agent: str) -> None:
    make.app.test_client().get(f"/r/{link.code}", headers={"User-Agent": agent})
    assert len(clicks()) == 1


@pytest.mark.parametrize("path", ["/r/nothing", "/r/nothing.svg", "/r/nothing.png", "/r/" + "x" * 3000, "/r/%00"])
def test_unknown_codes_are_not_found(make: Making, path: str) -> None:
    assert make.app.test_client().get(path).status_code in {400, 404}


def test_nothing_in_the_request_changes_where_it_leads(make: Making, link: Link) -> None:
    client = make.app.test_client()
    for query in ("?url=https://evil.example.org", "?ref=7", "?next=//evil", "?target=x&to=https://evil"):
        answer = client.get(f"/r/{link.code}{query}", headers=PHONE | {"Host": "evil.example.org"})
        parts = urlsplit(answer.headers["Location"])
        assert (parts.scheme, parts.netloc, parts.path) == ("https", "tea.example.org", "/cup")
        assert parse_qs(parts.query)["ref"] != ["7"]


def test_a_click_that_binds_a_known_customer_to_nobody_carries_no_ref(
    make: Making, shops: ShopMaking, shop: Shop, link: Link
) -> None:
    shops.settings(shop, binding="first_click")
    ben = shops.salesperson(shop)
    other = share(ben, "shop", at=shops.at)
    session.commit()
    client = make.app.test_client()
    anonymous = [follow(make, link, client), follow(make, other, client)]
    assert all("ref=" in answer.headers["Location"] for answer in anonymous)
    assert [click.outcome for click in clicks()] == ["bound", "already_bound"]
    last = clicks()[-1]
    identify(
        shop.id, CustomerKeys("c1"), visitor=last.visitor, occurred_at=last.occurred_at, source="api",
        at=last.occurred_at,
    )  # fmt: skip
    session.commit()
    assert follow(make, other, client).headers["Location"] == other.target_url
    assert "ref=" in follow(make, link, client).headers["Location"]


def test_every_click_counts_at_its_link(make: Making, link: Link) -> None:
    for _ in range(3):
        follow(make, link)
    session.rollback()
    session.expire_all()
    assert session.get_one(Link, link.id).clicks == 3
    assert session.scalar(select(func.count(Click.id))) == 3


def test_qr_codes_are_drawn(make: Making, link: Link) -> None:
    client = make.app.test_client()
    svg, png = client.get(f"/r/{link.code}.svg"), client.get(f"/r/{link.code}.png")
    assert svg.mimetype == "image/svg+xml"
    assert svg.text.startswith(("<svg", "<?xml"))
    assert "style=" not in svg.text
    assert png.data.startswith(b"\x89PNG")
    assert clicks() == []


def test_the_qr_code_of_a_link_that_ends_leads_to_one_that_never_does(
    make: Making, shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    shops.settings(shop, validity="short")
    ending = share(anna, "shop", at=shops.at)
    own = welcome(anna, at=shops.at)
    session.commit()
    lasting = session.scalars(select(Link).where(Link.kind == "qr", Link.target == "shop")).first()
    client = make.app.test_client()
    assert ending.expires_at is not None
    assert client.get(f"/r/{ending.code}.svg").data == client.get(f"/r/{lasting.code}.svg").data
    assert own is not None


def test_the_login_of_a_member_does_not_travel_along(make: Making, link: Link) -> None:
    answer = follow(make, link, make.client(make.member()))
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "private, no-store"
