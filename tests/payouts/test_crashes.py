"""Killed before any statement of what makes and pays payouts: whole or not at all, and as if nothing had been."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.ledger.models import LedgerAccount
from referrals.payouts.models import Payout
from referrals.payouts.operations import fail_payout, pay_payout
from referrals.people.rules import SYSTEM
from tests.faults.crashing import REHEARSAL, Look, all_or_nothing, crash_everywhere
from tests.faults.money_wholeness import proof_of
from tests.faults.wholeness import Census, engine_for, one, rows_of_tables
from tests.making import Making
from tests.payouts.earning import Earner, at, close


def payout_census(url: str) -> Census:
    """The rows of every table, and where the money is."""
    with engine_for(url).connect() as connection:
        held = select(LedgerAccount.kind, func.sum(LedgerAccount.balance_minor)).group_by(LedgerAccount.kind)
        states = select(Payout.status, func.count()).group_by(Payout.status)
        return Census(
            rows_of_tables(connection, without={"ledger_checks"})
            | {f"held by {kind}": int(minor) for kind, minor in connection.execute(held)}
            | {f"payouts {status}": number for status, number in connection.execute(states)},
            paid=one(connection, select(func.sum(Payout.amount_minor))),
        )


PAYOUTS = Look(payout_census, proof_of)


def whole_statements(whole: Census, left: Census) -> str:
    """Some statements of two partners, each with its lines and entry."""
    made = left.get("payouts", 0)
    fits = made in (0, 1, 2) and left.get("payout_lines", 0) == made == left.get("ledger_entries", 0)
    return "" if fits else f"a torn statement: {left} of {whole}"


class Works:
    """Two partners' first period, closed by the rehearsal, and their second one."""

    def __init__(self, make: Making) -> None:
        self.earners = [Earner(make), Earner(make)]
        for earner in self.earners:
            earner.win_pos("2026-10-20")
            earner.earn(4000, "2026-11-02")
        self.partner_ids = [earner.partner_id for earner in self.earners]

    def close(self, number: int) -> list[Any]:
        close("2026-11-01" if number == REHEARSAL else "2026-11-16")
        rows = session.execute(
            select(Payout.partner_id, Payout.amount_minor, Payout.status).order_by(
                Payout.partner_id, Payout.period_from
            )
        )
        found = [list(row) for row in rows]
        session.rollback()
        return found

    def first(self, number: int) -> Payout:
        """The payout of one partner for the rehearsal, of the other one for what counts."""
        partner_id = self.partner_ids[number != REHEARSAL]
        return session.scalars(select(Payout).where(Payout.partner_id == partner_id)).unique().one()

    def pay(self, number: int) -> str:
        payout = self.first(number)
        if payout.status == "pending":
            pay_payout(payout, reference="PP", by=SYSTEM, at=at("2026-11-06"))
        session.commit()
        return payout.status

    def fail(self, number: int) -> str:
        payout = self.first(number)
        if payout.status != "failed":
            fail_payout(payout, "Gone", by=SYSTEM, at=at("2026-11-07"))
        session.commit()
        return payout.status


def test_a_closing_that_is_killed_anywhere_makes_each_statement_once(app: Flask, make: Making) -> None:
    works = Works(make)
    assert list(crash_everywhere(app, works.close, fits=whole_statements, every=5, look=PAYOUTS)) == []


@pytest.mark.parametrize("verb", ["pay", "fail"])
def test_a_payout_that_is_killed_anywhere_is_decided_whole(app: Flask, make: Making, verb: str) -> None:
    works = Works(make)
    close("2026-11-01")
    assert list(crash_everywhere(app, getattr(works, verb), fits=all_or_nothing, every=4, look=PAYOUTS)) == []


@pytest.mark.parametrize("app_on_both", ["postgresql"], indirect=True)
def test_on_postgresql_statements_are_whole_too(app_on_both: Flask, make_on_both: Making) -> None:
    works = Works(make_on_both)
    found = crash_everywhere(
        app_on_both, works.close, fits=whole_statements, every=19, look=PAYOUTS, put_back_servers=True
    )
    assert list(found) == []
