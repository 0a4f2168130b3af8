"""Commissions, balance, settlements and withdrawals through the API, as other programs use it (`API`)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.making import Making
from tests.settlement.selling import Selling

Answer = tuple[int, dict[str, Any]]


class Calls:
    """Calls with a shop's key."""

    def __init__(self, sales: Selling) -> None:
        self.sales = sales
        self.client = sales.app.test_client()
        self.headers = {"Authorization": f"Bearer {sales.key(sales.store)}"}

    def get(self, path: str, **query: str) -> Answer:
        found = self.client.get(f"/api/v1{path}", query_string=query, headers=self.headers)
        return found.status_code, found.get_json()

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        found = self.client.post(f"/api/v1{path}", json=body, headers=self.headers | headers)
        return found.status_code, found.get_json()


@pytest.fixture
def at() -> datetime:
    """The real present: the API reads the clock."""
    return datetime.now(UTC)


@pytest.fixture
def calls(make: Making) -> Calls:
    return Calls(Selling(make))


def cny(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


def test_balance_top_up_and_settlement(calls: Calls) -> None:
    calls.sales.done("1", 8_800)
    calls.sales.order("2", 10_000)
    status, found = calls.get("/balance")
    assert status == 200
    assert found["next_run_at"] is not None
    wanted = {"balance": cny("0.00"), "pending": cny("18.80"), "due": cny("8.80"), "shortfall": cny("8.80")}
    assert {name: found[name] for name in wanted} == wanted
    body = {"id": "T1", "amount": cny("8.80"), "note": "June"}
    assert calls.post("/top-ups", body)[0] == 201
    status, again = calls.post("/top-ups", body)
    assert (status, again["balance"]) == (200, cny("8.80"))
    assert calls.post("/top-ups", body | {"amount": cny("8.81")})[0] == 409
    status, run = calls.post("/settlements", {})
    wanted = {"settled": 1, "settled_amount": cny("8.80"), "left": 0, "void": 0, "balance": cny("0.00")}
    assert (status, {name: run[name] for name in wanted}) == (201, wanted)
    assert calls.get(f"/settlements/{run['id']}")[1]["status"] == "done"
    (settled,) = calls.get("/commissions", status="settled")[1]["items"]
    assert (settled["order"], settled["amount"], settled["settlement"]) == ("1", cny("8.80"), run["id"])
    assert settled["salesperson"] == str(calls.sales.anna.id)
    assert calls.get(f"/commissions/{settled['id']}") == (200, settled)


def test_a_run_needs_no_body_and_may_be_as_of_a_past_moment(calls: Calls) -> None:
    calls.sales.done("1", 10_000, completed_ago=2)
    calls.sales.top_up(5_000)
    then = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    assert calls.post("/settlements", {"as_of": then})[1]["settled"] == 0
    found = calls.client.post("/api/v1/settlements", headers=calls.headers)
    assert (found.status_code, found.get_json()["settled"]) == (201, 1)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/settlements", {"as_of": "2999-01-01T00:00:00Z"}, 422),
        ("/settlements", {"as_of": "yesterday"}, 422),
        ("/top-ups", {"id": "x", "amount": cny("0.00")}, 422),
        ("/top-ups", {"id": "x", "amount": cny("-1.00")}, 422),
        ("/top-ups", {"id": "x", "amount": cny("1.001")}, 422),
        ("/top-ups", {"id": "x", "amount": {"amount": "1.00", "currency": "EUR"}}, 422),
        ("/top-ups", {"id": "", "amount": cny("1.00")}, 422),
        ("/top-ups", {"id": "a\0b", "amount": cny("1.00")}, 422),
        ("/top-ups", {"id": "\u202e", "amount": cny("1.00")}, 422),
        ("/top-ups", {"id": "x", "amount": cny("1.00"), "note": "a\0b"}, 422),
        ("/withdrawals", {"salesperson": "7", "amount": cny("1.00"), "method": "a\0b"}, 422),
        ("/withdrawals/7/payment", {"reference": "a\0b"}, 422),
        ("/withdrawals/7/refusal", {"reason": "a\0b"}, 422),
        ("/commissions/7/by-hand", {"amount": cny("1.00"), "paid_from": "outside", "note": "a\0b"}, 422),
        ("/top-ups", {"amount": cny("1.00")}, 422),
        ("/withdrawals", {"salesperson": "7", "amount": cny("1.00")}, 404),
        ("/withdrawals/7/payment", {}, 404),
        ("/commissions/7/by-hand", {"amount": cny("1.00"), "paid_from": "outside"}, 404),
    ],
)
def test_what_cannot_be_is_refused(calls: Calls, path: str, body: dict[str, Any], status: int) -> None:
    assert calls.post(path, body)[0] == status


def test_the_same_idempotency_key_settles_once(calls: Calls) -> None:
    calls.sales.done("1", 10_000)
    calls.sales.top_up(5_000)
    first = calls.post("/settlements", {}, **{"Idempotency-Key": "k"})
    assert calls.post("/settlements", {}, **{"Idempotency-Key": "k"}) == first


def test_by_hand_is_recorded_once(calls: Calls) -> None:
    calls.sales.done("1", 10_000, collected_by="merchant")
    calls.sales.refund("1", 4_000)
    (due,) = calls.get("/commissions", by_hand_due="true")[1]["items"]
    assert (due["status"], due["by_hand_due"], due["suggested"]) == ("by_hand", cny("6.00"), cny("6.00"))
    path = f"/commissions/{due['id']}/by-hand"
    body = {"amount": cny("5.50"), "paid_from": "outside", "note": "agreed"}
    status, made = calls.post(path, body)
    assert (status, made["status"], made["amount"], made["by_hand_due"]) == (201, "settled", cny("5.50"), cny("0.00"))
    status, refused = calls.post(path, body)
    assert (status, "amount" in refused["errors"]) == (422, True)


def test_withdrawals_are_asked_for_paid_and_refused(calls: Calls) -> None:
    calls.sales.done("1", 10_000)
    calls.sales.top_up(5_000)
    calls.sales.run()
    ask = {"salesperson": str(calls.sales.anna.id), "amount": cny("4.00")}
    first, second = calls.post("/withdrawals", ask)[1], calls.post("/withdrawals", ask)[1]
    assert calls.post("/withdrawals", ask)[0] == 422
    paid = calls.post(f"/withdrawals/{first['id']}/payment", {"fee": cny("0.10"), "reference": "T9"})
    assert (paid[0], paid[1]["status"], paid[1]["fee"]) == (200, "paid", cny("0.10"))
    refused = calls.post(f"/withdrawals/{second['id']}/refusal", {"reason": "Wrong account"})
    assert (refused[0], refused[1]["status"]) == (200, "refused")
    assert (calls.sales.earned, calls.sales.reserved) == (600, 0)
    assert [one["status"] for one in calls.get("/withdrawals")[1]["items"]] == ["refused", "paid"]


def test_a_stranger_answers_like_nobody(calls: Calls) -> None:
    made = calls.sales.done("1", 10_000)
    other = Calls(calls.sales)
    other.headers = {"Authorization": f"Bearer {calls.sales.key(calls.sales.shop())}"}
    for path in (f"/commissions/{made.id}", "/commissions/7"):
        status, found = other.get(path)
        assert (status, found) == (404, {"type": "about:blank", "title": "Not Found", "status": 404})
    assert other.get("/commissions")[1] == {"items": [], "next": None}
