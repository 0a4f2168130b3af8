"""The last month is that of the programme's time zone, on the page and in the API alike."""

from collections.abc import Callable
from datetime import datetime

import pytest

from referrals.db import session
from referrals.earnings.operations import report_revenue
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key
from tests.api.calling import Caller
from tests.making import Making
from tests.partners.test_calendar import EAST, JUNE, TURN, WEST, brought, in_zone
from tests.web.browsing import Browser


@pytest.mark.parametrize(("zone", "last"), [(EAST, "$10.00"), (WEST, "$0.00")])
def test_the_last_month_is_the_same_on_the_page_and_in_the_api(
    make: Making, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch, zone: str, last: str
) -> None:
    for place in ("referrals.web.referral_history.now", "referrals.api.referrals.now"):
        monkeypatch.setattr(place, lambda: TURN)
    in_zone(make, zone)
    referral = brought(make, referred_at=datetime.fromisoformat("2026-05-10T00:00:00+00:00"))
    told = {"external_id": "row", "month": JUNE, "kind": "platform_fee", "amount_minor": 1000, "currency": "USD"}
    report_revenue(referral, **told, by=SYSTEM, at=make.at)  # type: ignore[arg-type]
    member = make.member(referral.partner)
    scopes = ["leads", "referrals", "financials"]
    secret = make_key("partner", partner_id=referral.partner_id, name="test", scopes=scopes, by=member, at=make.at)
    session.commit()
    (row,) = Caller(make.app, secret).good("GET", "/referrals")["items"]
    assert row["last_month"]["amount"] == last.removeprefix("$")
    assert f"last month {last}" in browse(member).get("/referrals").words
