"""Several serving processes on one database: the jobs run in one of them, and in another when that one dies (P16)."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.faults.served import Server
from tests.faults.wholeness import census

# So many mails at this pace take longer than the two seconds between two ticks of a scheduler.
LEADS, MAILS_OF_A_LEAD, SECONDS_A_MAIL = 12, 2, 0.2
PATIENCE_SECONDS = 30
Serve = Callable[..., Server]


class SlowBox:
    """A mail server that takes its time; `received` are the ids of the messages."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.received: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(str(message_from_bytes(content)["Message-ID"]))
        await asyncio.sleep(SECONDS_A_MAIL)
        return "250 OK"


@pytest.fixture
def box() -> Iterator[SlowBox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box = SlowBox(free.getsockname()[1])
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def mailing(server: Serve, box: SlowBox) -> Serve:
    """Makes servers that send their mails to the slow box."""
    return lambda **settings: server(REFERRALS_MAIL_URL=f"smtp://127.0.0.1:{box.port}?from=p@example.org", **settings)


def submit_some(server: Server, name: str) -> None:
    for number in range(LEADS):
        assert server.submit(f"{name}{number}").status == 201


def wait_for_mails(server: Server, number: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while census(server.database)["mails_sent"] < number:
        assert time.monotonic() < until, f"only {census(server.database)['mails_sent']} of {number} mails left"
        time.sleep(0.1)


def test_two_processes_send_each_mail_once_and_one_takes_over(mailing: Serve, box: SlowBox) -> None:
    first, second = mailing(), mailing()
    first.start()
    second.start()
    submit_some(first, "both")
    wait_for_mails(first, LEADS * MAILS_OF_A_LEAD)
    assert max(Counter(box.received).values()) == 1
    first.kill()
    assert second.submit("left").status == 201
    wait_for_mails(second, (LEADS + 1) * MAILS_OF_A_LEAD)
    first.start()
    second.kill()
    assert first.submit("right").status == 201
    wait_for_mails(first, (LEADS + 2) * MAILS_OF_A_LEAD)
    assert len(set(box.received)) == len(box.received) == (LEADS + 2) * MAILS_OF_A_LEAD


def test_the_harness_notices_two_schedulers(mailing: Serve, box: SlowBox, tmp_path: Path) -> None:
    first = mailing()
    apart = mailing(REFERRALS_DATA_DIR=str(tmp_path / "apart"), REFERRALS_DATABASE_URL=first.database)
    first.start()
    apart.start()
    submit_some(first, "shop")
    wait_for_mails(first, LEADS * MAILS_OF_A_LEAD)
    assert max(Counter(box.received).values()) == 2
