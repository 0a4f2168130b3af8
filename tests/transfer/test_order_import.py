"""Orders from files: our own table, and Shopify's export with several rows per order."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from referrals.cli import main
from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.money import split
from referrals.orders.models import Order, OrderEvent
from referrals.people.rules import SYSTEM
from referrals.transfer.order_import import NotOrders, OrderImport, understand_orders
from referrals.transfer.report import Outcome
from tests.making import Making
from tests.orders.conftest import OrderMaking

HEADER = (
    "order_id,line_id,placed_at,currency,collected_by,customer_id,sku,title,quantity,amount,paid_at,shipped_at,"
    "completed_at,cancelled_at,refund_id,refunded_at,refund_amount,customer_email,customer_phone,payment_method,"
    "group_buy,test,visitor,ref,coupon_code"
)
OWN = f"""{HEADER}
A1,1,2026-10-01T10:00:00Z,CNY,platform,,TEA,Green tea,2,88.00,2026-10-01T10:05:00Z,,,,,,,li@example.org,,alipay,,,,,
A1,2,,,,,CUP,Cup,1,12.00,,,,,,,,,,,,,,,
A2,1,2026-10-02,CNY,platform,,TEA,Green tea,1,44.00,,,,,,,,li@example.org,,alipay,,,,,
A1,1,,,,,TEA,Green tea,2,88.00,,,,,R1,2026-10-03T10:00:00Z,8.00,,,,,,,,
"""


@pytest.fixture
def shop(make: Making) -> OrderMaking:
    made = OrderMaking(make)
    made.click(made.anna)
    return made


def run(shop: OrderMaking, content: str | bytes, *pairs: str, dry: bool = False) -> Outcome:
    raw = content.encode() if isinstance(content, str) else content
    importer = OrderImport(shop.shop_of_all, understand_orders(raw, "orders.csv", pairs), at=shop.at)
    total = importer.refuse_unnamed()
    for portion in importer.portions():
        done = importer.take(portion, by=SYSTEM)
        session.rollback() if dry else session.commit()
        total.read += done.read
        total.created += done.created
        total.unchanged += done.unchanged
        total.refused += done.refused
        total.remarks.extend(done.remarks)
    return total


def numbers(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.read, outcome.created, outcome.unchanged, outcome.refused


def test_rows_of_an_order_become_its_lines_and_refunds(shop: OrderMaking) -> None:
    assert numbers(run(shop, OWN)) == (4, 4, 0, 0)
    order = shop.order("A1")
    assert (order.goods_minor, order.left_minor, order.salesperson_id) == (10000, 9200, shop.anna.id)
    assert order.paid_at is not None
    commission = commission_of(order.id)
    assert commission is not None
    assert commission.amount_minor == 920
    assert shop.order("A2").placed_at.isoformat() == "2026-10-02T00:00:00+00:00"


def test_repeating_an_import_changes_nothing(shop: OrderMaking) -> None:
    run(shop, OWN)
    assert numbers(run(shop, OWN)) == (4, 0, 4, 0)
    assert session.scalar(select(func.count(OrderEvent.id))) == 2


def test_a_dry_run_says_the_same_and_writes_nothing(shop: OrderMaking) -> None:
    assert numbers(run(shop, OWN, dry=True)) == (4, 4, 0, 0)
    assert session.scalar(select(func.count(Order.id))) == 0


def test_rows_that_only_tell_a_refund_belong_to_the_order_that_is_known(shop: OrderMaking) -> None:
    run(shop, OWN)
    more = "order_id,refund_id,refunded_at,refund_amount\nA2,R2,2026-10-04T10:00:00Z,44.00\n"
    assert numbers(run(shop, more)) == (1, 1, 0, 0)
    assert shop.order("A2").left_minor == 0


def test_a_broken_row_refuses_its_order_and_no_other(shop: OrderMaking) -> None:
    outcome = run(shop, OWN.replace("12.00", "12.001"))
    assert numbers(outcome) == (4, 1, 0, 3)
    assert [(one.line, one.column) for one in outcome.remarks] == [(2, ""), (3, "amount"), (5, "")]
    assert session.scalars(select(Order.external_id)).all() == ["A2"]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("2026-10-02,", "some day,", "placed_at"),
        ("2026-10-02,", "2126-10-02,", "placed_at"),
        ("A2,1,2026-10-02,CNY", "A2,1,2026-10-02,USD", "currency"),
        ("Green tea,1,44.00", "Green tea,0,44.00", "quantity"),
        ("Green tea,1,44.00", "Green tea,1,-44.00", "amount"),
        ("Green tea,1,44.00", "Green tea,1,99999999999999999999", "amount"),
        ("44.00,,,,,,,,li@example.org", "44.00,,,,,,,,nobody", "customer_email"),
        ("44.00,,,,,,,,li", "44.00,,,,,,,5.00,li", "refund_id"),
        ("A2,1,2026-10-02,CNY,platform", "A2,1,2026-10-02,CNY,nobody", "collected_by"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_with_its_line_and_column(
    shop: OrderMaking, old: str, new: str, column: str
) -> None:
    assert old in OWN
    outcome = run(shop, OWN.replace(old, new))
    assert [(one.line, one.column) for one in outcome.remarks] == [(4, column)]
    assert numbers(outcome) == (4, 3, 0, 1)


def test_a_row_of_no_order_is_refused(shop: OrderMaking) -> None:
    outcome = run(shop, OWN + ",1,2026-10-02,CNY,,,TEA,Tea,1,1.00,,,,,,,,,,,,,,,\n")
    assert numbers(outcome) == (5, 4, 0, 1)


def test_other_facts_of_a_known_order_are_refused_and_named(shop: OrderMaking) -> None:
    run(shop, OWN)
    outcome = run(shop, OWN.replace("44.00", "45.00"))
    assert numbers(outcome) == (4, 0, 3, 1)
    assert outcome.remarks[0].params["what"] == "lines"


def test_columns_can_be_named_otherwise(shop: OrderMaking) -> None:
    other = OWN.replace("order_id", "Bestellung", 1)
    with pytest.raises(NotOrders):
        run(shop, other)
    assert numbers(run(shop, other, "Bestellung=order_id")) == (4, 4, 0, 0)


def export(*rows: dict[str, str]) -> str:
    """Shopify's export with these rows; cells that are not named are empty."""
    columns = [
        "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency", "Subtotal",
        "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Created at", "Lineitem quantity",
        "Lineitem name", "Lineitem price", "Lineitem sku", "Lineitem requires shipping", "Billing Country",
        "Billing Phone", "Note Attributes", "Cancelled at", "Payment Method", "Refunded Amount", "Id",
        "Lineitem discount", "Phone",
    ]  # fmt: skip
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


