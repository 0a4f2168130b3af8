"""The products of a shop, with rates of their own."""

from typing import Any

from flask import Response, g, jsonify

from referrals.api.keys import idempotent, require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.shop_schemas import PageQuery, ProductIn, ProductOut, Products
from referrals.clock import now
from referrals.errors import NotFound
from referrals.listing import Wish
from referrals.shops.catalogue import put_product
from referrals.shops.product_list import ProductList
from referrals.shops.queries import find_product
from referrals.shops.rates import own_rate, set_rate

blueprint = Blueprint("api_products", __name__, url_prefix="/api/v1", description="A shop's products")
blueprint.before_request(require_key)


@blueprint.get("/products")
@blueprint.arguments(PageQuery, location="query")
@blueprint.doc(operationId="listProducts", security=[{"key": []}])
@blueprint.response(200, Products)
@shop_key
def index(query: dict[str, str]) -> Response:
    """List products, by title"""
    found = ProductList(g.actor, g.shop, Wish(page=query.get("cursor", "")), at=now()).slice()
    return jsonify({"items": [as_json(row, row.rate_bp) for row in found.rows], "next": found.next})


@blueprint.get("/products/<path:sku>")
@blueprint.doc(operationId="readProduct", security=[{"key": []}])
@blueprint.response(200, ProductOut)
@shop_key
def show(sku: str) -> Response:
    """Read one product"""
    product = find_product(g.shop.id, sku)
    if product is None:
        raise NotFound
    return jsonify(as_json(product, own_rate(g.shop.id, "product", product.id, now())))


@blueprint.put("/products/<path:sku>")
@blueprint.arguments(ProductIn)
@blueprint.doc(operationId="putProduct", security=[{"key": []}])
@blueprint.response(200, ProductOut)
@shop_key
@idempotent
def put(body: dict[str, Any], sku: str) -> Response:
    """Add a product, or change one"""
    at = now()
    effective_at = body.get("effective_at") or at
    known = find_product(g.shop.id, sku)
    title = body.get("title", known.title if known else sku)
    url = body.get("url", known.url if known else "") or ""
    product = put_product(g.shop, sku, title=title, url=url, by=g.actor, at=at)
    if "rate_bp" in body:
        set_rate(g.shop, "product", product.id, body["rate_bp"], effective_at=effective_at, by=g.actor, at=at)
    return jsonify(as_json(product, own_rate(g.shop.id, "product", product.id, max(at, effective_at))))


def as_json(product: Any, rate_bp: int | None) -> dict[str, Any]:
    """A product as the API shows it."""
    return {"sku": product.sku, "title": product.title, "url": product.url, "rate_bp": rate_bp}
