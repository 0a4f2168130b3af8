"""The JSON API of leads, as other programs rely on it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.leads.models import Lead
from referrals.outbox.models import OutboxMessage
from referrals.people.queries import keys_of_partner
from referrals.people.rules import SYSTEM, Actor
from referrals.people.sign_in import make_key, revoke_key
from tests.leads.test_ownership import at_once
from tests.making import Making
from tests.web.browsing import Browser

BODY = {
    "product": "plus",
    "contact_name": "Żaneta Wójcik",
    "contact_email": "zaneta@meble.example.org",
    "contact_phone": "+48600700800",
    "business_name": "Łódzkie Meble",
    "website_url": "https://meble.example.org",
    "country": "PL",
    "sales_support": True,
    "expected_value": {"amount": "12000.50", "currency": "USD"},
    "annual_revenue": "1m_5m",
}
Call = Callable[..., Any]


@pytest.fixture
def member(make: Making) -> Actor:
    make.rep(name="Rita Romero")
    return make.member()


def key_of(make: Making, actor: Actor, scopes: list[str] | None = None) -> str:
    secret = make_key(
        "partner", partner_id=actor.partner_id, name="test", scopes=scopes or ["leads"], by=SYSTEM, at=make.at
    )
    session.commit()
    return secret


@pytest.fixture
def call(make: Making, member: Actor) -> Call:
    """Calls the API with the member's partner's key."""
    browser = Browser(make)
    secret = key_of(make, member)

    def send(
        method: str, path: str, body: Any = None, key: str = secret, raw: bytes | None = None, **headers: str
    ) -> Any:
        sent = {"Authorization": f"Bearer {key}"} | headers if key else headers
        content = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        return browser.call(method, f"/api/v1{path}", data=content, content_type="application/json", headers=sent)

    return send


def test_a_lead_is_submitted_and_read_by_the_same_rules_as_on_the_page(make: Making, call: Call) -> None:
    answer = call("POST", "/leads", BODY)
    assert answer.status_code == 201
    made = answer.get_json()
    assert made["ref"].startswith("L-")
    assert {name: made[name] for name in BODY} == BODY
    assert (made["status"], made["payout"], made["conflict"]) == ("submitted", "none", False)
    assert made["rep"]["name"] == "Rita Romero"
    assert made["submitted_at"].endswith("+00:00")
    assert call("GET", f"/leads/{made['ref']}").get_json() == made
    assert call("GET", "/leads").get_json() == {"items": [made], "next": None}
    templates = set(session.scalars(select(OutboxMessage.template)))
    assert templates == {"lead_submitted", "lead_assigned"}


def test_pages_of_leads_follow_each_other(make: Making, call: Call, member: Actor) -> None:
    refs = [make.lead(member).ref for _ in range(30)]
    first = call("GET", "/leads?sort=submitted_at").get_json()
    second = call("GET", f"/leads?sort=submitted_at&cursor={first['next']}").get_json()
    assert [item["ref"] for item in first["items"] + second["items"]] == refs
    assert second["next"] is None
    assert len(call("GET", "/leads?q=Business&product=plus&status=submitted").get_json()["items"]) == 25


WRONG = [
    ({"country": "XX"}, "country"),
    ({"contact_email": "x"}, "contact_email"),
    ({"contact_name": ""}, "contact_name"),
    ({"contact_name": None}, "contact_name"),
    ({"contact_name": 5}, "contact_name"),
    ({"contact_name": "a\x00b"}, "contact_name"),
    ({"business_name": ["a"]}, "business_name"),
    ({"product": "nothing"}, "product"),
    ({"product": None}, "product"),
    ({"locations": 2}, "locations"),
    ({"colour": "red"}, "colour"),
    ({"expected_value": "12"}, "expected_value"),
    ({"expected_value": {"amount": "12.00", "currency": "EUR"}}, "expected_value"),
    ({"expected_value": {"amount": 12, "currency": "USD"}}, "expected_value"),
    ({"expected_value": {"amount": "12.001", "currency": "USD"}}, "expected_value"),
    ({"sales_support": "perhaps"}, "sales_support"),
    ({"website_url": "javascript:alert(1)"}, "website_url"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_what_cannot_be_read_is_named(call: Call, change: dict[str, Any], field: str) -> None:
    answer = call("POST", "/leads", BODY | change)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"
    assert field in answer.get_json()["errors"]
    assert session.scalar(select(func.count()).select_from(Lead)) == 0


@pytest.mark.parametrize("raw", [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"product": NaN}', b'{"product": "plus", "product": "pos"}',
    b"[" * 100_000, b'{"a":' * 50_000, b'{"product": "\\ud800"}', b"1e400", b'{"product": 1e400}',
    b'{"locations": true}', b'{"product": "pos", "locations": 1e3000000}', b'{"product": "pos", "locations": 1e9000}',
    b'{"product": "pos", "locations": ' + b"9" * 100_000 + b"}", b'{"product": "pos", "locations": 1.5}',
])  # fmt: skip
def test_bodies_of_the_wrong_shape_are_problems_not_failures(call: Call, raw: bytes) -> None:
    answer = call("POST", "/leads", raw=raw)
    assert answer.status_code in {400, 422}
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("raw", [b"", b"{", b"{}", b'{"product": "pos", "locations": 1e3000000}'])
def test_nothing_is_read_of_a_call_without_a_key(call: Call, raw: bytes) -> None:
    assert call("POST", "/leads", raw=raw, key="wrong").status_code == 401


def test_keys_open_their_own_partners_leads_only(make: Making, call: Call, member: Actor) -> None:
    stranger = make.member()
    lead = make.lead(stranger, business_name="Secret Garden")
    unknown = call("GET", "/leads/L-ZZZZZZZ")
    foreign = call("GET", f"/leads/{lead.ref}")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_data() == unknown.get_data()
    assert call("GET", "/leads?q=secret").get_json()["items"] == []
    for key in ("", "wrong", "rk_partner_x"):
        answer = call("GET", "/leads", key=key)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    secret = key_of(make, member)
    assert call("GET", "/leads", key=secret).status_code == 200
    revoke_key(keys_of_partner(member.partner_id or 0)[0], by=SYSTEM, at=make.at)
    session.commit()
    assert call("GET", "/leads", key=secret).status_code == 401
    assert call("GET", "/leads", key=key_of(make, member, ["other"])).status_code == 403


def test_a_cookie_opens_nothing(make: Making, member: Actor) -> None:
    browser = Browser(make, member)
    assert browser.call("GET", "/api/v1/leads").status_code == 401


def test_a_second_submission_is_a_conflict_with_the_reference(call: Call) -> None:
    ref = call("POST", "/leads", BODY).get_json()["ref"]
    again = call("POST", "/leads", BODY)
    assert again.status_code == 409
    assert again.get_json()["ref"] == ref


def test_a_prospect_of_another_partner_is_stored_in_conflict(make: Making, call: Call) -> None:
    make.lead(make.member(), website_url="https://meble.example.org")
    answer = call("POST", "/leads", BODY)
    assert (answer.status_code, answer.get_json()["conflict"]) == (201, True)


def test_the_same_idempotency_key_gives_the_same_answer(call: Call) -> None:
    first = call("POST", "/leads", BODY, **{"Idempotency-Key": "one"})
    again = call("POST", "/leads", BODY, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_data() == again.get_data()
    other = call("POST", "/leads", BODY | {"notes": "x"}, **{"Idempotency-Key": "one"})
    assert other.status_code == 422
    assert session.scalar(select(func.count()).select_from(Lead)) == 1
    assert call("POST", "/leads", BODY, **{"Idempotency-Key": "x" * 256}).status_code == 422


def test_a_failed_call_can_be_repeated_with_its_key(call: Call) -> None:
    assert call("POST", "/leads", BODY | {"country": ""}, **{"Idempotency-Key": "one"}).status_code == 422
    assert call("POST", "/leads", BODY, **{"Idempotency-Key": "one"}).status_code == 201


def test_fifty_calls_with_one_key_at_once_submit_once(app_on_both: Flask, make_on_both: Making) -> None:
    member = make_on_both.member()
    secret = key_of(make_on_both, member)
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "one"}
    answers: list[tuple[int, str]] = []

    def send() -> None:
        response = app_on_both.test_client().post("/api/v1/leads", json=BODY, headers=headers)
        answers.append((response.status_code, response.get_data(as_text=True)))

    at_once(app_on_both, [send] * 50)
    assert {status for status, _ in answers} == {201}
    assert len({body for _, body in answers}) == 1
    assert session.scalar(select(func.count()).select_from(Lead)) == 1


def test_the_description_is_openapi_and_has_a_page(call: Call, make: Making) -> None:
    spec = call("GET", "/openapi.json", key="").get_json()
    assert spec["openapi"] == "3.1.0"
    assert set(spec["paths"]) >= {"/api/v1/leads", "/api/v1/leads/{ref}", "/api/v1/settings", "/api/v1/products/{sku}"}
    assert "POST" in Browser(make).get("/api/v1/").words


@pytest.mark.parametrize("path", ["/nothing", "/leads/", "/leads/x/y"])
def test_unknown_addresses_are_problems(call: Call, path: str) -> None:
    answer = call("GET", path)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_wrong_method_is_a_problem(call: Call) -> None:
    assert call("DELETE", "/leads").status_code == 405