FIRST = {
    "Name": "#1001",
    "Email": "li@example.org",
    "Financial Status": "partially_refunded",
    "Paid at": "2026-10-01 12:00:05 +0200",
    "Fulfillment Status": "fulfilled",
    "Fulfilled at": "2026-10-02 12:00:00 +0200",
    "Currency": "CNY",
    "Subtotal": "90.00",
    "Shipping": "5.00",
    "Taxes": "0.00",
    "Total": "95.00",
    "Discount Code": "TEN",
    "Discount Amount": "10.00",
    "Created at": "2026-10-01 12:00:00 +0200",
    "Lineitem quantity": "2",
    "Lineitem name": "Green tea",
    "Lineitem price": "30.00",
    "Lineitem sku": "TEA",
    "Lineitem requires shipping": "true",
    "Payment Method": "Shopify Payments",
    "Refunded Amount": "20.00",
    "Id": "5001",
}
SECOND = {"Name": "#1001", "Lineitem quantity": "1", "Lineitem name": "Cup", "Lineitem price": "40.00"}


def test_shopifys_export_has_several_rows_per_order(shop: OrderMaking) -> None:
    assert numbers(run(shop, export(FIRST, SECOND))) == (2, 2, 0, 0)
    order = shop.order("5001")
    assert (order.goods_minor, order.refunded_minor, order.left_minor) == (9000, 2000, 7000)
    assert order.shipped_at is not None
    assert order.shipped_at.isoformat() == "2026-10-02T10:00:00+00:00"
    assert numbers(run(shop, export(FIRST, SECOND))) == (2, 0, 2, 0)


def test_a_refunded_total_adds_only_what_it_exceeds_the_refunds_known(shop: OrderMaking) -> None:
    run(shop, export(FIRST, SECOND))
    shop.event("refunded", "r1", order="5001", amount_minor=1500)
    assert shop.order("5001").refunded_minor == 2000
    shop.event("refunded", "r2", order="5001", amount_minor=1500)
    assert shop.order("5001").refunded_minor == 3000
    run(shop, export(FIRST | {"Refunded Amount": "31.00"}, SECOND))
    assert shop.order("5001").refunded_minor == 3100


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [(9000, [6000, 4000], [5400, 3600]), (100, [1, 1, 1], [34, 33, 33]), (0, [5, 6], [0, 0]), (7, [0, 2], [0, 7])],
)
def test_an_amount_is_split_so_that_the_parts_sum_to_it(amount: int, weights: list[int], parts: list[int]) -> None:
    assert split(amount, weights) == parts


def test_the_command_takes_orders_in(shop: OrderMaking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import referrals.cli.order_imports as command

    monkeypatch.setattr(command, "application", lambda: shop.app)
    file = tmp_path / "orders.csv"
    file.write_text(OWN)

    def call(*options: str) -> Any:
        session.rollback()
        result = CliRunner().invoke(main, ["import", "orders", str(file), "--shop", "tea", *options])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    assert {name: call("--dry-run")[name] for name in ("read", "created")} == {"read": 4, "created": 4}
    assert call() == {"read": 4, "created": 4, "unchanged": 0, "refused": 0, "report": []}
    file.write_text("\n".join(OWN.splitlines()[:4]).replace("A2,1,2026-10-02", "A2,1,2026-10-03"))
    assert [one["outcome"] for one in call("--dry-run")["report"]] == ["refused"]
