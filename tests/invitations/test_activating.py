"""Upgrades after acceptance: at once, or when the platform's programs have heard of them (`SPEC §3`)."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.activating import activate_due, raise_alarms
from referrals.calling import Hooks
from referrals.db import session
from referrals.invitations.activations import complete_activation
from referrals.invitations.answers import Evidence, accept
from referrals.invitations.models import Activation
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.operations import record_payout
from referrals.outbox.endpoints import PURPOSE as HOOKS
from referrals.outbox.endpoints import add_endpoint, remove_endpoint, switch_off, switch_on
from referrals.outbox.hook_events import OPERATOR
from referrals.outbox.models import HookDelivery, HookEndpoint, Notification
from referrals.partners.models import Referral
from referrals.secrets_box import SecretsBox
from referrals.stores.models import Store
from tests.inviting import DOMAIN, invited, link_of, mails, make_store
from tests.leads.at_once import at_once
from tests.making import Making

HOOK_BOX = Hooks(SecretsBox("for-tests-alone", HOOKS), private=True)


class Platform:
    """A program of the operator's that listens, and answers as it is told."""

    def __init__(self) -> None:
        self.answer = 200
        self.heard: list[dict[str, Any]] = []
        self.ids: list[str] = []
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                platform.heard.append(json.loads(body))
                platform.ids.append(self.headers["webhook-id"])
                self.send_response(platform.answer)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/upgrades"


@pytest.fixture
def platform() -> Iterator[Platform]:
    made = Platform()
    yield made
    made.server.shutdown()
    made.server.server_close()


def listen(make: Making, platform: Platform) -> None:
    events = ["store.upgrade_requested"]
    add_endpoint(OPERATOR, platform.url, events, HOOK_BOX.box, private=True, by=make.admin(), at=make.at)
    session.commit()


def accepted(make: Making, **member: Any) -> Lead:
    make_store(make)
    lead = invited(make, make.member(**member))
    accept(link_of(lead), Evidence(), at=make.at)
    session.commit()
    return lead


def tick(at: datetime) -> tuple[int, int]:
    session.rollback()
    done = activate_due(HOOK_BOX, at=at, stop=lambda: False)
    session.rollback()
    return done


def alarm(at: datetime) -> tuple[int, int]:
    session.rollback()
    return raise_alarms(at=at, stop=lambda: False)


def plan() -> str:
    return str(session.scalar(select(Store.plan).where(Store.domain == DOMAIN)))


def referrals() -> list[tuple[str, str, str, datetime]]:
    columns = (Referral.category, Referral.plan, Referral.domain, Referral.referred_at)
    return [tuple(row) for row in session.execute(select(*columns))]  # type: ignore[misc]


def test_with_nobody_listening_the_store_is_upgraded_at_once(make_on_both: Making) -> None:
    lead = accepted(make_on_both)
    assert plan() == "basic"
    assert tick(make_on_both.at) == (1, 0)
    assert plan() == "plus"
    assert referrals() == [("plus_lead", "plus", DOMAIN, make_on_both.at)]
    referral = session.scalars(select(Referral)).one()
    assert (referral.lead_id, referral.partner_id) == (lead.id, lead.partner_id)
    assert "upgraded" in session.scalars(select(LeadEvent.kind).where(LeadEvent.lead_id == lead.id)).all()
    assert tick(make_on_both.later(hours=30)) == (0, 0)
    assert len(referrals()) == 1


def test_a_program_that_listens_must_take_it_first(make: Making, platform: Platform) -> None:
    listen(make, platform)
    lead = accepted(make)
    platform.answer = 503
    assert tick(make.at) == (0, 1)
    assert (plan(), referrals()) == ("basic", [])
    activation = session.scalars(select(Activation)).one()
    assert (activation.attempts, activation.next_try_at) == (1, make.later(minutes=1))
    assert "503" in activation.error
    assert tick(make.later(seconds=59)) == (0, 0)
    platform.answer = 200
    assert tick(make.later(minutes=1)) == (1, 0)
    assert plan() == "plus"
    assert len(set(platform.ids)) == 1, "the same event under the same id"
    facts = platform.heard[-1]
    assert facts["type"] == "store.upgrade_requested"
    assert facts["data"] == {
        "activation": str(activation.id), "lead": lead.ref, "store": DOMAIN, "plan": "plus", "plan_before": "basic",
        "accepted_at": "2026-11-23T09:00:00Z", "deadline_at": "2026-11-24T09:00:00Z",
    }  # fmt: skip


def test_what_failed_is_tried_again_until_it_is_done(make: Making, platform: Platform) -> None:
    listen(make, platform)
    accepted(make)
    platform.answer = 500
    at, end = make.at, make.later(hours=40)
    while at < end:
        tick(at)
        at += timedelta(minutes=20)
    assert plan() == "basic"
    assert session.scalars(select(HookDelivery.parked_at)).all() == [None]
    platform.answer = 204
    for hours in range(40, 70):
        tick(make.later(hours=hours))
    assert (plan(), len(referrals())) == ("plus", 1)


