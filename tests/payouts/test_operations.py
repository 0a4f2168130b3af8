"""Statements, payment and failure, in the order in which they happen (`SPEC §4`)."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from referrals import paying
from referrals.db import session
from referrals.errors import NotAllowed, NotFound
from referrals.leads.catalogue import Programme, change_programme, programme
from referrals.leads.models import LeadEvent
from referrals.leads.operations import change_status, record_payout
from referrals.leads.queries import get_lead
from referrals.leads.rewards import find_referral
from referrals.ledger.checking import check_books
from referrals.ledger.models import LedgerCheck
from referrals.lifecycle import IllegalMove
from referrals.outbox.models import OutboxMessage
from referrals.payouts.models import Payout
from referrals.payouts.operations import FailureNeedsReason, fail_payout, make_statement, pay_payout
from referrals.payouts.queries import get_payout
from referrals.payouts.rules import period_of
from referrals.people.rules import SYSTEM
from tests.making import Making
from tests.payouts.earning import UTC_TERMS, Earner, at, close, closed


def books_are_whole() -> None:
    session.rollback()
    assert check_books(at=at("2030-01-01")).first_problem is None


def test_a_period_is_paid_with_its_statement_after_its_end(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-11-01", hour=0)
    one.earn(1000, "2026-11-15", hour=23)
    one.earn(700, "2026-11-16", hour=0)
    assert close("2026-11-15", hour=23).statements == 0
    assert one.payouts == []
    done = close("2026-11-16", hour=0)
    assert (done.statements, [str(period.first) for period in done.periods]) == (1, ["2026-11-01"])
    (payout,) = one.payouts
    assert (payout.amount_minor, payout.status, str(payout.due_on)) == (4000, "pending", "2026-11-20")
    assert one.lines(payout) == {"other": (0, 4000, 4000)}
    assert (one.held(payout), one.balances) == (4000, (700, 4000, -4700))
    books_are_whole()


def test_less_than_the_minimum_is_carried_over_and_told(make: Making) -> None:
    one = Earner(make)
    one.earn(2499, "2026-11-02")
    close("2026-11-16")
    one.earn(1, "2026-11-20")
    close("2026-12-01")
    assert one.told == [("2026-11-01", 0, "carried"), ("2026-11-16", 2500, "pending")]
    assert [one.lines(payout) for payout in one.payouts] == [{"other": (0, 2499, 0)}, {"other": (2499, 1, 2500)}]
    books_are_whole()


def test_groups_have_minimums_and_debts_of_their_own(make: Making) -> None:
    one = Earner(make)
    plus = one.refer("plus_lead")
    one.earn(2000, "2026-11-02", referral_id=plus)
    one.earn(2600, "2026-11-03")
    one.win_pos("2026-11-04")
    close("2026-11-16")
    (payout,) = one.payouts
    assert one.lines(payout) == {"plus": (0, 2000, 0), "pos": (0, 50_000, 50_000), "other": (0, 2600, 2600)}
    assert (one.held(payout), one.balances) == (52_600, (2000, 52_600, -54_600))
    books_are_whole()


def test_a_correction_is_taken_off_what_is_paid_next(make: Making) -> None:
    one = Earner(make)
    one.earn(5000, "2026-11-02")
    close("2026-11-16")
    one.earn(-1200, "2026-11-17")
    close("2026-12-01")
    one.earn(4000, "2026-12-02")
    close("2026-12-16")
    assert one.told == [
        ("2026-11-01", 5000, "pending"), ("2026-11-16", 0, "carried"), ("2026-12-01", 2800, "pending"),
    ]  # fmt: skip
    assert one.lines(one.payouts[1]) == {"other": (0, -1200, 0)}
    books_are_whole()


def test_periods_without_news_have_no_statement(make: Making) -> None:
    one = Earner(make)
    one.earn(1000, "2026-10-02")
    close("2026-12-01")
    assert one.told == [("2026-10-01", 0, "carried")]
    assert closed() == ["2026-10-01", "2026-10-16", "2026-11-01", "2026-11-16"]


def test_missed_periods_are_made_up_one_by_one(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-09-20")
    one.earn(4000, "2026-10-02")
    one.earn(5000, "2026-11-20")
    assert close("2026-12-01").statements == 3
    assert [amount for _, amount, _ in one.told] == [3000, 4000, 5000]
    assert len(closed()) == 5
    assert close("2026-12-01").periods == []


def test_what_is_earned_late_in_a_closed_period_is_paid_with_the_next(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    one.earn(2600, "2026-11-15")
    close("2026-11-17")
    assert len(one.payouts) == 1
    close("2026-12-01")
    assert one.lines(one.payouts[1]) == {"other": (2600, 0, 2600)}


def test_the_calendar_is_that_of_the_programme(make: Making) -> None:
    change_programme(replace(programme(), time_zone="Pacific/Kiritimati"), by=make.admin(), at=make.at)
    session.commit()
    one = Earner(make)
    one.earn(3000, "2026-11-15", hour=9)
    one.earn(4000, "2026-11-15", hour=10)  # the 16th has begun there
    assert close("2026-11-15", hour=9).periods == []
    close("2026-11-15", hour=10)
    assert one.told == [("2026-11-01", 3000, "pending")]


def test_the_minimum_is_that_of_the_programme(make: Making) -> None:
    change_programme(Programme(minimum_payout_minor=5000), by=make.admin(), at=make.at)
    session.commit()
    one = Earner(make)
    one.earn(4999, "2026-11-02")
    close("2026-11-16")
    assert one.told == [("2026-11-01", 0, "carried")]
    change_programme(Programme(minimum_payout_minor=100), by=make.admin(), at=make.at)
    session.commit()
    close("2026-12-01")
    assert one.told[1:] == [("2026-11-16", 4999, "pending")]


def test_currencies_have_statements_of_their_own_and_old_ones_no_minimum(make: Making) -> None:
    yen = Earner(make, currency="JPY")
    yen.earn(900, "2026-11-02")
    close("2026-11-16")
    (payout,) = yen.payouts
    assert (payout.currency, payout.amount_minor) == ("JPY", 900)
    books_are_whole()


def test_closing_again_changes_nothing(make_on_both: Making) -> None:
    one = Earner(make_on_both)
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    close("2026-11-16")
    period = period_of(at("2026-11-02").date())
    one.earn(9000, "2026-11-03")
    assert make_statement(one.partner_id, "USD", period, UTC_TERMS, by=SYSTEM, at=at("2026-11-17")) is None
    session.commit()
    assert one.told == [("2026-11-01", 3000, "pending")]
    books_are_whole()


def test_a_payout_that_is_paid_leaves_the_house_and_pays_its_leads(make_on_both: Making) -> None:
    one = Earner(make_on_both)
    ref = one.win_pos("2026-11-04")
    close("2026-11-16")
    (payout,) = one.payouts
    pay_payout(payout, reference="PP-1", by=SYSTEM, at=at("2026-11-20"))
    session.commit()
    assert one.balances == (0, 0, 0)
    lead = get_lead(one.member, ref)
    assert (lead.payout, lead.status) == ("paid", "awarded")
    event = session.scalars(select(LeadEvent).where(LeadEvent.lead_id == lead.id).order_by(LeadEvent.id.desc())).first()
    assert event is not None
    assert (event.kind, event.details["after"]) == ("payout", "paid")
    sent = set(session.scalars(select(OutboxMessage.template).where(OutboxMessage.person_id == one.member.person_id)))
    assert {"payout_made", "payout_paid", "lead_payout"} <= sent
    with pytest.raises(IllegalMove):
        pay_payout(payout, by=SYSTEM, at=at("2026-11-21"))
    books_are_whole()


def test_a_lead_of_plus_is_paid_with_the_first_statement_that_holds_an_earning_of_it(make: Making) -> None:
    one = Earner(make)
    lead = make.lead(one.member, "plus", at=at("2026-11-01"))
    change_status(lead, "in_progress", by=SYSTEM, at=at("2026-11-01"))
    change_status(lead, "awarded", by=SYSTEM, at=at("2026-11-01"))
    referral = find_referral(lead)
    assert referral is not None
    session.commit()
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    pay_payout(one.payouts[0], by=SYSTEM, at=at("2026-11-20"))
    session.commit()
    assert get_lead(one.member, lead.ref).payout == "due"
    one.earn(3000, "2026-11-22", referral_id=referral.id)
    close("2026-12-01")
    pay_payout(one.payouts[1], by=SYSTEM, at=at("2026-12-07"))
    session.commit()
    assert get_lead(one.member, lead.ref).payout == "paid"


@pytest.mark.parametrize("paid_first", [False, True])
def test_what_fails_comes_back_and_is_in_the_next_statement(make_on_both: Making, paid_first: bool) -> None:
    one = Earner(make_on_both)
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    (payout,) = one.payouts
    if paid_first:
        pay_payout(payout, by=SYSTEM, at=at("2026-11-20"))
    fail_payout(payout, "No such account", by=SYSTEM, at=at("2026-11-21"))
    session.commit()
    assert (one.balances, one.held(payout)) == ((3000, 0, -3000), 0)
    books_are_whole()
    one.earn(500, "2026-11-22")
    close("2026-12-01")
    assert one.told == [("2026-11-01", 3000, "failed"), ("2026-11-16", 3500, "pending")]
    assert one.lines(one.payouts[1]) == {"other": (3000, 500, 3500)}
    with pytest.raises(IllegalMove):
        pay_payout(one.payouts[0], by=SYSTEM, at=at("2026-12-02"))
    session.rollback()
    books_are_whole()


def test_a_failure_needs_a_reason_and_changes_nothing_without(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    with pytest.raises(FailureNeedsReason):
        fail_payout(one.payouts[0], "  ", by=SYSTEM, at=at("2026-11-21"))
    assert one.told == [("2026-11-01", 3000, "pending")]


def test_what_staff_paid_by_hand_is_not_paid_again(make: Making) -> None:
    one = Earner(make)
    ref = one.win_pos("2026-11-04")
    record_payout(get_lead(SYSTEM, ref), "paid", by=SYSTEM, at=at("2026-11-05"))
    session.commit()
    close("2026-11-16")
    assert [payout.amount_minor for payout in one.payouts] == [0] * len(one.payouts)
    books_are_whole()


def test_a_bounty_that_is_forfeited_after_its_payout_is_owed(make: Making) -> None:
    one = Earner(make)
    ref = one.win_pos("2026-11-04")
    close("2026-11-16")
    record_payout(get_lead(SYSTEM, ref), "not_eligible", reason="other", text="No.", by=SYSTEM, at=at("2026-11-18"))
    session.commit()
    pay_payout(one.payouts[0], by=SYSTEM, at=at("2026-11-20"))
    session.commit()
    assert get_lead(SYSTEM, ref).payout == "not_eligible"
    one.win_pos("2026-11-21")
    close("2026-12-01")
    assert one.told == [("2026-11-01", 50_000, "paid")]  # the debt and the new bounty cancel out
    assert one.balances == (0, 0, 0)
    books_are_whole()


def test_books_in_doubt_are_not_paid_from(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-11-02")
    session.add(LedgerCheck(at=make.at, whole=True, ok=False, entries=0, postings=0, first_problem=""))
    session.commit()
    assert (close("2026-11-16").periods, one.payouts, closed()) == ([], [], [])


def test_one_partner_that_fails_holds_up_no_other(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Earner(make), Earner(make)
    for earner in (first, second):
        earner.earn(3000, "2026-10-20")
        earner.earn(4000, "2026-11-02")

    def breaks(partner_id: int, *args: object, **kwargs: object) -> Payout | None:
        if partner_id == first.partner_id:
            raise ValueError
        return make_statement(partner_id, *args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as broken:
        broken.setattr(paying, "make_statement", breaks)
        assert close("2026-11-16").periods == []
    assert (first.told, [amount for _, amount, _ in second.told]) == ([], [3000, 4000])
    close("2026-11-16")
    assert [amount for _, amount, _ in first.told] == [3000, 4000]
    assert len(second.payouts) == 2
    assert closed() == ["2026-10-16", "2026-11-01"]


def test_who_may_see_and_move_payouts(make: Making) -> None:
    one = Earner(make)
    one.earn(3000, "2026-11-02")
    close("2026-11-16")
    (payout,) = one.payouts
    blind = make.member(payout.partner, frozenset({"view_referrals", "manage_members"}))
    for viewer in (one.member, make.admin()):
        assert get_payout(viewer, payout.id) is payout
    for viewer in (blind, Earner(make).member, make.rep()):
        with pytest.raises(NotFound):
            get_payout(viewer, payout.id)
        with pytest.raises(NotAllowed):
            pay_payout(payout, by=viewer, at=make.at)
        with pytest.raises(NotAllowed):
            fail_payout(payout, "x", by=viewer, at=make.at)
