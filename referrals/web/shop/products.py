"""What a shop sells, and the rates of products (`SPEC §5`)."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.shops.catalogue import put_product
from referrals.shops.models import Shop, ShopProduct
from referrals.shops.product_list import ProductList
from referrals.shops.queries import get_product, rate_book, settings_of
from referrals.shops.rates import set_rate
from referrals.web import hx
from referrals.web.forms.shop import ProductForm
from referrals.web.lists import Column, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_products", __name__)

PRODUCTS = ListPage(
    name="shop-products",
    path="/products",
    title=N_("Products and rates"),
    columns=(
        Column("title", N_("Product"), lambda row: row.title),
        Column("sku", N_("SKU"), lambda row: row.sku),
        Column("rate", N_("Rate of its own"), lambda row: row.rate_bp, sortable=False, style="num"),
        Column("url", N_("Page"), lambda row: row.url, shown=False, sortable=False),
        Column("since", N_("Known since"), lambda row: row.created_at, style="num"),
    ),
    rows="shop/_product_rows.html",
    page="shop/products.html",
    searched=N_("Title or SKU"),
    empty="shop/_products_empty.html",
)


@blueprint.get("/shops/<slug>/products")
@blueprint.get("/shops/<slug>/products.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """All products with the rates that hold now."""
    listed = ProductList(actor(), shop, PRODUCTS.wish(), at=now())
    return listing(PRODUCTS, listed, kind, shop, settings=settings_of(shop.id).at(now()))


@blueprint.get("/shops/<slug>/products/new")
@of_shop("manage")
def new(shop: Shop) -> Response:
    """The form of a product."""
    return show("shop/product.html", shop, form=ProductForm(), product=None)


@blueprint.post("/shops/<slug>/products/new")
@of_shop("manage")
def create(shop: Shop) -> AnyResponse:
    """Add a product."""
    return store(shop, None)


@blueprint.get("/shops/<slug>/products/<product_id>")
@of_shop()
def detail(shop: Shop, product_id: str) -> Response:
    """One product."""
    product = get_product(shop.id, number_in(product_id))
    form = ProductForm(formdata=None, obj=product)
    own = rate_book(shop.id).override("product", product.id, now())
    form.rate.write(own.rate_bp if own else None)
    return show("shop/product.html", shop, form=form, product=product)


@blueprint.post("/shops/<slug>/products/<product_id>")
@of_shop("manage")
def save(shop: Shop, product_id: str) -> AnyResponse:
    """Change a product or its rate."""
    return store(shop, get_product(shop.id, number_in(product_id)))


def store(shop: Shop, product: ShopProduct | None) -> AnyResponse:
    form = ProductForm()
    if product is not None:
        form.sku.data = product.sku
    if not form.validate():
        return show("shop/product.html", shop, 422, form=form, product=product)
    try:
        kept = put_product(shop, form.sku.data, title=form.title.data, url=form.url.data, by=actor(), at=now())
        own = rate_book(shop.id).override("product", kept.id, now())
        if (own.rate_bp if own else None) != form.rate.value:
            set_rate(shop, "product", kept.id, form.rate.value, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        broken.field = "rate" if broken.field == "rate_bp" else broken.field
        form.put(broken)
        return show("shop/product.html", shop, 422, form=form, product=product)
    return hx.go_to(shop_url("shop_products.index", shop), N_("Saved."))
