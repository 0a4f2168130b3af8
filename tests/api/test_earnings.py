"""Earnings by the API, with a partner's key (`SPEC §14`, P13)."""

from collections.abc import Callable

import pytest
from flask import Flask

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.people.sign_in import make_key
from tests.api.calling import Caller
from tests.making import Making
from tests.web.test_earnings import Earned

Connect = Callable[..., Caller]


@pytest.fixture
def earned(make: Making) -> Earned:
    return Earned(make)


@pytest.fixture
def connect(app: Flask, earned: Earned, make: Making) -> Connect:
    def with_key(scopes: list[str], partner_id: int | None = None) -> Caller:
        owner = partner_id or earned.member.partner_id
        secret = make_key("partner", partner_id=owner, name="Test", scopes=scopes, by=earned.member, at=make.at)
        session.commit()
        return Caller(app, secret)

    return with_key


def test_earnings_are_listed_the_newest_first(connect: Connect) -> None:
    items = connect(["financials"]).get("/earnings")["items"]
    assert [(one["kind"], one["amount"], one["month"], one["state"]) for one in items] == [
        ("recurring", {"amount": "-1.00", "currency": "USD"}, "2026-06", "waiting"),
        ("recurring", {"amount": "2.01", "currency": "USD"}, "2026-06", "waiting"),
    ]
    assert connect(["financials"]).get("/earnings?kind=bounty")["items"] == []


def test_an_earning_is_retold(connect: Connect) -> None:
    first, second = session.query(Earning).order_by(Earning.id).all()
    told = connect(["financials"]).get(f"/earnings/{second.id}/explanation")
    assert told["agrees"] is True
    assert told["terms"]["version"] == 1
    assert told["entry"]["reference"] == f"earning:{second.id}"
    assert told["revenue"] == {
        "row": {"id": "fix-1", "kind": "adjustment", "amount": {"amount": "-5.00", "currency": "USD"}},
        "rows": [
            {"id": "fee-1", "amount": {"amount": "10.03", "currency": "USD"}},
            {"id": "fix-1", "amount": {"amount": "-5.00", "currency": "USD"}},
        ],
        "month_sum": {"amount": "5.03", "currency": "USD"},
        "rate_bp": 2000,
        "fraction": "1006000/10000",
        "rounding": "up",
        "share": {"amount": "1.01", "currency": "USD"},
        "before": {"amount": "2.01", "currency": "USD"},
    }
    assert first.amount_minor == 201


def test_keys_without_the_scope_read_nothing_of_money(connect: Connect) -> None:
    earning = session.query(Earning).first()
    assert earning is not None
    caller = connect(["leads"])
    for path in ("/earnings", f"/earnings/{earning.id}/explanation"):
        assert caller("GET", path).status_code == 403


def test_another_partners_earning_is_unknown(connect: Connect, make: Making) -> None:
    earning = session.query(Earning).first()
    assert earning is not None
    caller = connect(["financials"], make.partner().id)
    assert caller.get("/earnings")["items"] == []
    stranger, unknown = (caller("GET", f"/earnings/{one}/explanation") for one in (earning.id, 1))
    assert (stranger.status_code, stranger.get_data()) == (404, unknown.get_data())
