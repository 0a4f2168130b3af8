"""The pages of merchants: each answers, forms keep what was typed, lists cost the same however long they are."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select

from referrals import settling
from referrals.commissions.queries import get_commission
from referrals.db import db, session
from referrals.ledger.operations import STORE, Owner
from referrals.ledger.queries import balance
from referrals.people.rules import SYSTEM
from referrals.settlement.models import SettlementRun, Withdrawal
from referrals.shops.models import Shop
from referrals.shops.queries import find_by_phone, settings_of
from referrals.web.shop import runs
from tests.making import Making
from tests.web.browsing import Browser
from tests.web.shop.market import Market
from tests.web.test_walls import address, routes

LATER = {"days": 400}


def test_every_page_of_a_shop_answers(market: Market, merchant: Browser) -> None:
    seen = 0
    for rule, method in routes(market.stall.make.app):
        if method == "GET" and rule.rule.startswith("/shops/"):
            path = address(market.stall.make.app, rule, market.ids)
            assert merchant.get(path).status == 200, path
            seen += 1
    assert seen > 40


@pytest.mark.parametrize("status", ["pending", "settled", "by_hand", "void"])
def test_a_commission_of_every_state_is_explained(market: Market, merchant: Browser, status: str) -> None:
    page = merchant.get(f"{market.base}/commissions/{market.ids[f'{status}_id']}")
    assert page.one("#explanation")
    assert "Computed from the stored facts alone" in page.words


def test_a_merchant_lands_in_their_shop(market: Market, merchant: Browser) -> None:
    assert merchant.get("/").headers["Location"] == market.base


def test_salespeople_and_buyers_are_masked(market: Market, merchant: Browser) -> None:
    for path in ("salespeople", "orders", "pending", "withdrawals", f"orders/{market.ids['order_id']}"):
        text = merchant.get(f"{market.base}/{path}").text
        assert "13500000001" not in text
        assert "13912342210" not in text
    assert "Xiaolong" in merchant.get(f"{market.base}/salespeople").words
    assert "135****0001" in merchant.get(f"{market.base}/orders/{market.ids['order_id']}").words


# --- Forms ---


def shop_of(market: Market) -> Shop:
    return session.get_one(Shop, market.stall.shop.id)


def test_a_bad_phone_is_kept_with_its_sentence(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/salespeople", phone="not a phone", nickname="Mei")
    assert page.status == 422
    assert "not a phone number" in page.error("phone")
    assert page.one("#phone")["value"] == "not a phone"
    assert page.one("#nickname")["value"] == "Mei"


def test_a_salesperson_is_added_once(market: Market, merchant: Browser) -> None:
    assert merchant.post(f"{market.base}/salespeople", phone="+86 137 0000 1111", nickname="Mei").status == 303
    again = merchant.post(f"{market.base}/salespeople", phone="+8613700001111")
    assert "already" in again.error("phone")
    found = find_by_phone(market.stall.shop.id, "+8613700001111")
    assert found is not None
    assert found.person.called == "Mei"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-5", "more than zero"),
        ("0", "more than zero"),
        ("1.234", "decimals"),
        ("much", "digits"),
        ("9" * 25, "digits"),
    ],
)
def test_a_bad_top_up_moves_nothing(market: Market, merchant: Browser, typed: str, sentence: str) -> None:
    owner = Owner("shop", market.stall.shop.id, "CNY")
    before = balance(owner, STORE)
    page = merchant.post(f"{market.base}/top-ups", amount=typed, note="kept")
    assert page.status == 422
    assert sentence in page.one("#amount-error").get_text()
    assert page.one("#amount")["value"] == typed
    assert page.one("#note")["value"] == "kept"
    session.rollback()
    assert balance(owner, STORE) == before


def test_a_top_up_is_booked_and_taken_back(market: Market, merchant: Browser) -> None:
    owner = Owner("shop", market.stall.shop.id, "CNY")
    before = balance(owner, STORE)
    merchant.post(f"{market.base}/top-ups", amount="12.50")
    session.rollback()
    assert balance(owner, STORE) == before + 1250
    assert merchant.post(f"{market.base}/pay-backs", amount="99999999").status == 422
    assert merchant.post(f"{market.base}/pay-backs", amount="12.50").status == 303


SETTINGS = {
    "programme": "y", "applications": "automatic", "rate_bp": "12.50", "validity": "permanent", "binding": "last_click",
    "protect_days": "30", "completion_days": "7", "refunds_after_settlement": "claw_back", "auto_settle": "y",
}  # fmt: skip


def test_settings_are_tried_before_they_are_kept(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/settings", **SETTINGS, step="try", days="30")
    assert page.status == 200
    assert "This is what you change" in page.words
    assert page.one("#rate_bp")["value"] == "12.50"
    session.rollback()
    later = market.stall.make.later(**LATER)
    assert settings_of(market.stall.shop.id).at(later).rate_bp == 1000
    assert merchant.post(f"{market.base}/settings", **SETTINGS, step="save").status == 303
    session.rollback()
    assert settings_of(market.stall.shop.id).at(later).rate_bp == 1250


@pytest.mark.parametrize(
    ("field", "typed"),
    [("rate_bp", "90.01"), ("rate_bp", "ten"), ("rate_bp", "1.234"), ("completion_days", "366"), ("protect_days", "0"),
     ("binding", "dice"), ("effective_at", "soon"), ("minimum_withdrawal_minor", "-1")],
)  # fmt: skip
def test_a_bad_setting_is_kept_with_its_sentence(market: Market, merchant: Browser, field: str, typed: str) -> None:
    page = merchant.post(
        f"{market.base}/settings", **(SETTINGS | {field: typed, "recruitment_text": "Come"}), step="save"
    )
    assert page.status == 422
    assert page.soup.select_one(f"#{field}-error"), field
    assert page.one("#recruitment_text").get_text(strip=True) == "Come"
    session.rollback()
    assert settings_of(market.stall.shop.id).at(market.stall.make.later(**LATER)).rate_bp == 1000


def test_a_campaign_with_odd_tiers_is_not_stored(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/group-buys/new", external_id="G-2", title="G", orders_0="5", cashback_0="8.00",
                         orders_1="3", cashback_1="1.00")  # fmt: skip
    assert page.status == 422
    assert page.one("#orders_1")["value"] == "3"
    assert "Each tier" in page.one("#tiers-error").get_text()
    assert merchant.post(f"{market.base}/group-buys/new", external_id="G-2", title="G", orders_0="3",
                         cashback_0="8.00").status == 303  # fmt: skip


def test_a_product_off_the_shop_is_refused(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/products/new", sku="S-2", title="T", url="https://evil.example.org/", rate="5")
    assert page.status == 422
    assert page.error("url")
    assert page.one("#rate")["value"] == "5"


def test_an_order_is_given_to_somebody_else(market: Market, merchant: Browser) -> None:
    commission = get_commission(SYSTEM, int(market.ids["pending_id"]))
    other = str(market.stall.other.id)
    path = f"{market.base}/orders/{commission.order_id}"
    assert merchant.post(f"{path}/attribution", salesperson=other, reason_code="").status == 422
    assert merchant.post(f"{path}/attribution", salesperson=other, reason_code="agreed", note="Both").status == 303
    assert "Both salespeople agreed" in merchant.get(path).words


def test_a_commission_is_held_and_let_go(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/commissions/{market.ids['pending_id']}"
    assert merchant.post(f"{path}/hold", reason="").status == 422
    assert merchant.post(f"{path}/hold", reason="We look into it").status == 303
    assert "We look into it" in merchant.get(path).words
    assert merchant.post(f"{path}/release").status == 303


def test_what_was_agreed_is_recorded(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/commissions/{market.ids['by_hand_id']}"
    assert merchant.get(path).one("#amount")["value"] == "6.00"
    bad = merchant.post(f"{path}/by-hand", amount="-2.00", paid_from="balance")
    assert bad.status == 422
    assert bad.error("amount")
    assert merchant.post(f"{path}/by-hand", amount="5.00", paid_from="outside", note="Cash").status == 303
    assert "Cash" in merchant.get(path).words


def test_a_withdrawal_is_refused_with_a_reason_only(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/withdrawals/{market.ids['withdrawal_id']}"
    assert merchant.post(f"{path}/refusal", reason="").status == 422
    assert merchant.post(f"{path}/payment", fee="0.50", reference="R-1").status == 303
    session.rollback()
    paid = session.get_one(Withdrawal, int(market.ids["withdrawal_id"]))
    assert (paid.status, paid.fee_minor, paid.payment_reference) == ("paid", 50, "R-1")


def test_a_run_is_started_and_followed(market: Market, merchant: Browser) -> None:
    future = merchant.post(f"{market.base}/runs", as_of="2999-01-01T00:00")
    assert future.status == 422
    assert future.error("as_of")
    started = merchant.post(f"{market.base}/runs")
    assert started.status == 303
    assert merchant.fragment(started.headers["Location"]).one("#run")


def test_a_browser_waits_for_a_run_only_so_long(
    market: Market, merchant: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = market.stall.at - timedelta(days=20)
    for number in range(3):
        market.stall.order(f"L-{number}", "+8613500000009", 1_000, placed_at=long_ago, paid_at=long_ago,
                           shipped_at=long_ago)  # fmt: skip
    monkeypatch.setattr(settling, "FIRST_PORTION", 1)
    monkeypatch.setattr(settling, "LARGEST_PORTION", 1)
    monkeypatch.setattr(runs, "PATIENCE_SECONDS", 0)
    settled = []
    path = merchant.post(f"{market.base}/runs").headers["Location"]
    for _ in range(4):
        page = merchant.get(path)
        settled.append(page.all("#run .cards strong")[0])
        if "the next one takes up what is left" not in page.words:
            break
        assert page.all("#run button") == ["Continue"]
        path = merchant.post(f"{path}/continuation").headers["Location"]
    assert settled[:3] == ["1", "1", "1"]
    assert "Settled" not in page.all("#run button")


def test_going_on_keeps_the_moment_of_the_run(market: Market, merchant: Browser) -> None:
    path = merchant.post(f"{market.base}/runs", as_of="2026-01-02T03:04").headers["Location"]
    following = merchant.post(f"{path}/continuation").headers["Location"]
    session.rollback()
    moments = session.scalars(select(SettlementRun.as_of).order_by(SettlementRun.id.desc()).limit(2)).all()
    assert following != path
    assert moments == [datetime(2026, 1, 2, 3, 4, tzinfo=UTC)] * 2


def test_results_of_withdrawals_come_back_in_a_file(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/withdrawals"
    listed = merchant.get(f"{path}/open.csv")
    first = next(csv.DictReader(io.StringIO(listed.text.removeprefix("\ufeff"))))
    filled = [
        first | {"status": "perhaps"},
        first | {"status": "paid", "reference": "T-1", "fee": "0.10"},
        first | {"status": "refused", "reason": "No"},
    ]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(first))
    writer.writeheader()
    writer.writerows(filled)
    page = merchant.post(f"{path}/results", file=(io.BytesIO(buffer.getvalue().encode()), "results.csv"))
    assert page.status == 200
    assert page.all("#outcome .cards strong") == ["1", "0", "2"]
    assert page.all("#outcome td") == [
        "2", "status", "Write paid or refused.",
        "4", "status", "This withdrawal is recorded as Paid out already, with other details.",
    ]  # fmt: skip
    session.rollback()
    paid = session.get_one(Withdrawal, int(market.ids["withdrawal_id"]))
    assert (paid.status, paid.fee_minor, paid.payment_reference) == ("paid", 10, "T-1")


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (None, "Choose a file."),
        (b"", "We cannot read this file."),
        (b"order,amount\n1,2\n", "no column withdrawal"),
        (b"withdrawal,status\n\xff\xfe\xff,paid\n", "not UTF-8"),
    ],
)
def test_a_file_that_holds_no_results_is_refused(
    market: Market, merchant: Browser, upload: bytes | None, sentence: str
) -> None:
    fields = {} if upload is None else {"file": (io.BytesIO(upload), "results.csv")}
    page = merchant.post(f"{market.base}/withdrawals/results", **fields)
    assert page.status == 422
    assert sentence in page.error("file")


def test_keys_and_secrets_are_shown_once(market: Market, merchant: Browser) -> None:
    page = merchant.post(f"{market.base}/keys", name="Till")
    secret = page.one("code.secret").get_text()
    assert secret.startswith("rk_shop_")
    hooks = merchant.post(f"{market.base}/webhook-secrets/shopify")
    made = hooks.one("code.secret").get_text()
    again = merchant.get(f"{market.base}/integrations").text
    assert secret not in again
    assert made not in again


def test_a_parked_delivery_is_tried_again(market: Market, merchant: Browser) -> None:
    path = f"{market.base}/deliveries/{market.ids['delivery_id']}"
    assert merchant.post(f"{path}/replay").status == 303
    assert "2 times" in merchant.get(path).words


def test_whose_a_customer_is(market: Market, merchant: Browser) -> None:
    for asked in ("+8613500000001", "A-1"):
        page = merchant.get(f"{market.base}/relations?q={asked.replace('+', '%2B')}")
        assert "This customer belongs to Xiaolong" in page.words
    assert "Nobody is known by that" in merchant.get(f"{market.base}/relations?q=nobody").words
    assert merchant.get(f"{market.base}/relations?q=A-1&at=soon").status == 422


# --- Lists cost the same however long they are ---


@contextmanager
def counting() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "path", ["salespeople", "orders", "pending", "withdrawals", "products", "group-buys", "balance"]
)
def test_a_longer_list_asks_no_more(market: Market, merchant: Browser, make: Making, path: str) -> None:
    merchant.get(f"{market.base}/{path}")
    with counting() as before:
        merchant.get(f"{market.base}/{path}")
    stall = market.stall
    for number in range(6):
        stall.shops.salesperson(stall.shop)
        stall.shops.product(stall.shop, f"more-{number}")
        stall.shops.group_buy(stall.shop, f"more-{number}", (3, 100))
        stall.order(f"more-{number}", f"+86135000010{number:02}", 4_400)
    with counting() as after:
        merchant.get(f"{market.base}/{path}")
    assert len(after) <= len(before)
