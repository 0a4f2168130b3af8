"""What programs hear of leads, commissions, withdrawals and salespeople, and that nobody pays for silence."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from referrals.commissions.models import Commission
from referrals.db import db, session
from referrals.leads.operations import change_status, record_payout
from referrals.orders.attribution import reattribute
from referrals.orders.incoming import IncomingEvent
from referrals.orders.operations import receive_event
from referrals.outbox.hook_events import EVENTS
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.people.rules import SYSTEM
from referrals.settlement.by_hand import settle_by_hand
from referrals.settlement.withdrawals import pay_withdrawal, refuse_withdrawal, request_withdrawal
from referrals.shops.salespeople import add_salesperson
from tests.making import Making
from tests.web.sell.stall import Stall, set_up


def listen(owner: tuple[str, int], make: Making) -> None:
    session.add(
        HookEndpoint(
            owner_kind=owner[0], owner_id=owner[1], url="https://hooks.example.org", secret_locked="",
            events=list(EVENTS), created_at=make.at,
        )
    )  # fmt: skip
    session.commit()


def heard() -> list[tuple[str, dict[str, Any]]]:
    """What was told since this was asked last."""
    rows = session.scalars(select(HookDelivery).order_by(HookDelivery.id)).all()
    found = [(row.event, json.loads(row.body)["data"]) for row in rows]
    for row in rows:
        session.delete(row)
    session.commit()
    return found


def names() -> list[str]:
    return [name for name, _ in heard()]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_lead_is_told_from_submission_to_payout(make: Making) -> None:
    member, rep = make.member(), make.rep()
    listen(("partner", member.partner_id or 0), make)
    lead = make.lead(member, "pos", contact_name="Zyzzyva", contact_email="zyzzyva@buyer.example.org")
    [(name, told)] = heard()
    assert (name, told["ref"], told["status"], told["payout"]) == ("lead.submitted", lead.ref, "submitted", "none")
    for target in ("in_progress", "awarded"):
        change_status(lead, target, by=rep, at=make.at)
    session.commit()
    found = [entry for entry in heard() if entry[0].startswith("lead.")]
    assert [(name, told["before"], told["after"]) for name, told in found] == [
        ("lead.status_changed", "submitted", "in_progress"),
        ("lead.status_changed", "in_progress", "awarded"),
        ("lead.payout_changed", "none", "due"),
    ]
    assert "yzzyva" not in json.dumps(found)
    record_payout(lead, "paid", by=rep, at=make.at)
    session.commit()
    assert ("lead.payout_changed", "paid") in [(name, told.get("after")) for name, told in heard()]


def test_a_refusal_tells_of_status_and_payout(make: Making) -> None:
    member, rep = make.member(), make.rep()
    listen(("partner", member.partner_id or 0), make)
    lead = make.lead(member)
    heard()
    change_status(lead, "ineligible", reason="duplicate", by=rep, at=make.at)
    session.commit()
    assert [(name, told["after"]) for name, told in heard()] == [
        ("lead.status_changed", "ineligible"),
        ("lead.payout_changed", "not_eligible"),
    ]


def test_another_partner_hears_nothing_of_it(make: Making) -> None:
    listen(("partner", make.partner().id), make)
    make.lead(make.member())
    assert heard() == []


@pytest.fixture
def stall(make: Making) -> Stall:
    """A shop in which somebody sells, whose programs listen."""
    made = set_up(make, refunds_after_settlement="claw_back", applications="reviewed")
    listen(("shop", made.shop.id), make)
    return made


def test_a_commission_is_told_from_pending_to_clawed_back(stall: Stall, make: Making) -> None:
    ago = make.at - timedelta(days=20)
    stall.order("A-1", "+8613500000001", 8_800, placed_at=ago, paid_at=ago, shipped_at=ago)
    [(name, told)] = heard()
    assert (name, told["order"], told["shop"], told["status"]) == (
        "commission.pending",
        "A-1",
        stall.shop.slug,
        "pending",
    )
    stall.settle()
    [(name, settled)] = heard()
    assert (name, settled["status"], settled["amount"]) == ("commission.settled", "settled", told["amount"])
    refund = IncomingEvent("r-1", "refunded", make.at, amount_minor=8_800)
    receive_event(stall.shop, "A-1", refund, source="api", by=SYSTEM, at=make.at)
    session.commit()
    [(name, back)] = heard()
    assert (name, back["taken_back"], back["clawed_back"]) == (
        "commission.clawed_back",
        settled["amount"],
        settled["amount"],
    )


def test_a_commission_that_becomes_void_and_one_that_was_never_due_are_told(stall: Stall, make: Making) -> None:
    stall.order("A-1", "+8613500000001", 8_800)
    stall.order("A-2", "+8613500000002", 7_000, cancelled_at=make.at)
    cancelled = IncomingEvent("c-1", "cancelled", make.at)
    receive_event(stall.shop, "A-1", cancelled, source="api", by=SYSTEM, at=make.at)
    session.commit()
    assert [(name, told["order"], told["reason"]) for name, told in heard()] == [
        ("commission.pending", "A-1", "waiting"),
        ("commission.void", "A-2", "cancelled"),
        ("commission.void", "A-1", "cancelled"),
    ]


def test_nothing_new_is_not_told(stall: Stall, make: Making) -> None:
    stall.order("A-1", "+8613500000001", 8_800)
    heard()
    paid = IncomingEvent("p-1", "paid", make.at)
    for _ in range(2):
        receive_event(stall.shop, "A-1", paid, source="api", by=SYSTEM, at=make.at)
    session.commit()
    assert heard() == []


def test_who_gets_an_order_by_hand_is_told_and_so_is_that_nobody_has_it(stall: Stall, make: Making) -> None:
    order = stall.order("A-1", "+8613500000001", 8_800)
    heard()
    reattribute(order, stall.other.id, reason_code="agreed", by=SYSTEM, at=make.at)
    reattribute(order, None, reason_code="own_purchase", by=SYSTEM, at=make.at)
    session.commit()
    assert [(name, told["salesperson"], told["reason"]) for name, told in heard()] == [
        ("commission.pending", str(stall.other.id), "waiting"),
        ("commission.void", str(stall.other.id), "unattributed"),
    ]


def test_what_is_settled_by_hand_is_told_once(stall: Stall, make: Making) -> None:
    stall.order("A-1", "+8613500000001", 9_000, collected_by="merchant", paid_at=make.at)
    refund = IncomingEvent("r-1", "refunded", make.at, amount_minor=3_000)
    receive_event(stall.shop, "A-1", refund, source="api", by=SYSTEM, at=make.at)
    session.commit()
    assert names() == ["commission.pending"]
    commission = session.scalars(select(Commission)).one()
    settle_by_hand(commission, 300, paid_from="outside", by=SYSTEM, at=make.at)
    session.commit()
    [(name, told)] = heard()
    assert (name, told["amount"]) == ("commission.settled", {"amount": "3.00", "currency": "CNY"})


def test_withdrawals_are_told(stall: Stall, make: Making) -> None:
    ago = make.at - timedelta(days=20)
    stall.order("A-1", "+8613500000001", 88_000, placed_at=ago, paid_at=ago, shipped_at=ago)
    stall.settle()
    heard()
    first, second = (
        request_withdrawal(stall.salesperson, 500, method="Zyzzyva Bank", details_locked="x", by=SYSTEM, at=make.at)
        for _ in range(2)
    )
    pay_withdrawal(first, by=SYSTEM, at=make.at)
    refuse_withdrawal(second, "No", by=SYSTEM, at=make.at)
    session.commit()
    found = heard()
    assert [name for name, _ in found] == ["withdrawal.requested"] * 2 + ["withdrawal.paid", "withdrawal.refused"]
    assert [told["id"] for _, told in found] == [str(one.id) for one in (first, second, first, second)]
    assert "Zyzzyva" not in json.dumps(found)


def test_an_application_is_told_and_somebody_added_is_not(stall: Stall, make: Making) -> None:
    add_salesperson(stall.shop, "+48600700999", by=SYSTEM, at=make.at)
    applied = add_salesperson(stall.shop, "+48600700998", nickname="Zyzzyva", status="applied", by=SYSTEM, at=make.at)
    session.commit()
    [(name, told)] = heard()
    assert (name, told["id"], told["status"]) == ("salesperson.applied", str(applied.id), "applied")
    assert "Zyzzyva" not in json.dumps(told)


def many_due(stall: Stall, make: Making, number: int) -> None:
    ago = make.at - timedelta(days=20)
    for one in range(number):
        stall.order(f"A-{one}", f"+86135000{one:05}", 1_000, placed_at=ago, paid_at=ago, shipped_at=ago)


def test_a_run_tells_of_all_its_commissions_by_one_statement(make: Making) -> None:
    stall = set_up(make)
    many_due(stall, make, 12)
    with counted() as silent:
        stall.settle()
    assert not [statement for statement in silent if "hook_deliveries" in statement]
    other = set_up(make, slug="elsewhere")
    many_due(other, make, 12)
    listen(("shop", other.shop.id), make)
    with counted() as told:
        other.settle()
    assert len([statement for statement in told if "INTO hook_deliveries" in statement]) == 1
    assert names() == ["commission.settled"] * 12
