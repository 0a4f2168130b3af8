"""Revenue is counted once, and earns its share of the month (`SPEC §4`, P2, P3, P7)."""

from datetime import date, datetime
from typing import Any

import pytest

from referrals.db import session
from referrals.earnings import operations
from referrals.earnings.models import Earning
from referrals.earnings.revenue import (
    MonthNotYet,
    NegativeFee,
    NoRowId,
    NotAKind,
    OtherCurrency,
    OtherRevenue,
    SecondFee,
)
from referrals.errors import NotAllowed, RuleBroken
from referrals.ledger.checking import check_books
from referrals.ledger.operations import PARTNER, Owner
from referrals.ledger.queries import balance
from referrals.money import LARGEST, AmountTooLarge
from referrals.partners.models import Referral, RevenueMonth, RevenueRow
from referrals.partners.referrals import change_plan, close_referral, reopen_referral
from referrals.people.rules import SYSTEM
from tests.earnings.conftest import Refer
from tests.making import Making

JUNE = date(2026, 6, 1)


def report(referral: Referral, at: datetime, **told: Any) -> tuple[RevenueRow, bool]:
    known: dict[str, Any] = {
        "external_id": "row-1",
        "month": JUNE,
        "kind": "platform_fee",
        "amount_minor": 200000,
        "currency": "USD",
    }
    answer = operations.report_revenue(referral, **(known | told), by=SYSTEM, at=at)
    session.commit()
    return answer


def held(referral: Referral) -> int:
    return balance(Owner("partner", referral.partner_id, "USD"), PARTNER)


def earnings(referral: Referral) -> list[Earning]:
    return list(session.query(Earning).filter_by(referral_id=referral.id).order_by(Earning.id))


def test_a_fee_earns_its_share_and_is_booked(refer_on_both: Refer, at: datetime) -> None:
    referral = refer_on_both()
    row, is_new = report(referral, at)
    assert is_new
    assert referral.revenue_minor == 200000
    (earning,) = earnings(referral)
    assert (earning.kind, earning.amount_minor, earning.rate_bp) == ("recurring", 40000, 2000)
    assert (earning.basis_minor, earning.before_minor, earning.revenue_row_id) == (200000, 0, row.id)
    assert held(referral) == 40000
    assert check_books(at=at).ok


def test_the_same_row_again_changes_nothing(refer_on_both: Refer, at: datetime) -> None:
    referral = refer_on_both()
    first, _ = report(referral, at)
    again, is_new = report(referral, at)
    assert (again.id, is_new) == (first.id, False)
    assert (referral.revenue_minor, held(referral), len(earnings(referral))) == (200000, 40000, 1)


@pytest.mark.parametrize("change", [{"amount_minor": 1}, {"month": date(2026, 7, 1)}, {"kind": "adjustment"}])
def test_the_same_id_with_other_content_is_refused(refer: Refer, at: datetime, change: dict[str, Any]) -> None:
    referral = refer()
    report(referral, at)
    with pytest.raises(OtherRevenue, match="2026-06 platform_fee 2000"):
        report(referral, at, **change)


def test_the_id_of_another_partners_row_tells_nothing_of_it(refer: Refer, make: Making, at: datetime) -> None:
    report(refer(), at)
    other = refer(partner=make.partner())
    with pytest.raises(OtherRevenue) as refused:
        report(other, at)
    assert "2000" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"external_id": ""}, NoRowId),
        ({"external_id": "x" * 256}, NoRowId),
        ({"external_id": "a\0b"}, RuleBroken),
        ({"kind": "tip"}, NotAKind),
        ({"currency": "EUR"}, OtherCurrency),
        ({"amount_minor": -1}, NegativeFee),
        ({"amount_minor": LARGEST + 1}, AmountTooLarge),
        ({"month": date(2026, 12, 1)}, MonthNotYet),
        ({"month": date(1999, 12, 1)}, MonthNotYet),
    ],
)
def test_a_row_that_cannot_be_is_refused(refer: Refer, at: datetime, told: dict[str, Any], rule: type) -> None:
    referral = refer()
    with pytest.raises(rule):
        report(referral, at, **told)
    session.rollback()
    assert session.query(RevenueRow).count() == 0


def test_a_month_has_one_fee(refer_on_both: Refer, at: datetime) -> None:
    referral = refer_on_both()
    report(referral, at)
    with pytest.raises(SecondFee):
        report(referral, at, external_id="row-2")


def test_sums_that_do_not_fit_are_refused_before_anything_is_written(refer: Refer, at: datetime) -> None:
    referral = refer("affiliate_link", plan="starter")
    report(referral, at, amount_minor=LARGEST)
    with pytest.raises(AmountTooLarge):
        report(referral, at, external_id="row-2", kind="adjustment", amount_minor=1)
    assert session.query(RevenueRow).count() == 1


def test_corrections_take_back_to_the_cent(refer: Refer, at: datetime) -> None:
    referral = refer()
    report(referral, at, amount_minor=1003)
    report(referral, at, external_id="row-2", kind="adjustment", amount_minor=-1)
    report(referral, at, external_id="row-3", kind="adjustment", amount_minor=-1002)
    assert [earning.amount_minor for earning in earnings(referral)] == [201, -1, -200]
    assert (held(referral), referral.revenue_minor) == (0, 0)


def test_a_correction_that_changes_no_cent_makes_no_earning(refer: Refer, at: datetime) -> None:
    referral = refer()
    report(referral, at, amount_minor=1000)
    report(referral, at, external_id="row-2", kind="adjustment", amount_minor=1)
    assert len(earnings(referral)) == 1
    report(referral, at, external_id="row-3", kind="adjustment", amount_minor=2)
    assert [earning.amount_minor for earning in earnings(referral)] == [200, 1]


def test_a_closed_referral_earns_for_the_month_it_was_closed_in_and_not_after(refer: Refer, at: datetime) -> None:
    referral = refer()
    close_referral(referral, by=SYSTEM, at=datetime.fromisoformat("2026-06-10T00:00:00+00:00"))
    report(referral, at)
    report(referral, at, external_id="row-2", month=date(2026, 7, 1))
    assert [earning.month for earning in earnings(referral)] == [JUNE]
    july = session.get_one(RevenueMonth, (referral.id, date(2026, 7, 1)))
    assert (july.reason, july.revenue_minor, july.earned_minor) == ("closed", 200000, 0)


def test_a_month_earns_as_soon_as_it_can_and_goes_on_earning(refer: Refer, at: datetime) -> None:
    referral = refer("affiliate_link", plan="starter")
    report(referral, at)
    change_plan(referral, "basic", by=SYSTEM, at=at)
    assert earnings(referral) == []
    report(referral, at, external_id="row-2", kind="adjustment", amount_minor=-100000)
    report(referral, at, external_id="row-3", month=date(2026, 7, 1))
    change_plan(referral, "starter", by=SYSTEM, at=at)
    close_referral(referral, by=SYSTEM, at=at)
    reopen_referral(referral, by=SYSTEM, at=at)
    report(referral, at, external_id="row-4", month=date(2026, 7, 1), kind="adjustment", amount_minor=-100000)
    assert [earning.amount_minor for earning in earnings(referral)] == [20000, 40000, -20000]


def test_revenue_is_told_by_those_who_import(refer: Refer, make: Making) -> None:
    referral = refer()
    with pytest.raises(NotAllowed):
        operations.report_revenue(
            referral,
            external_id="x",
            month=JUNE,
            kind="platform_fee",
            amount_minor=1,
            currency="USD",
            by=make.rep(),
            at=make.at,
        )
