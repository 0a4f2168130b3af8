"""Closing, paying and earning at the same moment, on SQLite and on PostgreSQL: nothing twice, nothing half (P7, P9)."""

from collections import Counter
from collections.abc import Callable
from datetime import date

from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.earnings.operations import report_revenue
from referrals.ledger.checking import check_books
from referrals.partners.models import Partner, Referral
from referrals.payouts.methods import PURPOSE, set_payout_method
from referrals.payouts.models import Payout, PayoutMethod
from referrals.payouts.operations import fail_payout, pay_payout
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from referrals.transfer.payouts import import_payout_results
from tests.leads.at_once import at_once
from tests.making import Making
from tests.payouts.earning import Earner, at, close, closed


def test_many_who_close_at_once_make_each_statement_once(app_on_both: Flask, make_on_both: Making) -> None:
    earners = [Earner(make_on_both) for _ in range(3)]
    for one in earners:
        one.earn(3000, "2026-10-20")
        one.earn(4000, "2026-11-02")
    assert Counter(at_once(app_on_both, [lambda: close("2026-11-16")] * 6)) == {"stored": 6}
    close("2026-11-16")
    assert [[amount for _, amount, _ in one.told] for one in earners] == [[3000, 4000]] * 3
    assert closed() == ["2026-10-16", "2026-11-01"]
    assert check_books(at=make_on_both.at).ok


def test_what_is_earned_while_a_period_is_closed_is_in_one_statement(app_on_both: Flask, make_on_both: Making) -> None:
    one = Earner(make_on_both)
    one.earn(3000, "2026-11-02")
    referral_id = one.referral_id

    def earning(number: int) -> Callable[[], object]:
        return lambda: report_revenue(
            session.get_one(Referral, referral_id),
            external_id=f"late {number}",
            month=date(2026, 11, 1),
            kind="adjustment",
            amount_minor=50_000,
            currency="USD",
            by=SYSTEM,
            at=at("2026-11-15"),
        )

    works = [earning(number) for number in range(6)] + [lambda: close("2026-11-16")] * 2
    assert Counter(at_once(app_on_both, works)) == {"stored": 8}
    close("2026-12-01")
    payouts = one.payouts
    assert sum(payout.amount_minor for payout in payouts) == 3000 + 6 * 10_000
    assert [one.held(payout) for payout in payouts] == [payout.amount_minor for payout in payouts]
    assert check_books(at=make_on_both.at).ok


def test_a_payout_is_paid_or_fails_once(app_on_both: Flask, make_on_both: Making) -> None:
    one = Earner(make_on_both)
    one.win_pos("2026-11-02")
    close("2026-11-16")
    payout_id = one.payouts[0].id

    def pay() -> None:
        pay_payout(session.get_one(Payout, payout_id), reference="PP", by=SYSTEM, at=at("2026-11-20"))

    def fail() -> None:
        fail_payout(session.get_one(Payout, payout_id), "Gone", by=SYSTEM, at=at("2026-11-20"))

    assert Counter(at_once(app_on_both, [pay] * 8)) == {"stored": 1, "IllegalMove": 7}
    assert one.balances == (0, 0, 0)
    assert Counter(at_once(app_on_both, [fail] * 8)) == {"stored": 1, "IllegalMove": 7}
    assert one.balances == (50_000, 0, -50_000)
    assert check_books(at=make_on_both.at).ok


def test_an_address_that_is_first_saved_while_a_period_closes_is_in_its_statement(
    app_on_both: Flask, make_on_both: Making
) -> None:
    one = Earner(make_on_both)
    one.earn(3000, "2026-11-02")
    box = SecretsBox("for-tests-alone", PURPOSE)

    def setting(number: int) -> Callable[[], object]:
        def save() -> None:
            partner = session.get_one(Partner, one.partner_id)
            set_payout_method(partner, f"a{number}@example.org", box, by=one.member, at=at("2026-11-16"))

        return save

    works = [setting(number) for number in range(6)] + [lambda: close("2026-11-16")] * 2
    assert Counter(at_once(app_on_both, works)) == {"stored": 8}
    [payout] = one.payouts
    assert (box.open(payout.recipient) or "").endswith("@example.org")
    assert session.scalar(select(func.count()).select_from(PayoutMethod)) == 1


def test_two_result_files_that_name_the_same_payouts_in_another_order_both_go_in(
    app_on_both: Flask, make_on_both: Making
) -> None:
    earners = [Earner(make_on_both) for _ in range(5)]
    for one in earners:
        one.win_pos("2026-11-02")
    close("2026-11-16")
    lines = [f"P{one.payouts[0].id},paid" for one in earners]

    refused: list[int] = []

    def taking(order: list[str]) -> Callable[[], object]:
        content = "\n".join(["reference_id,status", *order, ""]).encode()

        def take() -> None:
            refused.append(import_payout_results(content, "result.csv", by=SYSTEM, at=at("2026-11-20")).refused)

        return take

    works = [taking(lines), taking(lines[::-1])] * 3
    assert Counter(at_once(app_on_both, works)) == {"stored": 6}
    assert refused == [0] * 6, "what another file recorded meanwhile is known, not refused"
    assert [[status for _, _, status in one.told] for one in earners] == [["paid"]] * 5
    assert check_books(at=make_on_both.at).ok
