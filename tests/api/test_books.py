"""Books, explanations and dry runs by the API."""

import pytest

from tests.api.calling import Caller, cny
from tests.making import Making
from tests.settlement.selling import DAY, Selling


@pytest.fixture
def sales(make: Making) -> Selling:
    """A shop with a settled commission and an order that is nobody's."""
    sales = Selling(make)
    sales.done("1", 8800)
    sales.top_up(10_000)
    sales.run()
    return sales


@pytest.fixture
def call(sales: Selling) -> Caller:
    return Caller(sales.app, sales.key(sales.store))


def test_entries_are_listed_with_their_postings(call: Caller, sales: Selling) -> None:
    newest, first = call.get("/ledger/entries")["items"]
    assert (newest["number"], newest["kind"], first["kind"]) == (2, "settlement", "top_up")
    assert newest["reference"] == f"settlement:{sales.commission('1').id}"
    assert newest["postings"] == [
        {"account": "store", "salesperson": None, "amount": cny("-8.80")},
        {"account": "salesperson", "salesperson": str(sales.anna.id), "amount": cny("8.80")},
    ]
    assert [one["kind"] for one in call.get("/ledger/entries?kind=top_up")["items"]] == ["top_up"]


def test_a_shop_proves_its_own_books_alone(call: Caller, sales: Selling) -> None:
    other = sales.shop("coffee")
    found = call.get("/ledger/check")
    assert (found["ok"], found["entries"], found["postings"], found["first_problem"]) == (True, 2, 4, None)
    assert found["hash"] == call.get("/ledger/entries")["items"][0]["hash"]
    theirs = Caller(sales.app, sales.key(other))
    assert theirs.get("/ledger/check")["entries"] == 0
    assert theirs.get("/ledger/entries")["items"] == []


def test_a_commission_is_explained(call: Caller, sales: Selling) -> None:
    commission = sales.commission("1")
    told = call.get(f"/commissions/{commission.id}/explanation")
    assert (told["amount"], told["computed"], told["agrees"]) == (cny("8.80"), cny("8.80"), True)
    assert told["entry"]["amount"] == cny("8.80")
    assert told["attribution"]["via"] == "coupon"
    assert call.get("/orders/1/explanation")["commission"] == str(commission.id)


def test_an_order_of_nobody_says_why_not(call: Caller, sales: Selling) -> None:
    call.good(
        "POST",
        "/orders",
        {
            "external_id": "n",
            "placed_at": (sales.at - DAY).isoformat(),
            "currency": "CNY",
            "payment_method": "card",
            "collected_by": "platform",
            "customer": {"email": "li@example.org"},
            "lines": [{"id": "1", "sku": "TEA", "title": "Tea", "quantity": 1, "amount": cny("5.00")}],
        },
    )
    told = call.get("/orders/n/explanation")
    assert (told["commission"], told["reason"], told["clicks"]) == (None, "no_click", [])
    answers = {one["reason"]: one["answer"] for one in told["questions"]}
    assert (answers["test_order"], answers["no_click"], answers["own_purchase"]) == (False, True, None)


def test_strangers_explanations_answer_like_unknown_ones(call: Caller, sales: Selling) -> None:
    theirs = Caller(sales.app, sales.key(sales.shop("coffee")))
    known, unknown = sales.commission("1").id, 123456
    for path in ("/commissions/{}/explanation", "/orders/{}/explanation"):
        answers = [theirs("GET", path.format(one)) for one in (known, unknown)]
        assert [one.status_code for one in answers] == [404, 404]


def test_settings_are_tried_on_the_past(call: Caller, sales: Selling) -> None:
    body = {"rate_bp": 2000, "from": (sales.at - 60 * DAY).isoformat(), "to": sales.at.isoformat()}
    found = call.good("POST", "/settings/dry-run", body)
    assert (found["orders_changed"], found["total"]) == (1, cny("8.80"))
    assert found["per_salesperson"] == [{"salesperson": str(sales.anna.id), "difference": cny("8.80")}]
    assert call.get("/settings")["rate_bp"] == 1000


WRONG = [
    {"rate_bp": 9001, "from": "2026-01-01T00:00:00Z"},
    {"from": "yesterday"},
    {"rate_bp": 10},
    {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    {"from": "2026-01-01T00:00:00Z", "colour": "red"},
]


@pytest.mark.parametrize("body", WRONG)
def test_what_cannot_be_tried_is_refused(call: Caller, body: dict[str, object]) -> None:
    assert call("POST", "/settings/dry-run", body).status_code == 422
