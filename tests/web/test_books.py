"""The page of the books, and the story of a commission on the pages of merchant and salesperson."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from referrals.db import session
from referrals.ledger.checking import check_books
from tests.making import Making
from tests.settlement.selling import Selling
from tests.web.browsing import Browser

Browse = Callable[..., Browser]


@pytest.fixture
def sales(make: Making) -> Selling:
    """A shop with a settled commission, refunded in part afterwards, and a pending one with cashback."""
    sales = Selling(make, refunds_after_settlement="claw_back")
    sales.group_buy(sales.store, "july", (1, 800))
    sales.done("1", 8800, 1200)
    sales.top_up(10_000)
    sales.run()
    sales.refund("1", 4000)
    sales.order("2", 8800, group_buy="july")
    return sales


def test_administrators_prove_the_books(make: Making, browse: Browse, sales: Selling) -> None:
    admin = browse(make.admin())
    assert "Nobody has proved the books yet." in admin.get("/ledger").words
    assert admin.post("/ledger/proof").status == 303
    page = admin.get("/ledger")
    assert page.all(".notice.good strong") == ["The books are good."]
    assert len(page.soup.select("table.ledger tbody tr")) == 3
    assert page.one("#ledger-table")["data-total"] == "3"


def test_the_list_of_entries_filters_and_exports(make: Making, browse: Browse, sales: Selling) -> None:
    admin = browse(make.admin())
    assert admin.fragment("/ledger?kind=clawback").one("#ledger-table")["data-total"] == "1"
    file = admin.get("/ledger.csv?kind=top_up").text
    assert "Top-up" in file
    assert "100.00" in file


def test_books_in_doubt_say_which_row(make: Making, browse: Browse, sales: Selling) -> None:
    session.execute(text("UPDATE ledger_accounts SET balance_minor = balance_minor + 1 WHERE kind = 'store'"))
    session.commit()
    check_books(at=make.at)
    session.commit()
    page = browse(make.admin()).get("/ledger")
    assert "ledger_accounts row" in page.one(".notice.bad").get_text()
    assert page.all("nav a[href='/ledger']")[0].endswith("1")


@pytest.mark.parametrize("path", ["/ledger", "/ledger.csv"])
def test_nobody_else_sees_the_books(make: Making, browse: Browse, sales: Selling, path: str) -> None:
    for who in (make.rep(), make.member(), sales.merchant(sales.store), sales.seller(sales.anna)):
        assert browse(who).get(path).status == 403


def test_the_merchant_reads_how_an_amount_came_about(browse: Browse, sales: Selling) -> None:
    commission = sales.commission("1")
    page = browse(sales.merchant(sales.store)).get(f"/shops/tea/commissions/{commission.id}")
    story = page.one("#explanation").get_text(" ", strip=True)
    for words in ("CN¥100.00 goods", "10% rate", "CN¥10.00 commission", "coupon code", "entry 2 of the books"):
        assert words in story
    assert "CN¥4.00 of it went back" in story
    assert "What remains: CN¥6.00" in story
    assert page.all("#explanation .notice.good")


def test_the_salesperson_reads_the_same_story(browse: Browse, sales: Selling) -> None:
    commission = sales.commission("2")
    page = browse(sales.seller(sales.anna)).get(f"/sell/commissions/{commission.id}")
    story = page.one("#explanation .sum").get_text(" ", strip=True)
    assert story == "CN¥88.00 goods − CN¥8.00 cashback = CN¥80.00 counts × 10% rate = CN¥8.00 estimate"
