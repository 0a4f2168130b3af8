"""Sharing: the shop, a product, an article, material, any page; each as a link and a QR code (`SPEC §5`)."""

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.link_list import LinkList
from referrals.links.models import Link
from referrals.links.queries import get_link
from referrals.links.sharing import qr_of, share
from referrals.shops.material import material_of
from referrals.shops.product_list import ProductList
from referrals.shops.queries import articles_of, rate_book
from referrals.web import drafts, hx, lists
from referrals.web.forms.sell import PageForm
from referrals.web.house import link_url
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.sell.ground import NotNow, seller, show, surroundings
from referrals.web.sell.words import kinds_of_links
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("sell_sharing", __name__)
ARTICLES = 50

LINKS = ListPage(
    name="links",
    path="/sell/links",
    title=N_("What you shared"),
    columns=(
        Column("title", N_("Page"), lambda row: row.title),
        Column("kind", N_("Kind"), lambda row: dict(kinds_of_links())[row.kind]),
        Column("url", N_("Link"), lambda row: link_url(row.code), sortable=False, shown=False),
        Column("shared", N_("Shared"), lambda row: row.shared_at),
        Column("expires", N_("Stops"), lambda row: row.expires_at, sortable=False),
        Column("clicks", N_("Clicks"), lambda row: row.clicks, style="num"),
    ),
    rows="sell/_link_rows.html",
    page="sell/links.html",
    filters=(Filter("kind", N_("Kind"), N_("Links and QR codes"), kinds_of_links),),
    searched=N_("Page or address"),
)
PRODUCTS = ListPage(
    name="products",
    path="/sell/products",
    title=N_("Products"),
    columns=(
        Column("title", N_("Product"), lambda row: row.title),
        Column("sku", N_("Article number"), lambda row: row.sku),
        Column("rate", N_("You earn"), lambda row: row.sku, sortable=False, style="num"),
        Column("share", N_("Share"), sortable=False, style="num"),
    ),
    rows="sell/_product_rows.html",
    page="sell/products.html",
    searched=N_("Product or article number"),
    exports=False,
)


@blueprint.get("/sell/share")
@may("sell")
def index() -> Response:
    """Everything that can be shared."""
    return share_page(PageForm(formdata=drafts.typed_before(url_for("sell_sharing.create"))))


def share_page(form: PageForm, status: int = 200) -> Response:
    shop = seller().shop
    return show(
        "sell/share.html",
        status,
        form=form,
        material=material_of(shop.id),
        articles=articles_of(shop.id)[:ARTICLES],
    )


@blueprint.post("/sell/links")
@may("sell")
def create() -> AnyResponse:
    """Share something: the answer is the page of its link."""
    here, form, at = seller(), PageForm(), now()
    if not here.may_share:
        raise NotNow
    if not form.validate():
        return share_page(form, 422)
    kind = "qr" if request.form.get("kind") == "qr" else "link"
    try:
        link = share(here.salesperson, form.target.data, kind, shared_at=at, at=at)
        drafts.spent()
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "target")
        return share_page(form, 422)
    return hx.go_to(url_for("sell_sharing.show_link", code=link.code))


@blueprint.get("/sell/links")
@blueprint.get("/sell/links.<any(csv, xlsx):kind>")
@may("sell")
def links(kind: str | None = None) -> Response:
    """What was shared, and how often it was opened."""
    return lists.answer(LINKS, LinkList(actor(), LINKS.wish()), kind, **surroundings())


@blueprint.get("/sell/products")
@may("sell")
def products() -> Response:
    """The products of the shop, with what each earns, to be shared."""
    here = seller()
    book = rate_book(here.shop.id)
    listed = ProductList(actor(), here.shop, PRODUCTS.wish(), at=here.at)
    return lists.answer(
        PRODUCTS, listed, None, rate=lambda sku: book.rate(sku, here.salesperson.id, here.at).bp, **surroundings()
    )


@blueprint.get("/sell/links/<code>")
@may("sell")
def show_link(code: str) -> Response:
    """One link: to copy, to hand on, to scan, to print."""
    link = own_link(code)
    return show("sell/link.html", link=link, url=link_url(link.code), qr=qr_of(link))


@blueprint.get("/sell/links/<code>/poster")
@may("sell")
def poster(code: str) -> Response:
    """A sheet of paper with the QR code, to hang up."""
    link = own_link(code)
    qr = qr_of(link)
    return show("sell/poster.html", link=link, qr=qr, url=link_url(qr.code))


def own_link(code: str) -> Link:
    return get_link(seller().shop.id, seller().salesperson.id, code)
