"""What a salesperson shares, how it is shown, and what a standing other than active leaves."""

import pytest
from sqlalchemy import func, select

from referrals.db import session
from referrals.links.models import Link
from referrals.people.rules import SYSTEM
from referrals.shops.material import put_material
from tests.making import Making
from tests.web.browsing import Browser, Page
from tests.web.sell.stall import Stall, set_up


def shared(seller: Browser, target: str, **fields: str) -> Page:
    """Share something and open the page of its link."""
    answer = seller.post("/sell/links", target=target, **fields)
    assert answer.status == 303, answer.words
    return seller.get(answer.headers["Location"])


def test_the_shop_a_product_an_article_and_a_page_can_be_shared(stall: Stall, seller: Browser) -> None:
    host = f"https://{stall.shop.slug}.example.org"
    stall.shops.product(stall.shop, "TEA", url=f"{host}/products/tea")
    stall.shops.article(stall.shop, "brew", f"{host}/articles/brew")
    for target, leads_to in (
        ("shop", f"{host}/"),
        ("product:TEA", f"{host}/products/tea"),
        ("article:brew", f"{host}/articles/brew"),
        (f"{host}/sale?colour=red", f"{host}/sale?colour=red"),
    ):
        page = shared(seller, target)
        code = session.scalars(select(Link.code).where(Link.target_url == leads_to)).first()
        assert page.one("#link-url")["value"] == f"http://127.0.0.1:8000/r/{code}"
        assert page.one("img.qr")["src"] == f"/r/{code}.svg"
        assert seller.get(f"/r/{code}").headers["Location"].startswith(leads_to)


@pytest.mark.parametrize("target", ["https://evil.example.org/", "javascript:alert(1)", "product:none", "no page"])
def test_what_is_no_page_of_the_shop_is_told_beside_the_field(seller: Browser, target: str) -> None:
    page = seller.post("/sell/links", target=target)
    assert page.status == 422
    assert len(page.all("#target-error")) == 1
    assert page.one('input[name="target"][type="url"]')["value"] == target


def test_a_short_link_says_when_it_stops_and_its_qr_code_stays(make: Making) -> None:
    stall = set_up(make, validity="short")
    seller = Browser(make, stall.shops.seller(stall.salesperson))
    page = shared(seller, "shop")
    assert "works until" in page.words
    assert "never stops" in page.words
    link = page.one("#link-url")["value"].rpartition("/")[2]
    assert link not in str(page.one("img.qr")["src"])
    assert "Share anew" in page.words


def test_the_poster_is_a_page_for_paper(stall: Stall, seller: Browser) -> None:
    code = stall.salesperson.code
    page = seller.get(f"/sell/links/{code}/poster")
    assert page.one(".poster img.qr")["src"] == f"/r/{code}.svg"
    assert page.all(".poster .shop") == [stall.shop.name]
    assert f"127.0.0.1:8000/r/{code}" in page.words


def test_the_list_of_links_counts_clicks_and_exports(stall: Stall, seller: Browser) -> None:
    stall.click(stall.salesperson, "v1")
    stall.click(stall.salesperson, "v2")
    page = seller.get("/sell/links")
    assert page.one("#links-table")["data-total"] == "1"
    assert page.all("tbody td.num .only-narrow") == ["2 clicks"]
    assert f"/r/{stall.salesperson.code}" in seller.get("/sell/links.csv").text


def test_products_show_what_they_earn_this_salesperson(stall: Stall, seller: Browser) -> None:
    stall.shops.product(stall.shop, "TEA", url="https://shop-1.example.org/tea", rate_bp=2500)
    stall.shops.product(stall.shop, "CUP")
    stall.shops.rate(stall.shop, "salesperson", stall.salesperson.id, 1200)
    page = seller.get("/sell/products")
    assert page.all("td.earns") == ["You earn 12%", "You earn 25%"]
    assert "No page yet" in page.words


def test_material_can_be_shared_and_its_text_is_shown_as_text(stall: Stall, seller: Browser) -> None:
    put_material(
        stall.shop, None, title="New <i>tea</i>", text="Try it.", picture_url="", target="shop", by=SYSTEM,
        at=stall.at,
    )  # fmt: skip
    session.commit()
    page = seller.get("/sell/share")
    assert page.all(".material h3") == ["New <i>tea</i>"]
    assert page.one('.material input[name="target"]')["value"] == "shop"


def test_the_link_of_another_salesperson_is_not_there(stall: Stall, seller: Browser) -> None:
    for path in (f"/sell/links/{stall.other.code}", f"/sell/links/{stall.other.code}/poster"):
        strange, unknown = seller.get(path), seller.get(path.replace(stall.other.code, "zzzzzzzzzz"))
        assert strange.status == unknown.status == 404
        assert strange.words == unknown.words


@pytest.mark.parametrize(
    ("status", "notice"),
    [("suspended", "You are suspended"), ("left", "You have left")],
)
def test_whoever_is_not_active_is_told_and_shares_nothing(
    stall: Stall, seller: Browser, status: str, notice: str
) -> None:
    stall.shops.status(stall.salesperson, status)
    for path in ("/sell", "/sell/share", "/sell/orders", "/sell/balance", "/sell/products"):
        assert notice in seller.get(path).words, path
    assert not seller.get("/sell/share").soup.select('form[action="/sell/links"]')
    before = session.scalar(select(func.count()).select_from(Link))
    assert seller.post("/sell/links", target="shop").status == 422
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Link)) == before


def test_while_the_programme_is_off_its_people_are_told(stall: Stall, seller: Browser) -> None:
    stall.shops.settings(stall.shop, programme=False)
    assert "switched off at present" in seller.get("/sell").words


def test_visiting_the_shop_leads_to_its_own_host_with_a_token(stall: Stall, seller: Browser) -> None:
    answer = seller.get("/sell/visit")
    assert answer.status == 302
    assert answer.headers["Location"].startswith(f"https://{stall.shop.slug}.example.org/#seller=")
