"""Sending to programs, with real servers: signed, tried again, parked, never into a private network."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from referrals.calling import Hooks, call_due, deliver_now
from referrals.db import session
from referrals.outbox import hook_calls
from referrals.outbox.deliveries import forget_old, replay
from referrals.outbox.endpoints import add_endpoint, remove_endpoint, renew_secret, switch_off, switch_on
from referrals.outbox.hook_events import OPERATOR
from referrals.outbox.hooks import announce, announce_once, is_heard
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.outbox.rules import BACK_OFF
from referrals.people.rules import SYSTEM
from referrals.secrets_box import SecretsBox
from tests.making import Making

PARTNER = ("partner", 7)
BOX = SecretsBox("for-tests-alone", "hooks")
HERE = Hooks(BOX, private=True)


class Listener:
    """A program that listens on this machine: what it answers, and what it was told."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.told: list[tuple[str, dict[str, str], bytes]] = []
        self.pause = 0.0
        self.drips = False
        self.url = ""

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, _, body in self.told]


def listening() -> Iterator[Listener]:
    program = Listener()
    gone = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            program.told.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            gone.wait(program.pause)
            if program.drips:
                self.drip()
                return
            self.send_response(program.statuses.pop(0) if program.statuses else 204)
            self.send_header("Location", f"{program.url}/elsewhere")
            self.end_headers()

        def drip(self) -> None:
            try:
                for letter in b"HTTP/1.1 200 OK":
                    self.wfile.write(bytes([letter]))
                    gone.wait(0.1)
            except OSError:
                pass

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield program
    gone.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def program() -> Iterator[Listener]:
    """One program that listens."""
    yield from listening()


@pytest.fixture
def another() -> Iterator[Listener]:
    """A second program that listens."""
    yield from listening()


@pytest.fixture
def register(make_on_both: Making) -> Callable[..., tuple[HookEndpoint, str]]:
    """Registers an endpoint, by default of a partner, for `lead.submitted`."""

    def add(url: str, owner: tuple[str, int] = PARTNER, *events: str) -> tuple[HookEndpoint, str]:
        heard = events or ("lead.submitted",)
        made = add_endpoint(owner, url, heard, BOX, private=True, by=SYSTEM, at=make_on_both.at)
        session.commit()
        return made

    return add


def tell(*refs: str, at: datetime) -> None:
    for ref in refs or ("L-1",):
        announce("lead.submitted", {"ref": ref}, owner=PARTNER, at=at)
    session.commit()


def send(at: datetime, hooks: Hooks = HERE) -> tuple[int, int]:
    return call_due(hooks, at=at, stop=lambda: False)


def log() -> list[HookDelivery]:
    session.rollback()
    return list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))


