"""Sending mails: what one of them, its server or its wording can do wrong, and what the others have of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from flask import Flask
from sqlalchemy import select
from structlog.testing import capture_logs

from referrals import jobs
from referrals.db import session
from referrals.jobs import Tally, send_mails
from referrals.outbox import transport as ways
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import post_mail
from referrals.outbox.transport import FileTransport, SmtpTransport, Transport, Unreachable
from referrals.web.emails import render_mail
from tests.making import Making

Send = Callable[..., Tally]


@pytest.fixture
def send(app: Flask) -> Send:
    """Sends what is due, as the job does."""

    def send_now(transport: Transport, at: Any, **options: Any) -> Tally:
        session.rollback()
        with app.test_request_context():
            return send_mails(render_mail, transport, at=at, **options)

    return send_now


@pytest.fixture
def post(make: Making) -> Callable[..., None]:
    """Puts mails into the outbox, one for each address."""

    def post_all(*addresses: str, template: str = "password_reset") -> None:
        for to in addresses:
            post_mail(template, {"link_id": "x", "purpose": "reset"}, to=to, at=make.at)
        session.commit()

    return post_all


def waiting() -> dict[str, tuple[int, str]]:
    """The tries and errors of what has not left, by address."""
    session.rollback()
    unsent = select(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).order_by(OutboxMessage.id)
    return {message.to_email: (message.attempts, message.error) for message in session.scalars(unsent)}


def test_a_mail_that_cannot_be_worded_holds_up_no_other(
    make: Making, send: Send, post: Callable[..., None], tmp_path: Path
) -> None:
    post("nobody@example.org", template="gone")
    post("a@example.org", "b@example.org")
    with capture_logs() as logs:
        assert send(FileTransport(tmp_path), make.at) == Tally(done=2, failed=1)
    assert waiting() == {"nobody@example.org": (1, "KeyError")}
    assert [entry["event"] for entry in logs] == ["mail_failed"]
    assert "emails.py" in logs[0]["place"]
    assert "nobody@example.org" not in str(logs)
    assert send(FileTransport(tmp_path), make.at) == Tally()
    assert send(FileTransport(tmp_path), make.at + timedelta(minutes=1)) == Tally(failed=1)


@pytest.mark.parametrize("error", [ValueError("ann@example.org"), RuntimeError(), UnicodeError()])
def test_a_mail_that_the_way_out_chokes_on_holds_up_no_other(
    make: Making, send: Send, post: Callable[..., None], tmp_path: Path, error: Exception
) -> None:
    class Choking(FileTransport):
        def send(self, message: EmailMessage, key: str) -> None:
            if "bad@" in message["To"]:
                raise error
            super().send(message, key)

    post("bad@example.org", "a@example.org")
    assert send(Choking(tmp_path), make.at) == Tally(done=1, failed=1)
    assert waiting() == {"bad@example.org": (1, type(error).__name__)}


def test_with_the_server_gone_the_first_mail_asks_for_all(make: Making, send: Send, post: Callable[..., None]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = SmtpTransport(f"smtp://127.0.0.1:{free.getsockname()[1]}")
    post("a@example.org", "b@example.org", "c@example.org")
    assert send(nobody, make.at) == Tally(failed=1, stuck=True)
    assert [tries for tries, _ in waiting().values()] == [1, 0, 0]
    assert "ConnectionRefusedError" in waiting()["a@example.org"][1]
    assert send(nobody, make.at) == Tally(failed=1, stuck=True)
    assert [tries for tries, _ in waiting().values()] == [1, 1, 0]


def test_a_server_that_falls_silent_is_waited_for_once(
    make: Making, send: Send, post: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "TIMEOUT_SECONDS", 0.3)
    post("a@example.org", "b@example.org")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        transport = SmtpTransport(f"smtp://127.0.0.1:{silent.getsockname()[1]}")
        assert send(transport, make.at) == Tally(failed=1, stuck=True)


def test_mails_end_where_they_are_told_to_stop(
    make: Making, send: Send, post: Callable[..., None], tmp_path: Path
) -> None:
    post("a@example.org", "b@example.org")
    transport = FileTransport(tmp_path)
    assert send(transport, make.at, stop=lambda: bool(list(tmp_path.glob("*.eml")))) == Tally(done=1)


def test_a_mail_that_was_erased_or_sent_meanwhile_stays_unsent(
    app: Flask, make: Making, send: Send, post: Callable[..., None], tmp_path: Path
) -> None:
    """Two processes may both have seen it as due."""

    class Slow(FileTransport):
        def send(self, message: EmailMessage, key: str) -> None:
            super().send(message, key)
            session.execute(OutboxMessage.__table__.delete().where(OutboxMessage.to_email == "b@example.org"))
            session.execute(
                OutboxMessage.__table__.update()
                .where(OutboxMessage.to_email == "c@example.org")
                .values(sent_at=make.at)
            )
            session.commit()

    post("a@example.org", "b@example.org", "c@example.org")
    assert send(Slow(tmp_path), make.at) == Tally(done=1)


class Asked:
    """A mail server without encryption, and what it was told."""

    def __init__(self) -> None:
        self.logins: list[bytes] = []
        self.received = 0

    def authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, told: Any) -> AuthResult:
        assert isinstance(told, LoginPassword)
        self.logins.append(told.password)
        return AuthResult(success=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        self.received += 1
        return "250 OK"


@contextmanager
def unencrypted() -> Iterator[tuple[Asked, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = Asked()
    controller = Controller(
        asked, hostname="127.0.0.1", port=port, authenticator=asked.authenticate, auth_require_tls=False
    )
    controller.start()
    try:
        yield asked, port
    finally:
        controller.stop()


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.org", "b@example.org"
    message.set_content("Hello")
    return message


def test_no_password_goes_out_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.create_connection
    with unencrypted() as (asked, port):
        here = ("127.0.0.1", port)
        monkeypatch.setattr(socket, "create_connection", lambda _address, *rest, **more: real(here, *rest, **more))
        with pytest.raises(Unreachable, match="STARTTLS"):
            SmtpTransport("smtp://ann:secret@mail.example.org").send(mail(), "1")
        assert (asked.logins, asked.received) == ([], 0)
        SmtpTransport("smtp://mail.example.org").send(mail(), "1")
        assert asked.received == 1, "without a password there is nothing to keep"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_on_this_machine_a_password_needs_no_encryption(host: str) -> None:
    with unencrypted() as (asked, port):
        SmtpTransport(f"smtp://ann:secret@{host}:{port}").send(mail(), "1")
        assert (asked.logins, asked.received) == ([b"secret"], 1)


def test_a_bad_farewell_does_not_send_a_mail_twice() -> None:
    """The server takes the mail and then hangs up."""

    def serve(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rwb") as stream:
            stream.write(b"220 here\r\n")
            stream.flush()
            for line in stream:
                word = line[:4].upper()
                stream.write({b"DATA": b"354 go on\r\n"}.get(word, b"250 fine\r\n"))
                stream.flush()
                if word == b"DATA":
                    while stream.readline() != b".\r\n":
                        pass
                    stream.write(b"250 taken\r\n")
                    stream.flush()
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        SmtpTransport(f"smtp://127.0.0.1:{listening.getsockname()[1]}").send(mail(), "1")
        thread.join(5)


def test_the_log_says_where_and_not_what() -> None:
    try:
        raise ValueError("ann@example.org")
    except ValueError as error:
        found = jobs.whereabouts(error)
    assert found["error_type"] == "ValueError"
    assert "test_sending.py:" in found["place"]
    assert "ann@" not in str(found)
