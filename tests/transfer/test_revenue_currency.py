"""A referral keeps its currency when the programme takes another one: its revenue is reported in it as before."""

from dataclasses import replace

import pytest

from referrals.db import session
from referrals.leads.catalogue import change_programme, programme
from referrals.partners.models import Referral, RevenueRow
from referrals.partners.referrals import record_referral
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import make_key
from referrals.transfer.revenue_rows import REVENUE
from tests.api.calling import Caller
from tests.making import Making
from tests.transfer.test_platform_reports import numbers, said, take


@pytest.fixture
def partner_of_two(make: Making) -> None:
    """A merchant of the time of dollars, and one of the time of yen."""
    partner = make.partner("Studio North")
    for domain, currency in (("old.example.org", "USD"), ("new.example.org", "JPY")):
        change_programme(replace(programme(), currency=currency), by=make.admin(), at=make.at)
        record_referral(
            partner,
            "affiliate_link",
            merchant=domain,
            domain=domain,
            plan="basic",
            referred_at=make.later(days=-200),
            currency=currency,
            by=SYSTEM,
            at=make.at,
        )
    session.commit()


def booked() -> list[tuple[str, int, str]]:
    session.expire_all()
    rows = session.query(RevenueRow).join(Referral, Referral.id == RevenueRow.referral_id).order_by(Referral.domain)
    return [(row.currency, row.amount_minor, row.external_id[:5]) for row in rows]


FILE = """\
merchant,month,amount,currency
old.example.org,2026-10,1.25,{old}
new.example.org,2026-10,125,{new}
"""


@pytest.mark.usefixtures("partner_of_two")
@pytest.mark.parametrize(("old", "new"), [("", ""), ("USD", "JPY"), ("usd", "")])
def test_rows_of_a_file_are_read_in_the_currency_of_their_referral(make: Making, old: str, new: str) -> None:
    text = FILE.format(old=old, new=new)
    assert numbers(take(REVENUE, make, text)) == (2, 0, 0, 0)
    assert booked() == [("JPY", 125, "file:"), ("USD", 125, "file:")]
    change_programme(replace(programme(), currency="USD"), by=make.admin(), at=make.at)
    session.commit()
    assert numbers(take(REVENUE, make, FILE.format(old="", new=""))) == (0, 0, 2, 0)


@pytest.mark.usefixtures("partner_of_two")
def test_another_currency_than_the_referrals_is_refused(make: Making) -> None:
    outcome = take(REVENUE, make, FILE.format(old="JPY", new="USD"))
    assert said(outcome) == ["2 currency: Amounts are in USD.", "3 currency: Amounts are in JPY."]


@pytest.mark.usefixtures("partner_of_two")
def test_programs_report_in_the_currency_of_the_referral(make: Making) -> None:
    operator = Caller(make.app, make_key("operator", name="test", scopes=["operator"], by=SYSTEM, at=make.at))
    session.commit()
    row = {"id": "old", "merchant": "old.example.org", "month": "2026-10"}
    refused = operator("POST", "/revenue", row | {"amount": {"amount": "1", "currency": "JPY"}})
    assert (refused.status_code, list(refused.get_json()["errors"])) == (422, ["amount"])
    operator.good("POST", "/revenue", row | {"amount": {"amount": "1.25", "currency": "USD"}})
    rows = [row | {"id": "new", "merchant": "new.example.org", "amount": "125"}]
    operator.good("POST", "/revenue", {"rows": rows})
    assert booked() == [("JPY", 125, "new"), ("USD", 125, "old")]
