"""What a salesperson reads: today, orders, customers, commissions, wallet, leaderboard; their own and nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.orders.incoming import IncomingEvent
from referrals.orders.operations import receive_event
from referrals.people.models import Draft, SignIn
from referrals.people.rules import SYSTEM
from referrals.settlement.models import Withdrawal
from referrals.web.house import payout_details
from tests.making import Making
from tests.web.browsing import Browser
from tests.web.sell.stall import Stall, set_up
from tests.web.sell.test_signing_in import ask_for_code, code_for

Browse = Callable[..., Browser]
BUYER, OTHER_BUYER = "+8613512345678", "+8613587654321"
PAGES = (
    "/sell", "/sell/share", "/sell/products", "/sell/links", "/sell/orders", "/sell/customers", "/sell/balance",
    "/sell/withdrawals", "/sell/withdrawals/new", "/sell/commissions", "/sell/questions", "/sell/profile",
)  # fmt: skip


def happened(stall: Stall, number: str, event: str, at: datetime, minor: int | None = None) -> None:
    receive_event(
        stall.shop, number, IncomingEvent(f"{event}-{number}", event, at, minor), source="api", by=SYSTEM, at=stall.at
    )
    session.commit()


def settled_order(stall: Stall, number: str, minor: int) -> None:
    then = stall.at - timedelta(days=20)
    stall.order(number, BUYER, minor, placed_at=then, paid_at=then, shipped_at=then)
    stall.settle()


def test_home_tells_how_things_stand_today(stall: Stall, seller: Browser) -> None:
    stall.order("1", BUYER, 8800, title="Coffee", placed_at=stall.at)
    stall.order("2", OTHER_BUYER, 5000, by=stall.other, placed_at=stall.at)
    page = seller.get("/sell")
    assert page.all(".hero strong") == ["CN¥0.00"]
    assert "CN¥8.80 pending · 1 order" in page.words
    assert page.all(".cards strong") == ["1", "1", "1"]
    assert "Sales CN¥88.00" in page.words
    assert page.all(".order-lines strong") == ["Coffee", "+CN¥8.80"]
    assert "135****5678" in page.words
    assert page.all(".tabs span") == ["Home", "Share", "Orders", "Customers", "Wallet"]


def test_today_begins_when_the_shops_day_does(stall: Stall, seller: Browser) -> None:
    stall.shop.time_zone = "Pacific/Kiritimati"
    session.commit()
    midnight = stall.at.astimezone(ZoneInfo("Pacific/Kiritimati")).replace(hour=0, minute=0, second=0, microsecond=0)
    stall.order("1", BUYER, 8800, placed_at=midnight.astimezone(UTC))
    stall.order("2", BUYER, 8800, placed_at=midnight.astimezone(UTC) - timedelta(seconds=1))
    assert seller.get("/sell").all(".cards strong")[0] == "1"


def test_orders_of_others_are_not_seen_anywhere(stall: Stall, seller: Browser) -> None:
    stall.order("MINE", BUYER, 8800, title="Coffee")
    stall.order("THEIRS", OTHER_BUYER, 5000, title="Zyzzyva", by=stall.other)
    theirs = session.scalars(select(Commission.id).where(Commission.salesperson_id == stall.other.id)).one()
    for path in (*PAGES, "/sell/orders?q=Zyzzyva", "/sell/orders.csv", "/sell/customers.csv", "/sell/commissions.csv"):
        text = seller.get(path).text.replace('value="Zyzzyva"', "").replace("q=Zyzzyva", "")
        assert "Zyzzyva" not in text, path
        assert "THEIRS" not in text, path
        assert "4321" not in text, path
    strange, unknown = seller.get(f"/sell/commissions/{theirs}"), seller.get("/sell/commissions/987654")
    assert (strange.status, strange.words) == (404, unknown.words)


def test_orders_are_found_sorted_filtered_and_exported(stall: Stall, seller: Browser) -> None:
    stall.order("A1", BUYER, 8800, title="Yunnan coffee")
    stall.order("B2", OTHER_BUYER, 20000, title="Grinder")
    happened(stall, "B2", "cancelled", stall.at)
    assert seller.get("/sell/orders?q=COFFEE").one("#orders-table")["data-total"] == "1"
    assert seller.get("/sell/orders?q=b2").one("#orders-table")["data-total"] == "1"
    assert seller.get("/sell/orders?status=void").all("td.first a") == ["Grinder"]
    assert seller.get("/sell/orders?sort=-sales").all("td.first a") == ["Yunnan coffee", "Grinder"]
    assert "135****5678" in seller.get("/sell/orders.csv").text
    assert BUYER not in seller.get("/sell/orders.csv").text


def test_customers_are_masked_and_say_whose_they_are_now(stall: Stall, seller: Browser) -> None:
    stall.order("1", BUYER, 8800)
    stall.order("2", OTHER_BUYER, 5000, placed_at=stall.at - timedelta(hours=3))
    stall.order("3", OTHER_BUYER, 5000, by=stall.other)
    page = seller.get("/sell/customers")
    assert sorted(page.all("td.state")) == ["Not yours any more", "Your customer"]
    assert BUYER.lstrip("+") not in page.text
    assert seller.get("/sell/customers?state=mine").all("td.first") == ["135****5678"]
    assert seller.get("/sell/customers?state=gone").all("td.first") == ["135****4321"]


def test_a_commission_tells_its_whole_story(stall: Stall, seller: Browser) -> None:
    settled_order(stall, "1", 8800)
    commission = session.scalars(select(Commission)).one()
    page = seller.get(f"/sell/commissions/{commission.id}")
    assert "CN¥8.80" in page.all("h1")[0]
    assert "Settled" in page.words


def test_the_wallet_shows_what_was_booked_and_pays_out(stall: Stall, seller: Browser) -> None:
    settled_order(stall, "1", 8800)
    page = seller.get("/sell/balance")
    assert page.all(".hero strong") == ["CN¥8.80"]
    assert page.all("tbody td.num") == ["+CN¥8.80"]
    seller.get("/sell/withdrawals/new")
    answer = seller.post("/sell/withdrawals", amount="5.50", method="alipay", payout_details="long@alipay.example.org")
    assert answer.headers["Location"] == "/sell/withdrawals"
    made = session.scalars(select(Withdrawal)).one()
    assert "alipay.example" not in made.details_locked
    with seller.app.app_context():
        assert payout_details().open(made.details_locked) == "long@alipay.example.org"
    assert seller.get("/sell/balance").all(".hero strong") == ["CN¥3.30"]
    assert "CN¥5.50" in seller.get("/sell/balance").all(".cards strong")[0]
    assert "To pay" in seller.get("/sell/withdrawals").words


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("9.00", "more than the balance of 8.80 CNY"),
        ("0", "more than zero"),
        ("1.234", "decimals"),
        ("much", "digits"),
        ("", ""),
        ("4", "smallest amount that can be withdrawn is 5.00 CNY"),
    ],
)
def test_an_amount_that_cannot_be_withdrawn_is_told_beside_it(
    stall: Stall, seller: Browser, amount: str, sentence: str
) -> None:
    stall.shops.settings(stall.shop, minimum_withdrawal_minor=500)
    settled_order(stall, "1", 8800)
    seller.get("/sell/withdrawals/new")
    page = seller.post("/sell/withdrawals", amount=amount, method="bank", payout_details="My bank")
    assert page.status == 422
    assert sentence in page.error("amount")
    assert page.error("amount")
    assert page.one('[name="payout_details"]').get_text(strip=True) == "My bank"
    assert session.scalars(select(Withdrawal)).all() == []


def test_before_money_leaves_an_old_sign_in_is_confirmed_by_a_code(stall: Stall, seller: Browser) -> None:
    settled_order(stall, "1", 8800)
    session.query(SignIn).update({"confirmed_at": stall.at - timedelta(hours=1)})
    session.commit()
    assert "show that it is you" in seller.get("/sell/withdrawals/new").words
    refused = seller.post("/sell/withdrawals", amount="5", method="bank", payout_details="My bank")
    assert refused.status == 422
    assert session.scalars(select(Withdrawal)).all() == []
    seller.post("/sell/confirmation")
    assert "six digits" in seller.get("/sell/withdrawals/new").words
    assert seller.post("/sell/confirmation", code="000000").status == 422
    seller.post("/sell/confirmation", code=code_for("+8613912342210"))
    assert seller.get("/sell/withdrawals/new").one('[name="amount"]')
    assert seller.post("/sell/withdrawals", amount="5", method="bank", payout_details="My bank").status == 303


def test_a_debt_is_called_one(make: Making) -> None:
    stall = set_up(make, refunds_after_settlement="claw_back")
    seller = Browser(make, stall.shops.seller(stall.salesperson))
    settled_order(stall, "1", 8800)
    seller.get("/sell/withdrawals/new")
    seller.post("/sell/withdrawals", amount="8.80", method="bank", payout_details="My bank")
    happened(stall, "1", "refunded", stall.at, 8800)
    page = seller.get("/sell/balance")
    assert page.all(".hero small")[0] == "You owe the shop"
    assert page.all(".hero strong") == ["CN¥8.80"]
    assert "pay this off" in page.words


def test_the_leaderboard_is_shown_where_the_merchant_shows_it(stall: Stall, seller: Browser) -> None:
    assert seller.get("/sell/leaderboard").status == 404
    assert "Leaderboard" not in seller.get("/sell").words
    stall.shops.settings(stall.shop, leaderboard=True)
    stall.order("1", BUYER, 8800, placed_at=stall.at)
    stall.order("2", OTHER_BUYER, 50000, by=stall.other, placed_at=stall.at)
    page = seller.get("/sell/leaderboard")
    assert page.all(".places strong") == ["186****0917", "Xiaolong"]
    assert page.all(".places .own strong") == ["Xiaolong"]


def test_the_profile_sets_nickname_and_email(stall: Stall, seller: Browser) -> None:
    page = seller.get("/sell/profile")
    assert page.one('[name="nickname"]')["value"] == "Xiaolong"
    seller.post("/sell/profile", nickname="Little dragon", email="Long@Example.org", language="en", time_zone="",
                appearance="dark")  # fmt: skip
    session.rollback()
    session.expire_all()
    assert (stall.salesperson.person.nickname, stall.salesperson.email) == ("Little dragon", "Long@example.org")
    wrong = seller.post("/sell/profile", nickname="x", email="nonsense", language="", time_zone="", appearance="")
    assert wrong.status == 422
    assert wrong.error("email")


def test_questions_are_answered_from_the_start(seller: Browser) -> None:
    assert "How do I earn a commission?" in seller.get("/sell/questions").words


def test_nobody_else_gets_in(stall: Stall, browse: Browse) -> None:
    merchant = browse(stall.shops.merchant(stall.shop))
    stranger = browse(stall.make.member())
    nobody = browse()
    for path in PAGES:
        assert merchant.get(path).status == 403, path
        assert stranger.get(path).status == 403, path
        assert nobody.get(path).status == 303, path


def test_what_was_typed_survives_a_lost_session_but_for_where_to_pay(stall: Stall, browse: Browse) -> None:
    browser = browse(stall.shops.seller(stall.salesperson))
    browser.get("/sell/withdrawals/new")
    session.query(SignIn).update({"revoked_at": stall.at})
    session.commit()
    path = "http://localhost/sell/withdrawals/new"
    lost = browser.post(
        "/sell/withdrawals", amount="5", method="paypal", payout_details="My bank", headers={"Referer": path}
    )
    assert lost.headers["Location"].startswith("/login/code?next=")
    ask_for_code(browser, "+8613912342210")
    back = browser.post("/login/code?next=/sell/withdrawals/new", code=code_for("+8613912342210"))
    page = browser.get(back.headers["Location"])
    assert page.one('[name="amount"]')["value"] == "5"
    assert page.one('[name="payout_details"]').get_text(strip=True) == ""
    assert "My bank" not in str(session.scalars(select(Draft.fields)).all())
