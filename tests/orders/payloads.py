"""Payloads in the shapes that platforms send, written for these tests."""

import json
from typing import Any
from urllib.parse import quote


def shopify_line(line_id: str, price: str, quantity: int = 1) -> dict[str, Any]:
    return {
        "id": int(line_id),
        "sku": f"SKU-{line_id}",
        "title": f"Thing {line_id}",
        "quantity": quantity,
        "current_quantity": quantity,
        "price": price,
        "requires_shipping": True,
        "total_discount": "0.00",
        "discount_allocations": [],
        "tax_lines": [],
        "properties": [],
    }


def shopify_order(ref: str = "") -> dict[str, Any]:
    """An order of 75.00 and twice 50.00."""
    return {
        "id": 5001,
        "name": "#1001",
        "created_at": "2026-10-01T10:00:00Z",
        "updated_at": "2026-10-01T10:00:00Z",
        "processed_at": "2026-10-01T09:59:58Z",
        "currency": "USD",
        "email": "li@example.org",
        "phone": None,
        "financial_status": "pending",
        "fulfillment_status": None,
        "cancelled_at": None,
        "taxes_included": False,
        "total_tax": "0.00",
        "test": False,
        "landing_site": f"/products/thing?ref={ref}" if ref else "/",
        "note_attributes": [],
        "discount_codes": [],
        "payment_gateway_names": ["shopify_payments"],
        "line_items": [shopify_line("11", "75.00"), shopify_line("12", "50.00", 2)],
        "shipping_lines": [{"title": "Post", "price": "4.90"}],
        "refunds": [],
        "fulfillments": [],
        "customer": {"id": 77, "email": "li@example.org", "phone": None},
        "billing_address": {"phone": None, "country_code": "US"},
    }


def shopify_refund() -> dict[str, Any]:
    """The first line of `shopify_order` is given back."""
    return {
        "id": 3001,
        "order_id": 5001,
        "created_at": "2026-10-04T10:00:00Z",
        "refund_line_items": [
            {
                "line_item_id": 11,
                "quantity": 1,
                "subtotal": "75.00",
                "total_tax": "0.00",
                "line_item": shopify_line("11", "75.00"),
            }
        ],
        "order_adjustments": [{"kind": "shipping_refund", "amount": "-4.90", "tax_amount": "0.00"}],
        "transactions": [{"kind": "refund", "status": "success", "amount": "79.90"}],
    }


def woo_order() -> dict[str, Any]:
    """An order of 10.00 and 20.00 with 20 % tax on top."""
    return {
        "id": 801,
        "parent_id": 0,
        "status": "processing",
        "currency": "USD",
        "date_created": "2026-10-01T12:00:00",
        "date_created_gmt": "2026-10-01T10:00:00",
        "date_modified_gmt": "2026-10-01T10:00:00",
        "date_paid_gmt": "2026-10-01T10:00:05",
        "date_completed_gmt": None,
        "shipping_total": "5.00",
        "total_tax": "6.00",
        "customer_id": 26,
        "billing": {"email": "li@example.org", "phone": "", "country": "US"},
        "payment_method": "stripe",
        "meta_data": [],
        "line_items": [
            {"id": 1, "name": "Tea &ndash; green", "sku": "TEA", "quantity": 1, "total": "10.00", "total_tax": "2.00"},
            {"id": 2, "name": "Cup", "sku": "CUP", "quantity": 2, "total": "20.00", "total_tax": "4.00"},
        ],
        "shipping_lines": [{"id": 3, "total": "5.00", "total_tax": "0.00"}],
        "coupon_lines": [],
        "refunds": [],
    }


def woo_refund() -> dict[str, Any]:
    """The tea of `woo_order` is given back, with its tax."""
    return {
        "id": 91,
        "date_created_gmt": "2026-10-03T10:00:00",
        "amount": "12.00",
        "refunded_by": 1,
        "line_items": [
            {
                "id": 92,
                "quantity": -1,
                "total": "-10.00",
                "total_tax": "-2.00",
                "meta_data": [{"key": "_refunded_item_id", "value": "1"}],
            }
        ],
        "_links": {"up": [{"href": "https://shop.example.org/wp-json/wc/v3/orders/801"}]},
    }


def youzan(type_: str, message: dict[str, Any]) -> dict[str, Any]:
    """The envelope of a push."""
    new = type_.startswith("youzan_")
    return {
        "client_id": "the client",
        "id": "E20261001100000000000001",
        "kdt_id": 56232,
        "kdt_name": "一家店",
        "mode": 1,
        "msg": message if new else quote(json.dumps(message, ensure_ascii=False)),
        "msg_id": "6dc15f0b-8682-4812-b635-ab66e199f330",
        "root_kdt_id": 0,
        "test": False,
        "type": type_,
        "version": 1790848800,
    }


def youzan_order(**info: Any) -> dict[str, Any]:
    """A trade of 88.00 by a buyer with this phone."""
    return {
        "full_order_info": {
            "order_info": {
                "tid": "E20261001100000000000001",
                "created": "2026-10-01 18:00:00",
                "update_time": "2026-10-01 18:00:00",
                "pay_time": "",
                "consign_time": "",
                "success_time": "",
                "status": "WAIT_BUYER_PAY",
                "pay_type_str": "WEIXIN",
                "express_type": 0,
                "order_tags": {"is_virtual": False},
                "order_extra": {},
            }
            | info,
            "pay_info": {"total_fee": "98.00", "post_fee": "10.00", "payment": "98.00"},
            "buyer_info": {"yz_open_id": "abc", "buyer_phone": "$eTS8t8hAECdXKgNtV6DIfw==$1$"},
            "address_info": {"receiver_tel": "13800138000"},
            "orders": [
                {"oid": "9001", "title": "绿茶", "num": 2, "outer_sku_id": "TEA", "price": "50.00", "payment": "88.00"}
            ],
        }
    }
