"""The API answers whatever is sent, as its description generates it and worse."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from referrals.db import session
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key
from tests.making import Making

OPERATIONS = ["GET /api/v1/leads", "POST /api/v1/leads", "GET /api/v1/leads/{ref}", "GET /api/v1/referrals"]
OF_THE_OPERATOR = ["POST /api/v1/referrals", "POST /api/v1/revenue"]


@pytest.mark.parametrize("operation", OPERATIONS + OF_THE_OPERATOR)
@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
def test_no_call_brings_the_server_down(make: Making, operation: str, mode: schemathesis.GenerationMode) -> None:
    partner_id = make.partner().id
    if operation in OF_THE_OPERATOR:
        secret = make_key("operator", name="fuzz", scopes=["operator"], by=SYSTEM, at=make.at)
    else:
        scopes = ["leads", "referrals"]
        secret = make_key("partner", partner_id=partner_id, name="fuzz", scopes=scopes, by=SYSTEM, at=make.at)
    session.commit()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", make.app)
    method, _, path = operation.partition(" ")
    answered = []

    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def call(case: schemathesis.Case) -> None:
        session.rollback()
        response = case.call(headers={"Authorization": f"Bearer {secret}"})
        case.validate_response(response, checks=(not_a_server_error,))
        answered.append(response.status_code)

    call()
    assert answered