def good_signature(secret: str, headers: dict[str, str], body: bytes) -> str:
    """As a receiver makes it by the text of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_what_is_announced_arrives_signed(make_on_both: Making, register: Any, program: Listener) -> None:
    at = make_on_both.at
    _, secret = register(f"{program.url}/in?who=us")
    tell(at=at)
    assert send(at) == (1, 0)
    [(path, headers, body)] = program.told
    [row] = log()
    assert path == "/in?who=us"
    assert body.decode() == row.body
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", row.message_key)
    assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert headers["webhook-signature"] == good_signature(secret, headers, body)
    assert (row.delivered_at, row.answer_status, row.attempts, row.error) == (at, 204, 1, "")
    assert send(at) == (0, 0)


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    make_on_both: Making, register: Any, program: Listener
) -> None:
    at = make_on_both.at
    endpoint, old = register(program.url)
    new = renew_secret(endpoint, BOX, by=SYSTEM, at=at)
    session.commit()
    for moment in (at, at + timedelta(days=1)):
        tell(at=moment)
        send(moment)
    (_, first, body), (_, second, later) = program.told
    assert first["webhook-signature"].split() == [good_signature(one, first, body) for one in (new, old)]
    assert second["webhook-signature"].split() == [good_signature(new, second, later)]


@pytest.mark.parametrize("status", [302, 400, 404, 410, 500, 503])
def test_whatever_is_not_2xx_is_tried_again(make: Making, program: Listener, status: int) -> None:
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    program.statuses = [status]
    tell(at=make.at)
    assert send(make.at) == (0, 1)
    [row] = log()
    assert (row.answer_status, row.error, row.attempts) == (status, f"The answer was {status}.", 1)
    assert send(make.at + BACK_OFF[0] - timedelta(seconds=1)) == (0, 0)
    assert send(make.at + BACK_OFF[0]) == (1, 0)
    (first, _, _), (second, _, _) = program.told
    assert first == second == "/"
    assert program.told[0][1]["webhook-id"] == program.told[1][1]["webhook-id"]
    assert program.told[0][2] == program.told[1][2]


def test_it_is_given_up_in_the_end_and_can_be_sent_again(make: Making, program: Listener) -> None:
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    program.statuses = [500] * (len(BACK_OFF) + 1)
    tell(at=make.at)
    at = make.at
    for wait in (*BACK_OFF, timedelta()):
        assert send(at) == (0, 1)
        at += wait
    [row] = log()
    assert row.parked_at is not None
    assert send(at + timedelta(days=30)) == (0, 0)
    replay(row, at=at)
    session.commit()
    assert send(at) == (1, 0)
    assert len({headers["webhook-id"] for _, headers, _ in program.told}) == 1


def test_who_cannot_be_reached_rests_and_then_gets_everything(make: Making, program: Listener) -> None:
    endpoint, _ = add_endpoint(
        PARTNER, "http://127.0.0.1:1/", ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at
    )
    tell("L-1", "L-2", "L-3", at=make.at)
    assert send(make.at) == (0, 1)
    assert [row.attempts for row in log()] == [1, 0, 0]
    assert send(make.at + timedelta(seconds=2)) == (0, 0)
    session.get_one(HookEndpoint, endpoint.id).url = program.url
    session.commit()
    assert send(make.at + timedelta(minutes=1)) == (3, 0)


def test_a_private_address_is_refused_when_connecting(make: Making, program: Listener) -> None:
    """As a name would that resolves to one: saving it was possible."""
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    tell(at=make.at)
    assert send(make.at, Hooks(BOX)) == (0, 1)
    assert program.told == []
    assert log()[0].error == hook_calls.NO_WAY


def test_the_operators_own_program_may_be_on_this_machine(make: Making, program: Listener) -> None:
    add_endpoint(OPERATOR, program.url, ["lead.submitted"], BOX, by=SYSTEM, at=make.at)
    tell(at=make.at)
    assert send(make.at, Hooks(BOX)) == (1, 0)


def test_a_slow_endpoint_does_not_hold_up_another(
    make: Making, program: Listener, another: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_calls, "TIMEOUT_SECONDS", 1)
    program.pause = 30
    for url in (program.url, another.url):
        add_endpoint(PARTNER, url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    tell(*(f"L-{number}" for number in range(10)), at=make.at)
    began = time.monotonic()
    assert send(make.at) == (10, 1)
    assert time.monotonic() - began < 5
    assert len(another.told) == 10
    assert send(make.at) == (0, 0)


def test_an_answer_that_drips_in_is_cut_off(make: Making, program: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_calls, "TIMEOUT_SECONDS", 0.5)
    program.drips = True
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    tell(at=make.at)
    assert send(make.at) == (0, 1)
    assert log()[0].error == hook_calls.TOO_LATE


def test_nothing_goes_to_who_is_switched_off_and_what_waited_goes_first(make: Making, program: Listener) -> None:
    endpoint, _ = add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    tell("L-1", at=make.at)
    switch_off(endpoint, by=SYSTEM, at=make.at)
    session.commit()
    tell("L-2", at=make.at)
    assert send(make.at) == (0, 0)
    switch_on(session.get_one(HookEndpoint, endpoint.id), by=SYSTEM, at=make.at)
    session.commit()
    assert send(make.at) == (1, 0)
    remove_endpoint(session.get_one(HookEndpoint, endpoint.id), by=SYSTEM, at=make.at)
    session.commit()
    tell("L-3", at=make.at)
    assert send(make.at) == (0, 0)
    assert len(program.told) == 1


def test_a_secret_that_cannot_be_opened_is_said(make: Making, program: Listener) -> None:
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    tell(at=make.at)
    assert send(make.at, Hooks(SecretsBox("another key", "hooks"), private=True)) == (0, 1)
    assert "another key" in log()[0].error
    assert program.told == []


def test_what_somebody_waits_for_is_heard_once_everybody_took_it(
    make_on_both: Making, register: Any, program: Listener, another: Listener
) -> None:
    at = make_on_both.at
    for listener in (program, another):
        register(listener.url, OPERATOR, "store.upgrade_requested")
    assert is_heard("activation:1")
    for _ in range(2):
        announce_once("store.upgrade_requested", {"domain": "a.example.org"}, key="activation:1", owner=OPERATOR, at=at)
        session.commit()
    another.statuses = [503]
    assert not is_heard("activation:1")
    assert not deliver_now(HERE, "activation:1", at=at)
    assert not deliver_now(HERE, "activation:1", at=at)
    assert (len(program.told), len(another.told)) == (1, 1)
    assert deliver_now(HERE, "activation:1", at=at + timedelta(minutes=1))
    assert (len(program.told), len(another.told)) == (1, 2)
    assert deliver_now(HERE, "activation:2", at=at)


def test_what_was_taken_long_ago_is_forgotten_and_what_nobody_took_stays(make: Making, program: Listener) -> None:
    add_endpoint(PARTNER, program.url, ["lead.submitted"], BOX, private=True, by=SYSTEM, at=make.at)
    program.statuses = [200, 500]
    tell("L-1", "L-2", at=make.at)
    send(make.at)
    assert forget_old(at=make.at + timedelta(days=60)) == 0
    assert forget_old(at=make.at + timedelta(days=61)) == 1
    session.commit()
    assert [row.error for row in log()] == ["The answer was 500."]
