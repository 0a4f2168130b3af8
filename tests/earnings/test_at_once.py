"""Revenue and bounties at the same moment, on SQLite and on PostgreSQL (P7, P9)."""

from collections import Counter
from collections.abc import Callable
from datetime import date

from flask import Flask

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.operations import earn_bounty, pay_outside, report_revenue, reverse_bounty
from referrals.leads.operations import record_payout
from referrals.leads.queries import get_lead
from referrals.leads.rewards import refer
from referrals.ledger.checking import check_books
from referrals.ledger.operations import PARTNER, Owner
from referrals.ledger.queries import balance
from referrals.lifecycle import IllegalMove
from referrals.money import share_of_rate
from referrals.partners.models import Referral, RevenueMonth, RevenueRow
from referrals.people.rules import SYSTEM
from tests.earnings.conftest import Refer
from tests.leads.at_once import at_once
from tests.making import Making

JUNE = date(2026, 6, 1)


def telling(make: Making, referral_id: int, external_id: str, amount: int, kind: str) -> Callable[[], object]:
    def tell() -> object:
        return report_revenue(
            session.get_one(Referral, referral_id),
            external_id=external_id,
            month=JUNE,
            kind=kind,
            amount_minor=amount,
            currency="USD",
            by=SYSTEM,
            at=make.at,
        )

    return tell


def test_one_row_told_sixteen_times_at_once_counts_once(
    app_on_both: Flask, make_on_both: Making, refer_on_both: Refer
) -> None:
    referral = refer_on_both()
    tell = telling(make_on_both, referral.id, "row-1", 1003, "platform_fee")
    assert Counter(at_once(app_on_both, [tell] * 16)) == {"stored": 16}
    session.expire_all()
    assert (session.query(RevenueRow).count(), session.query(Earning).count()) == (1, 1)
    assert session.get_one(Referral, referral.id).revenue_minor == 1003
    assert check_books(at=make_on_both.at).ok


def test_many_rows_of_one_month_at_once_earn_what_their_sum_earns(
    app_on_both: Flask, make_on_both: Making, refer_on_both: Refer
) -> None:
    referral = refer_on_both()
    amounts = [101, -33, 7, 1003, -250, 12, 2, 2]
    works = [telling(make_on_both, referral.id, f"row-{n}", one, "adjustment") for n, one in enumerate(amounts)]
    assert Counter(at_once(app_on_both, works)) == {"stored": len(amounts)}
    session.expire_all()
    month = session.get_one(RevenueMonth, (referral.id, JUNE))
    assert (month.revenue_minor, month.earned_minor) == (sum(amounts), share_of_rate(sum(amounts), 2000))
    assert balance(Owner("partner", referral.partner_id, "USD"), PARTNER) == month.earned_minor
    assert check_books(at=make_on_both.at).ok


def test_two_fees_of_one_month_at_once_are_one(app_on_both: Flask, make_on_both: Making, refer_on_both: Refer) -> None:
    referral = refer_on_both()
    works = [telling(make_on_both, referral.id, f"row-{n}", 1000, "platform_fee") for n in range(6)]
    assert Counter(at_once(app_on_both, works)) == {"stored": 1, "SecondFee": 5}


def test_one_id_told_of_two_partners_at_once_is_the_first_ones(
    app_on_both: Flask, make_on_both: Making, refer_on_both: Refer
) -> None:
    pair = [refer_on_both(), refer_on_both(partner=make_on_both.partner())]
    works = [telling(make_on_both, one.id, "row-1", 1000, "platform_fee") for one in pair]
    assert Counter(at_once(app_on_both, works)) == {"stored": 1, "OtherRevenue": 1}
    session.expire_all()
    assert sorted(session.get_one(Referral, one.id).revenue_minor for one in pair) == [0, 1000]
    assert check_books(at=make_on_both.at).ok


def test_a_bounty_earned_by_many_at_once_is_booked_once(app_on_both: Flask, make_on_both: Making) -> None:
    member = make_on_both.member()
    referral = refer(make_on_both.lead(member, "pos"), by=SYSTEM, at=make_on_both.at)
    session.commit()
    referral_id = referral.id

    def earn() -> object:
        return earn_bounty(session.get_one(Referral, referral_id), by=SYSTEM, at=make_on_both.at)

    def give_back() -> object:
        return reverse_bounty(session.get_one(Referral, referral_id), by=SYSTEM, at=make_on_both.at)

    def pay() -> object:
        return pay_outside(session.get_one(Referral, referral_id), by=SYSTEM, at=make_on_both.at)

    assert Counter(at_once(app_on_both, [earn] * 8)) == {"stored": 8}
    assert session.query(Earning).count() == 1
    assert Counter(at_once(app_on_both, [pay] * 8)) == {"stored": 8}
    assert session.query(Earning).count() == 2
    assert Counter(at_once(app_on_both, [give_back] * 8)) == {"stored": 8}
    session.expire_all()
    assert session.query(Earning).count() == 3
    assert check_books(at=make_on_both.at).ok


def test_staff_who_decide_while_revenue_comes_in_wait_for_each_other(app_on_both: Flask, make_on_both: Making) -> None:
    make = make_on_both
    member, rep = make.member(), make.rep()
    lead = make.lead(member, "pos", sales_support=False)
    ref = lead.ref
    record_payout(lead, "due", by=rep, at=make.at)
    session.commit()
    referral = session.query(Referral).one()

    def refuse() -> object:
        found = get_lead(rep, ref, for_update=True)
        return record_payout(found, "not_eligible", reason="terms_not_met", by=rep, at=make.at)

    works = [telling(make, referral.id, f"row-{n}", 100, "adjustment") for n in range(6)]
    done = Counter(at_once(app_on_both, [*works, refuse, refuse]))
    assert done == {"stored": 7, IllegalMove.__name__: 1}
    session.expire_all()
    assert session.get_one(Referral, referral.id).status == "closed"
    assert balance(Owner("partner", lead.partner_id, "USD"), PARTNER) == 0
    assert check_books(at=make.at).ok
