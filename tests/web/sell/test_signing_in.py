"""Signing in by a code to the phone, and joining a shop from its recruitment page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from sqlalchemy import func, select

from referrals.db import session
from referrals.links.models import Link
from referrals.outbox.models import OutboxMessage
from referrals.people.models import OneTimeCode, Person
from referrals.shops.models import Salesperson, Shop
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.web.browsing import Browser, Page
from tests.web.sell.stall import Stall

Browse = Callable[..., Browser]
PHONE = "+8613912342210"


def code_for(phone: str) -> str:
    """The newest code that went to a phone."""
    session.rollback()
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.to_phone == phone).order_by(OutboxMessage.id.desc())
    ).first()
    assert message is not None
    code = str(message.params["code"])
    session.rollback()
    return code


def ask_for_code(browser: Browser, phone: str = PHONE, path: str = "/login/code") -> Page:
    browser.get(path)
    answer = browser.post(path, phone=phone)
    assert (answer.status, answer.headers["Location"]) == (303, path)
    return browser.get(path)


def log_in(browser: Browser, phone: str = PHONE) -> Page:
    ask_for_code(browser, phone)
    return browser.post("/login/code", code=code_for(phone))


def test_a_salesperson_logs_in_with_phone_and_code(stall: Stall, browse: Browse) -> None:
    browser = browse()
    answer = log_in(browser)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    assert browser.get("/").headers["Location"] == "/sell"
    assert stall.shop.name in browser.get("/sell").all(".brand")


def test_the_code_comes_to_the_phone_however_it_is_spelt(stall: Stall, browse: Browse) -> None:
    browser = Browser(stall.make, None, "zh-CN")
    browser.get("/login/code")
    browser.post("/login/code", phone=" 139 1234 2210")
    assert browser.post("/login/code", code=code_for(PHONE)).status == 303


def test_phone_and_code_in_one_form_are_taken_too(stall: Stall, browse: Browse) -> None:
    browser = browse()
    ask_for_code(browser)
    assert browser.post("/login/code", phone=PHONE, code=code_for(PHONE)).status == 303
    assert stall.shop


def test_a_known_and_an_unknown_number_answer_alike(stall: Stall, browse: Browse) -> None:
    words = []
    for phone in (PHONE, "+8613999999999"):
        browser = browse()
        asked = ask_for_code(browser, phone)
        wrong = browser.post("/login/code", code="000000")
        assert wrong.status == 422
        words.append((asked.words + wrong.words).replace(phone[-4:-2], "").replace(phone[-2:], ""))
        words[-1] = "".join(letter for letter in words[-1] if not letter.isdigit())
    assert words[0] == words[1]
    assert stall.shop


def test_asking_alone_makes_no_account(make: Making, browse: Browse) -> None:
    ask_for_code(browse(), "+8613999999999")
    assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_five_wrong_tries_end_a_code(stall: Stall, browse: Browse) -> None:
    browser = browse()
    ask_for_code(browser)
    good = code_for(PHONE)
    wrong = "111111" if good != "111111" else "222222"
    for _ in range(5):
        assert "not right" in browser.post("/login/code", code=wrong).error("code")
    assert browser.post("/login/code", code=good).status == 422
    assert session.scalar(select(OneTimeCode.attempts)) == 5
    assert stall.shop


def test_a_code_is_good_once_and_for_ten_minutes(stall: Stall, browse: Browse) -> None:
    first, second, late = browse(), browse(), browse()
    ask_for_code(first)
    ask_for_code(second)
    code = code_for(PHONE)
    assert second.post("/login/code", code=code).status == 303
    assert first.post("/login/code", code=code).status == 422
    ask_for_code(late)
    code = code_for(PHONE)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=False):
        assert late.post("/login/code", phone=PHONE, code=code).status == 422
    assert stall.shop


def test_what_is_no_phone_number_is_told_beside_the_field(browse: Browse, make: Making) -> None:
    browser = browse()
    browser.get("/login/code")
    page = browser.post("/login/code", phone="call me")
    assert page.status == 422
    assert "not a phone number" in page.error("phone")
    assert page.one('[name="phone"]')["value"] == "call me"
    assert make.app


def test_codes_are_sent_and_tried_only_so_often(limited: Making) -> None:
    browser = Browser(limited)
    browser.get("/login/code")
    answers = [browser.post("/login/code", phone=PHONE).status for _ in range(6)]
    assert answers == [303] * 5 + [429]
    tries = [browser.post("/login/code", code="000000").status for _ in range(11)]
    assert set(tries[:9]) == {422}
    assert tries[-1] == 429


# --- Recruiting ---


def join(browser: Browser, shop: Shop, phone: str = "+8613700000001", **fields: str) -> Page:
    path = f"/recruit/{shop.slug}"
    ask_for_code(browser, phone, path)
    return browser.post(path, code=code_for(phone), **fields)


def salesperson_with(phone: str, shop: Shop) -> Salesperson:
    session.rollback()
    return session.scalars(
        select(Salesperson).join(Person).where(Person.phone == phone, Salesperson.shop_id == shop.id)
    ).one()


def test_whoever_joins_starts_at_once_with_a_link(stall: Stall, browse: Browse) -> None:
    browser = browse()
    answer = join(browser, stall.shop, nickname="Fang")
    assert (answer.status, answer.headers["Location"]) == (303, "/sell")
    made = salesperson_with("+8613700000001", stall.shop)
    assert (made.status, made.person.nickname) == ("active", "Fang")
    assert session.scalar(select(Link.target).where(Link.code == made.code)) == "shop"
    assert made.code in browser.get("/sell").text


def test_where_the_merchant_reviews_the_newcomer_waits(make: Making, browse: Browse) -> None:
    shop = ShopMaking(make).shop(applications="reviewed")
    browser = browse()
    assert "looks at each application" in browser.get(f"/recruit/{shop.slug}").words
    join(browser, shop)
    assert salesperson_with("+8613700000001", shop).status == "applied"
    assert "being looked at" in browser.get("/sell").words
    refused = browser.post("/sell/links", target="shop")
    assert refused.status == 422
    assert "as soon as you are active" in refused.words


def test_a_shop_without_a_programme_takes_nobody(make: Making, browse: Browse) -> None:
    shop = ShopMaking(make).shop(programme=False)
    browser = browse()
    assert "not looking for salespeople" in browser.get(f"/recruit/{shop.slug}").words
    browser.post(f"/recruit/{shop.slug}", phone="+8613700000001")
    answer = browser.post(f"/recruit/{shop.slug}", code=code_for("+8613700000001"))
    assert (answer.status, session.scalar(select(func.count()).select_from(Salesperson))) == (422, 0)


def test_an_unknown_shop_is_not_there(browse: Browse, make: Making) -> None:
    assert browse().get("/recruit/nowhere").status == 404
    assert make.app


def test_the_recruitment_page_says_what_the_shop_says(make: Making, browse: Browse) -> None:
    shop = ShopMaking(make).shop(recruitment_text="Sell <b>our</b> tea.", commission_note="Paid weekly.", rate_bp=1250)
    page = browse().get(f"/recruit/{shop.slug}")
    assert "Sell <b>our</b> tea." in page.words
    assert "Paid weekly." in page.words
    assert "12.5%" in page.words


def test_one_person_sells_for_several_shops_and_switches(stall: Stall, browse: Browse) -> None:
    second = stall.shops.shop()
    browser = browse()
    log_in(browser)
    assert "You join as Xiaolong" in browser.get(f"/recruit/{second.slug}").words
    assert browser.post(f"/recruit/{second.slug}").headers["Location"] == "/sell"
    assert second.name in browser.get("/sell").all(".brand")
    page = browser.get("/memberships")
    assert page.all("button strong") == [stall.shop.name, second.name]
    browser.post("/memberships", membership=page.soup.select("button[name=membership]")[0]["value"])
    assert stall.shop.name in browser.get("/sell").all(".brand")
    assert session.scalar(select(func.count()).select_from(Person).where(Person.phone == PHONE)) == 1


def test_whoever_is_in_already_is_only_let_in(stall: Stall, browse: Browse) -> None:
    browser = browse()
    join(browser, stall.shop, PHONE)
    assert session.scalar(select(func.count()).select_from(Salesperson)) == 2
    assert "already" in browser.get(f"/recruit/{stall.shop.slug}").words


def test_whoever_left_comes_back(stall: Stall, browse: Browse) -> None:
    stall.shops.status(stall.salesperson, "left")
    browser = browse()
    log_in(browser)
    assert "You have left" in browser.get("/sell").words
    browser.post(f"/recruit/{stall.shop.slug}")
    assert salesperson_with(PHONE, stall.shop).status == "active"
