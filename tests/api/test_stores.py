"""The registry of stores over the API, with an operator's key."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key
from referrals.stores.models import Store
from tests.api.calling import Caller
from tests.making import Making
from tests.stores.making import draft

BODY = {
    "domain": "meble.example.org",
    "owner_name": "Żaneta Wójcik",
    "owner_email": "zaneta@meble.example.org",
    "owner_language": "pl",
    "plan": "basic",
    "status": "active",
}


@pytest.fixture
def call(app: Flask, make: Making) -> Caller:
    secret = make_key("operator", name="platform", scopes=["operator"], by=SYSTEM, at=make.at)
    session.commit()
    return Caller(app, secret)


def test_a_store_is_put_and_putting_it_again_changes_nothing(call: Caller) -> None:
    first = call.good("PUT", "/stores/meble.example.org", BODY)
    assert {name: first[name] for name in BODY} == BODY
    assert call.good("PUT", "/stores/meble.example.org", BODY) == first
    assert call.get("/stores/meble.example.org") == first
    assert session.scalar(select(func.count()).select_from(Store)) == 1


def test_what_is_left_out_stays(call: Caller) -> None:
    call.good("PUT", "/stores/meble.example.org", BODY)
    changed = call.good("PUT", "/stores/meble.example.org", {"plan": "plus", "owner_name": None, "status": "closed"})
    assert (changed["plan"], changed["status"], changed["owner_name"]) == ("plus", "closed", "Żaneta Wójcik")
    assert call.good("PUT", "/stores/meble.example.org", {"owner_email": ""})["owner_email"] == ""


def test_a_domain_is_one_however_it_is_written(call: Caller) -> None:
    call.good("PUT", "/stores/www.Meble.example.org", BODY)
    call.good("PUT", "/stores/MEBLE.EXAMPLE.ORG.", {"domain": "https://meble.example.org/"})
    assert call.good("PUT", "/stores/łódź.example.org", {"plan": "basic"})["domain"] == "xn--d-uga0v4h.example.org"
    assert session.scalar(select(func.count()).select_from(Store)) == 2


@pytest.mark.parametrize(("path", "body", "field"), [
    ("new.example.org", {"owner_name": "A"}, "plan"),
    ("nothing", BODY, "domain"),
    ("other.example.org", BODY, "domain"),
    ("meble.example.org", BODY | {"owner_email": "nothing"}, "owner_email"),
    ("meble.example.org", BODY | {"owner_language": "de"}, "owner_language"),
    ("meble.example.org", BODY | {"owner_language": ""}, "owner_language"),
    ("meble.example.org", BODY | {"plan": "a plan"}, "plan"),
    ("meble.example.org", BODY | {"plan": ""}, "plan"),
    ("meble.example.org", BODY | {"status": "open"}, "status"),
    ("meble.example.org", BODY | {"owner_name": "x" * 201}, "owner_name"),
    ("meble.example.org", BODY | {"owner_name": "x\0"}, "owner_name"),
    ("meble.example.org", BODY | {"owner_name": 1}, "owner_name"),
    ("meble.example.org", BODY | {"colour": "red"}, "colour"),
])  # fmt: skip
def test_what_cannot_be_read_is_told_by_field(call: Caller, path: str, body: Any, field: str) -> None:
    answer = call("PUT", f"/stores/{path}", body)
    assert answer.status_code == 422
    assert field in answer.get_json()["errors"]
    assert session.scalar(select(func.count()).select_from(Store)) == 0


def test_the_same_call_again_is_answered_alike(call: Caller) -> None:
    first = call("PUT", "/stores/meble.example.org", BODY, **{"Idempotency-Key": "one"})
    again = call("PUT", "/stores/meble.example.org", BODY, **{"Idempotency-Key": "one"})
    assert (first.get_data(), first.status_code) == (again.get_data(), again.status_code)
    other = call("PUT", "/stores/meble.example.org", BODY | {"plan": "plus"}, **{"Idempotency-Key": "one"})
    assert other.status_code == 422


def test_only_the_operator_may(app: Flask, call: Caller, make: Making) -> None:
    member = make.member()
    call.good("PUT", "/stores/meble.example.org", BODY)
    secret = make_key("partner", partner_id=member.partner_id, name="x", scopes=["leads"], by=member, at=make.at)
    session.commit()
    partner = Caller(app, secret)
    for path in ("/stores/meble.example.org", "/stores/unknown.example.org"):
        assert partner("PUT", path, BODY | {"domain": None}).status_code == 403
        assert partner("GET", path).status_code == 403


def test_drafts_are_not_in_the_registry(call: Caller, make: Making) -> None:
    draft(make, make.member())
    assert call("GET", "/stores/meble.example.org").status_code == 404
    assert call.good("PUT", "/stores/meble.example.org", {"plan": "plus"})["partner"] is None, "whoever drafted it"
