"""Short messages: to a gateway or into files, never into a private network, and not held up by a mail server."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from referrals.db import session
from referrals.jobs import Tally, Texts, send_mails, send_texts
from referrals.outbox import public_only
from referrals.outbox.codes import send_code
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import post_mail
from referrals.outbox.public_only import PrivateAddress, is_public
from referrals.outbox.texts import Gateway, ShortMessage, TextFiles, text_transport_for
from referrals.outbox.transport import FileTransport, NeverTaken, Unreachable
from referrals.web.emails import render_mail
from referrals.web.short_texts import render_text
from tests.making import Making
from tests.web.browsing import Browser

PHONE = "+48600700800"
MESSAGE = ShortMessage(PHONE, "123456 …")


class Asked:
    """A gateway on this machine, and what it was asked; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[Any] = []
        self.headers: list[Any] = []
        self.paths: list[str] = []


@pytest.fixture
def gateway() -> Iterator[tuple[Asked, str]]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            asked.bodies.append(json.loads(self.rfile.read(length)))
            asked.headers.append(dict(self.headers))
            asked.paths.append(self.path)
            self.send_response(asked.status)
            self.send_header("Location", "http://169.254.169.254/")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield asked, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def send(app: Flask) -> Callable[..., Tally]:
    """Sends what is due, as the job does."""

    def send_now(transport: Any, at: Any) -> Tally:
        session.rollback()
        with app.test_request_context():
            return send_texts(Texts(render_text, transport), at=at)

    return send_now


def test_a_gateway_gets_number_and_text(gateway: tuple[Asked, str]) -> None:
    asked, url = gateway
    Gateway(url.replace("//", "//ann:s%40crt@") + "/send?from=us").send(MESSAGE, "key-1")
    assert asked.bodies == [{"to": PHONE, "text": "123456 …"}]
    assert asked.paths == ["/send?from=us"]
    assert asked.headers[0]["Idempotency-Key"] == "key-1"
    assert asked.headers[0]["Authorization"] == "Basic YW5uOnNAY3J0"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, None), (204, None), (302, OSError), (400, NeverTaken), (404, NeverTaken), (429, OSError), (503, OSError)],
)
def test_what_the_gateway_answers_says_whether_it_is_tried_again(
    gateway: tuple[Asked, str], status: int, outcome: type[OSError] | None
) -> None:
    asked, url = gateway
    asked.status = status
    if outcome is None:
        Gateway(url).send(MESSAGE, "1")
        return
    with pytest.raises(outcome) as raised:
        Gateway(url).send(MESSAGE, "1")
    assert type(raised.value) is outcome
    assert len(asked.bodies) == 1, "redirects are not followed"


def test_a_gateway_that_is_gone_holds_up_the_rest() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unreachable):
        Gateway(url).send(MESSAGE, "1")


@pytest.mark.parametrize("host", ["10.0.0.1", "192.168.1.1", "169.254.169.254", "[fd00::1]", "0.0.0.0", "100.64.0.1"])
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(PrivateAddress):
        Gateway(f"http://{host}/").send(MESSAGE, "1")


def test_a_name_that_leads_to_this_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, gateway: tuple[Asked, str]
) -> None:
    asked, url = gateway
    port = int(url.rpartition(":")[2])
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(public_only.socket, "getaddrinfo", lambda *_args, **_more: here)
    with pytest.raises(PrivateAddress):
        Gateway(f"http://sms.example.org:{port}/").send(MESSAGE, "1")
    assert asked.bodies == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::1", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("2001::7f00:1", False),
        ("fec0::1", False),
        ("3fff::1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_public_addresses_are_told_from_others(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_without_a_gateway_a_text_is_a_file(make: Making, send: Callable[..., Tally], tmp_path: Path) -> None:
    send_code(PHONE, at=make.at, language="pl")
    session.commit()
    assert send(text_transport_for("", tmp_path), make.at) == Tally(done=1)
    files = list(tmp_path.glob("outbox/*.sms.txt"))
    message = session.scalar(select(OutboxMessage))
    assert [file.name for file in files] == [f"{message.message_key}.sms.txt"]
    written = files[0].read_text()
    assert written.startswith(f"To: {PHONE}\n")
    assert message.params["code"] in written
    assert send(text_transport_for("", tmp_path), make.at) == Tally()


def test_a_refused_text_is_given_up_and_others_leave(
    make: Making, send: Callable[..., Tally], gateway: tuple[Asked, str]
) -> None:
    asked, url = gateway
    asked.status = 400
    send_code(PHONE, at=make.at)
    session.commit()
    assert send(Gateway(url), make.at) == Tally(failed=1)
    asked.status = 200
    send_code("+48600700801", at=make.at)
    session.commit()
    assert send(Gateway(url), make.at + timedelta(days=1)) == Tally(done=1)
    parked = session.scalars(select(OutboxMessage).where(OutboxMessage.parked_at.is_not(None))).one()
    assert (parked.to_phone, parked.error) == (PHONE, "NeverTaken: The gateway answered 400.")


def test_mails_and_texts_leave_by_their_own_ways(
    app: Flask, make: Making, send: Callable[..., Tally], tmp_path: Path
) -> None:
    post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to="a@example.org", at=make.at)
    send_code(PHONE, at=make.at)
    session.commit()
    assert send(TextFiles(tmp_path), make.at) == Tally(done=1)
    session.rollback()
    with app.test_request_context():
        assert send_mails(render_mail, FileTransport(tmp_path), at=make.at) == Tally(done=1)
    assert {file.name.partition(".")[2] for file in tmp_path.iterdir()} == {"eml", "sms.txt"}


def test_administrators_read_codes_in_the_outbox_and_reps_do_not(make: Making) -> None:
    send_code(PHONE, at=make.at)
    session.commit()
    message = session.scalar(select(OutboxMessage))
    code = message.params["code"]
    admin, rep = Browser(make, make.admin()), Browser(make, make.rep())
    assert PHONE in admin.get("/outbox").words
    assert code in admin.get(f"/outbox/{message.id}").words
    assert code not in rep.get("/outbox").words
    assert rep.call("GET", f"/outbox/{message.id}").status_code == 404
    assert admin.call("GET", f"/outbox/{message.id}/html").status_code == 404