def test_the_administrators_are_told_once_when_the_day_is_half_over(make: Making, platform: Platform) -> None:
    make.admin(email="root@example.org")
    listen(make, platform)
    accepted(make)
    platform.answer = 500
    tick(make.at)
    assert alarm(make.later(hours=11, minutes=59)) == (0, 0)
    assert alarm(make.later(hours=12)) == (1, 0)
    assert alarm(make.later(hours=23)) == (0, 0)
    assert "root@example.org" in mails("upgrade_late")
    assert len(mails("upgrade_late")) == len(set(mails("upgrade_late")))
    bells = select(func.count()).select_from(Notification).where(Notification.template == "upgrade_late")
    assert session.scalar(bells) == len(mails("upgrade_late"))


def test_nobody_is_alarmed_about_what_is_done(make: Making) -> None:
    make.admin()
    accepted(make)
    tick(make.at)
    assert alarm(make.later(hours=23)) == (0, 0)


def test_staff_can_record_it_where_no_program_does(make: Making, platform: Platform) -> None:
    rep = make.rep()
    listen(make, platform)
    accepted(make)
    platform.answer = 500
    tick(make.at)
    activation = session.scalars(select(Activation)).one()
    assert complete_activation(activation.id, by=rep, at=make.later(hours=2))
    session.commit()
    assert not complete_activation(activation.id, by=rep, at=make.later(hours=3))
    session.commit()
    assert (plan(), len(referrals())) == ("plus", 1)


@pytest.mark.parametrize("end", [switch_off, remove_endpoint])
def test_ending_the_program_that_failed_is_no_yes_of_it(
    make: Making, platform: Platform, end: Callable[..., None]
) -> None:
    admin = make.admin()
    listen(make, platform)
    accepted(make)
    platform.answer = 500
    tick(make.at)
    end(session.scalars(select(HookEndpoint)).one(), by=admin, at=make.at)
    session.commit()
    platform.answer = 200
    assert tick(make.later(hours=1)) == (0, 1)
    assert (plan(), referrals(), len(platform.heard)) == ("basic", [], 1)
    activation = session.scalars(select(Activation)).one()
    assert complete_activation(activation.id, by=admin, at=make.later(hours=2))
    session.commit()
    assert (plan(), len(referrals())) == ("plus", 1)


def test_a_program_that_is_switched_on_again_hears_of_what_waited(make: Making, platform: Platform) -> None:
    admin = make.admin()
    listen(make, platform)
    accepted(make)
    switch_off(session.scalars(select(HookEndpoint)).one(), by=admin, at=make.at)
    session.commit()
    assert (tick(make.at), platform.heard) == ((0, 1), [])
    switch_on(session.scalars(select(HookEndpoint)).one(), by=admin, at=make.at)
    session.commit()
    assert (tick(make.later(hours=1)), plan(), len(platform.heard)) == ((1, 0), "plus", 1)


def test_a_lead_that_lost_its_payout_meanwhile_makes_no_referral(make: Making, platform: Platform) -> None:
    rep = make.rep()
    listen(make, platform)
    lead = accepted(make)
    platform.answer = 500
    tick(make.at)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.later(minutes=1))
    session.commit()
    platform.answer = 200
    tick(make.later(hours=1))
    assert (plan(), referrals()) == ("plus", [])


def test_an_upgrade_that_breaks_holds_up_no_other(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    from referrals.invitations import activations

    accepted(make)
    make_store(make, "other.example.org")
    other = invited(make, make.member(), at=make.at, domain="other.example.org")
    accept(link_of(other), Evidence(), at=make.later(minutes=1))
    session.commit()
    whole = activations.refer

    def broken(activation: Activation, *rest: Any, **more: Any) -> Referral:
        if activation.invitation.lead_id == other.id:
            raise ZeroDivisionError
        return whole(activation, *rest, **more)

    monkeypatch.setattr(activations, "refer", broken)
    assert tick(make.later(minutes=1)) == (1, 1)
    errors = session.execute(select(Activation.error, Activation.attempts).order_by(Activation.accepted_at)).all()
    assert [tuple(row) for row in errors] == [("", 0), ("ZeroDivisionError", 1)]
    monkeypatch.undo()
    assert tick(make.later(minutes=2)) == (1, 0)


def test_of_many_processes_that_upgrade_at_once_one_does(app_on_both: Flask, make_on_both: Making) -> None:
    accepted(make_on_both)
    work: Callable[[], object] = lambda: activate_due(HOOK_BOX, at=make_on_both.at, stop=lambda: False)  # noqa: E731
    outcome = at_once(app_on_both, [work] * 8)
    assert outcome == ["stored"] * 8
    session.rollback()
    kinds = session.scalars(select(LeadEvent.kind)).all()
    assert kinds.count("upgraded") == 1
    assert (plan(), len(referrals())) == ("plus", 1)
