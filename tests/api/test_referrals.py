"""The JSON API of referrals and revenue: a partner reads its own, the platform reports."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.partners.links import make_link
from referrals.partners.models import Partner, Referral, RevenueRow
from referrals.partners.referrals import record_referral
from referrals.people.models import ApiKey
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key
from tests.api.calling import Caller
from tests.leads.at_once import at_once
from tests.making import Making
from tests.web.browsing import Browser

SIGN_UP = {
    "partner": "Studio North",
    "merchant": "Łódzkie Meble",
    "domain": "meble.example.org",
    "referred_at": "2026-05-04T10:00:00+02:00",
    "plan": "basic",
    "category": "affiliate_link",
}
ROW = {
    "id": "r-1",
    "merchant": "meble.example.org",
    "month": "2026-10",
    "amount": {"amount": "300.00", "currency": "USD"},
}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def key(make: Making, kind: str, scopes: list[str], partner: Partner | None = None) -> Caller:
    secret = make_key(
        kind, partner_id=partner.id if partner else None, name="test", scopes=scopes, by=SYSTEM, at=make.at
    )
    session.commit()
    return Caller(make.app, secret)


@pytest.fixture
def partner(make: Making) -> Partner:
    return make.partner("Studio North")


@pytest.fixture
def operator(make: Making) -> Caller:
    return key(make, "operator", ["operator"])


def count(table: Any) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_platform_reports_a_sign_up_and_its_partner_reads_it(
    make: Making, partner: Partner, operator: Caller
) -> None:
    answer = operator("POST", "/referrals", SIGN_UP)
    assert answer.status_code == 201
    made = answer.get_json()
    assert made | {"id": ""} == {
        "id": "",
        "partner": "Studio North",
        "merchant": "Łódzkie Meble",
        "domain": "meble.example.org",
        "category": "affiliate_link",
        "plan": "basic",
        "status": "active",
        "referred_at": "2026-05-04T08:00:00+00:00",
        "closed_at": None,
        "revenue": usd("0.00"),
    }
    operator.good("POST", "/revenue", ROW)
    own = key(make, "partner", ["leads", "referrals", "financials"], partner)
    listed = own.get("/referrals")
    assert listed["next"] is None
    (one,) = listed["items"]
    shown = {"id": made["id"], "merchant": "Łódzkie Meble", "revenue": usd("300.00"), "lead": None}
    assert {name: one[name] for name in shown} == shown
    assert "partner" not in one
    assert key(make, "partner", ["referrals"], make.partner()).get("/referrals") == {"items": [], "next": None}


def test_a_key_without_financials_sees_no_money(make: Making, partner: Partner, operator: Caller) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    operator.good("POST", "/revenue", ROW)
    own = key(make, "partner", ["referrals"], partner)
    assert not {"revenue", "last_month"} & own.get("/referrals").get("items")[0].keys()
    assert "300" not in own("GET", "/referrals?sort=-revenue").get_data(as_text=True)


def test_a_key_without_the_scope_lists_no_referrals(make: Making, partner: Partner, operator: Caller) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    for scopes in (["leads"], ["leads", "financials"], []):
        answer = key(make, "partner", scopes, partner)("GET", "/referrals")
        assert (answer.status_code, "Meble" in answer.get_data(as_text=True)) == (403, False), scopes


@pytest.mark.parametrize(("permissions", "scopes"), [
    ((), ["leads"]),
    (("view_referrals",), ["leads", "referrals"]),
    (("view_financials",), ["leads", "financials"]),
    (("view_referrals", "view_financials"), ["leads", "referrals", "financials"]),
])  # fmt: skip
def test_a_key_opens_no_more_than_its_maker_may_see(
    make: Making, partner: Partner, operator: Caller, permissions: tuple[str, ...], scopes: list[str]
) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    operator.good("POST", "/revenue", ROW)
    maker = make.member(partner, frozenset({"manage_members", *permissions}))
    secret = Browser(make, maker).post("/keys", name="Ours").one("code.secret").get_text()
    assert session.scalar(select(ApiKey.scopes).where(ApiKey.partner_id == partner.id)) == scopes
    own = Caller(make.app, secret)
    answer = own("GET", "/referrals")
    assert answer.status_code == (200 if "referrals" in scopes else 403)
    assert ("300.00" in answer.get_data(as_text=True)) is (len(scopes) == 3)
    assert own("GET", "/earnings").status_code == (200 if "financials" in scopes else 403)


def test_the_list_filters_searches_and_pages(make: Making, partner: Partner) -> None:
    member = make.member(partner)
    lead = make.lead(member)
    for number in range(30):
        record_referral(
            partner, "plus_lead" if number == 3 else "affiliate_link", merchant=f"Shop {number:02}",
            lead_id=lead.id if number == 3 else None, referred_at=make.later(days=-number), currency="USD",
            by=SYSTEM, at=make.at,
        )  # fmt: skip
    own = key(make, "partner", ["referrals"], partner)
    first = own.get("/referrals?sort=merchant")
    second = own.get(f"/referrals?sort=merchant&cursor={first['next']}")
    names = [one["merchant"] for page in (first, second) for one in page["items"]]
    assert (names, second["next"]) == ([f"Shop {number:02}" for number in range(30)], None)
    (found,) = own.get("/referrals?category=plus_lead")["items"]
    assert found["lead"] == lead.ref
    assert [one["merchant"] for one in own.get("/referrals?q=shop 07")["items"]] == ["Shop 07"]


def test_a_report_that_is_told_again_is_answered_with_200(partner: Partner, operator: Caller) -> None:
    first = operator.good("POST", "/referrals", SIGN_UP)
    again = operator("POST", "/referrals", SIGN_UP)
    assert (again.status_code, again.get_json()) == (200, first)
    changed = operator("POST", "/referrals", SIGN_UP | {"plan": "plus", "status": "closed"})
    assert (changed.status_code, changed.get_json()["plan"], changed.get_json()["status"]) == (200, "plus", "closed")
    assert count(Referral) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [({"merchant": "Other"}, "merchant"), ({"referred_at": "2026-05-05"}, "referred_at")],
)
def test_a_contradiction_is_409_and_named(
    partner: Partner, operator: Caller, change: dict[str, str], field: str
) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    answer = operator("POST", "/referrals", SIGN_UP | change)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (409, [field])
    assert answer.get_json()["recorded"]


def test_another_partners_merchant_is_409(make: Making, partner: Partner, operator: Caller) -> None:
    make.partner("Studio South")
    operator.good("POST", "/referrals", SIGN_UP)
    assert operator("POST", "/referrals", SIGN_UP | {"partner": "Studio South"}).status_code == 409


def test_a_partner_is_named_by_its_link_code_too(make: Making, partner: Partner, operator: Caller) -> None:
    code = make_link(partner, by=SYSTEM, at=make.at)
    session.commit()
    assert operator.good("POST", "/referrals", SIGN_UP | {"partner": code})["partner"] == "Studio North"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"partner": "Nobody"}, "partner"),
        ({"partner": ""}, "partner"),
        ({"domain": "no domain"}, "domain"),
        ({"merchant": "", "domain": ""}, "merchant"),
        ({"merchant": "x" * 201}, "merchant"),
        ({"merchant": "a\x00b"}, "merchant"),
        ({"referred_at": "soon"}, "referred_at"),
        ({"referred_at": "2999-01-01"}, "referred_at"),
        ({"plan": "Plus plan!"}, "plan"),
        ({"category": "gift"}, "category"),
        ({"status": "gone"}, "status"),
        ({"colour": "red"}, "colour"),
        ({"merchant": 7}, "merchant"),
        ({"merchant": None}, "merchant"),
    ],
)
def test_what_cannot_be_read_is_422_beside_its_field(
    partner: Partner, operator: Caller, change: dict[str, Any], field: str
) -> None:
    answer = operator("POST", "/referrals", SIGN_UP | change)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])
    assert count(Referral) == 0


@pytest.mark.parametrize("path", ["/referrals", "/revenue"])
def test_only_the_operator_reports(make: Making, partner: Partner, path: str) -> None:
    body = {"/referrals": SIGN_UP, "/revenue": ROW}[path]
    for caller in (key(make, "partner", ["leads", "referrals", "financials"], partner), key(make, "shop", ["shop"])):
        assert caller("POST", path, body).status_code == 403
    assert Caller(make.app, "nothing")("POST", path, body).status_code == 401
    assert count(Referral) == 0


def test_an_operators_key_lists_no_partners_referrals(partner: Partner, operator: Caller) -> None:
    assert operator("GET", "/referrals").status_code == 403


def test_revenue_counts_once_whatever_is_sent(partner: Partner, operator: Caller) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    first = operator("POST", "/revenue", ROW)
    assert first.status_code == 201
    told = first.get_json()
    assert {name: told[name] for name in ("id", "month", "kind", "amount")} == {
        "id": "r-1", "month": "2026-10", "kind": "platform_fee", "amount": usd("300.00"),
    }  # fmt: skip
    assert operator("POST", "/revenue", ROW).status_code == 200
    as_text = ROW | {"amount": "300", "currency": "USD", "month": "2026-10-01", "merchant": "łódzkie meble"}
    assert operator("POST", "/revenue", as_text).status_code == 200
    assert (count(RevenueRow), count(Earning)) == (1, 1)


def test_the_same_id_with_other_content_is_409(partner: Partner, operator: Caller) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    operator.good("POST", "/revenue", ROW)
    answer = operator("POST", "/revenue", ROW | {"amount": usd("301.00")})
    assert (answer.status_code, answer.get_json()["recorded"]) == (409, "2026-10 platform_fee 300.00 USD")
    assert operator("POST", "/revenue", ROW | {"id": "r-2"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "x" * 256}, "id"),
        ({"merchant": "nobody.example.org"}, "merchant"),
        ({"month": "10/2026"}, "month"),
        ({"month": "2999-01"}, "month"),
        ({"amount": 300}, "amount"),
        ({"amount": {"amount": 300.0, "currency": "USD"}}, "amount"),
        ({"amount": {"amount": "1.005", "currency": "USD"}}, "amount"),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "amount"),
        ({"amount": "1", "currency": "EUR"}, "amount"),
        ({"amount": usd("-1.00")}, "amount"),
        ({"kind": "gift"}, "kind"),
        ({"partner": "Nobody"}, "partner"),
        ({"category": "gift"}, "category"),
        ({"rows": [ROW]}, "rows"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_revenue_that_cannot_be_read_is_422_beside_its_field(
    partner: Partner, operator: Caller, change: dict[str, Any], field: str
) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    answer = operator("POST", "/revenue", ROW | change)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])
    assert count(RevenueRow) == 0


def test_many_rows_are_taken_all_or_none(partner: Partner, operator: Caller) -> None:
    operator.good("POST", "/referrals", SIGN_UP)
    rows = [ROW | {"id": f"r-{month}", "month": f"2026-{month:02}"} for month in range(1, 11)]
    for wrong, status in (({"month": "never"}, 422), ({"merchant": "nobody.example.org"}, 422)):
        answer = operator("POST", "/revenue", {"rows": [*rows[:9], rows[9] | wrong]})
        assert (answer.status_code, list(answer.get_json()["errors"])) == (status, [f"rows.9.{next(iter(wrong))}"])
    twice = operator("POST", "/revenue", {"rows": [*rows, rows[0] | {"id": "another"}]})
    assert (twice.status_code, list(twice.get_json()["errors"])) == (409, ["rows.10.month"])
    assert count(RevenueRow) == 0
    answer = operator("POST", "/revenue", {"rows": rows})
    assert (answer.status_code, [row["id"] for row in answer.get_json()["items"]]) == (
        201, [f"r-{month}" for month in range(1, 11)],
    )  # fmt: skip
    assert operator("POST", "/revenue", {"rows": rows}).status_code == 200
    assert operator("POST", "/revenue", {"rows": []}).status_code == 422
    assert count(RevenueRow) == 10


def test_the_same_idempotency_key_gives_the_same_answer(partner: Partner, operator: Caller) -> None:
    name = {"Idempotency-Key": "k-1"}
    first = operator("POST", "/referrals", SIGN_UP, **name)
    again = operator("POST", "/referrals", SIGN_UP, **name)
    assert (first.status_code, first.get_json()) == (again.status_code, again.get_json())
    assert operator("POST", "/referrals", SIGN_UP | {"plan": "plus"}, **name).status_code == 422


def test_one_report_sent_by_many_at_once_is_one(app_on_both: Flask, make_on_both: Making) -> None:
    make_on_both.partner("Studio North")
    caller = key(make_on_both, "operator", ["operator"])
    statuses: list[int] = []

    def send() -> None:
        for path, body in (("/referrals", SIGN_UP), ("/revenue", ROW)):
            statuses.append(caller("POST", path, body).status_code)

    at_once(app_on_both, [send] * 8)
    assert sorted(statuses) == [200] * 14 + [201] * 2
    assert (count(Referral), count(RevenueRow), count(Earning)) == (1, 1, 1)


def test_the_calls_are_described(make: Making) -> None:
    described = make.client().get("/api/v1/openapi.json").get_json()["paths"]
    assert {"get", "post"} <= described["/api/v1/referrals"].keys()
    assert "post" in described["/api/v1/revenue"]
