"""What is announced: who hears of it, in whose transaction, and what the body says."""

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.outbox.hook_events import EVENTS, OPERATOR, events_for
from referrals.outbox.hooks import announce, announce_all
from referrals.outbox.models import HookDelivery, HookEndpoint
from tests.making import Making


def endpoint(owner: tuple[str, int], *events: str, active: bool = True, at: datetime) -> HookEndpoint:
    made = HookEndpoint(
        owner_kind=owner[0],
        owner_id=owner[1],
        url="https://hooks.example.org/in",
        secret_locked="",
        events=list(events or EVENTS),
        active=active,
        created_at=at,
    )
    session.add(made)
    session.commit()
    return made


def deliveries() -> list[HookDelivery]:
    return list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))


def test_an_owner_hears_of_its_own_and_the_operator_of_everything(make_on_both: Making) -> None:
    at = make_on_both.at
    mine, all_mine = endpoint(("partner", 7), at=at), endpoint(OPERATOR, at=at)
    endpoint(("partner", 8), at=at)
    endpoint(("shop", 7), at=at)
    announce("lead.submitted", {"ref": "L-1"}, owner=("partner", 7), at=at)
    session.commit()
    assert [row.endpoint_id for row in deliveries()] == [mine.id, all_mine.id]


def test_who_is_switched_off_or_did_not_ask_hears_nothing(make_on_both: Making) -> None:
    at = make_on_both.at
    endpoint(("partner", 7), active=False, at=at)
    endpoint(OPERATOR, "payout.paid", at=at)
    announce("lead.submitted", {"ref": "L-1"}, owner=("partner", 7), at=at)
    assert deliveries() == []


def test_what_only_the_operator_may_hear_reaches_no_partner(make: Making) -> None:
    listening = endpoint(OPERATOR, at=make.at)
    endpoint(("partner", 7), "store.upgrade_requested", at=make.at)
    announce("store.upgrade_requested", {}, owner=("partner", 7), at=make.at)
    assert [row.endpoint_id for row in deliveries()] == [listening.id]


def test_an_announcement_falls_with_its_transaction(make_on_both: Making) -> None:
    endpoint(OPERATOR, at=make_on_both.at)
    announce("lead.submitted", {}, owner=("partner", 7), at=make_on_both.at)
    session.rollback()
    assert deliveries() == []


def test_the_body_is_that_of_standard_webhooks(make: Making) -> None:
    endpoint(OPERATOR, at=make.at)
    announce("payout.paid", {"merchant": "Müller 咖啡", "amount": {"amount": "1.00"}}, owner=OPERATOR, at=make.at)
    [found] = deliveries()
    assert json.loads(found.body) == {
        "type": "payout.paid",
        "timestamp": "2026-11-23T09:00:00Z",
        "data": {"merchant": "Müller 咖啡", "amount": {"amount": "1.00"}},
    }
    assert found.message_key.startswith("msg_")
    assert (found.attempts, found.delivered_at, found.next_try_at) == (0, None, make.at)


def test_many_events_are_asked_for_only_if_somebody_listens(make: Making) -> None:
    asked = []

    def payloads() -> Any:
        asked.append(True)
        return [{"id": str(number)} for number in range(3)]

    announce_all("commission.settled", payloads, owner=("shop", 1), at=make.at)
    assert asked == []
    endpoint(("shop", 1), at=make.at)
    announce_all("commission.settled", payloads, owner=("shop", 1), at=make.at)
    assert [json.loads(row.body)["data"]["id"] for row in deliveries()] == ["0", "1", "2"]
    assert len({row.message_key for row in deliveries()}) == 3


def test_an_event_that_is_not_in_the_table_is_a_mistake(make: Making) -> None:
    with pytest.raises(KeyError):
        announce("lead.lost", {}, owner=OPERATOR, at=make.at)


def test_the_operator_can_listen_to_everything() -> None:
    assert events_for("operator") == list(EVENTS)
    assert "lead.submitted" in events_for("partner")
    assert "lead.submitted" not in events_for("shop")
