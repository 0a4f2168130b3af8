"""Thousands of due commissions, written as rows: as if their orders had come in long ago."""

from datetime import timedelta

from referrals.commissions.models import Commission
from referrals.db import insert_rows, session
from referrals.ids import new_id
from referrals.orders.models import Order, OrderLine
from tests.settlement.selling import DAY, Selling

BATCH = 10_000
ORDER = (
    "id", "shop_id", "external_id", "source", "placed_at", "received_at", "currency", "payment_method", "collected_by",
    "test", "requires_shipping", "shipping_minor", "tax_minor", "coupon_codes", "paid_at", "completed_at",
    "finished_at", "goods_minor", "left_minor", "refunded_minor", "excess_minor", "salesperson_id", "via",
)  # fmt: skip
LINE = ("id", "order_id", "line_id", "sku", "title", "quantity", "amount_minor")
COMMISSION = (
    "id", "shop_id", "order_id", "order_key", "salesperson_id", "kind", "status", "reason", "currency",
    "amount_minor", "clawed_back_minor", "base_minor", "rate_bp", "suggested_minor", "by_hand_due_minor",
    "by_hand_base_minor", "collected_by", "refund_rule", "created_at", "due_at", "held_reason", "error",
)  # fmt: skip


def fill_due(sales: Selling, number: int, *, amount: int = 100, salespeople: tuple[int, ...] = ()) -> None:
    """So many orders of one line, completed one second after the other, each with a commission of `amount`."""
    whose = salespeople or (sales.anna.id,)
    for start in range(0, number, BATCH):
        write(sales, range(start, min(number, start + BATCH)), amount, whose)
    session.commit()


def write(sales: Selling, numbers: range, amount: int, whose: tuple[int, ...]) -> None:
    store, placed = sales.store, sales.at - 60 * DAY
    orders, lines, commissions = [], [], []
    for number in numbers:
        order_id, done = new_id(), placed + timedelta(seconds=number)
        key, seller, goods = f"O{number:07}", whose[number % len(whose)], amount * 10
        orders.append(
            (order_id, store.id, key, "csv", placed, placed, store.currency, "", "platform", False, True, 0, 0, [],
             placed, done, done, goods, goods, 0, 0, seller, "coupon")
        )  # fmt: skip
        lines.append((new_id(), order_id, "1", "SKU", "Tea", 1, goods))
        commissions.append(
            (new_id(), store.id, order_id, key, seller, "sale", "pending", "waiting", store.currency, amount, 0, goods,
             1000, amount, 0, 0, "platform", "keep", placed, done, "", "")
        )  # fmt: skip
    insert_rows(Order, ORDER, orders)
    insert_rows(OrderLine, LINE, lines)
    insert_rows(Commission, COMMISSION, commissions)
