"""Mail: written with what it tells of, sent until it is sent, read in the recipient's language."""

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import select

from referrals.db import session
from referrals.jobs import send_mails
from referrals.leads import conversation
from referrals.leads.models import LeadConflict
from referrals.leads.operations import change_status, record_payout
from referrals.leads.ownership import decide
from referrals.outbox.models import Notification, OutboxMessage
from referrals.outbox.operations import choose_notifications, post_mail
from referrals.outbox.rules import BACK_OFF, KINDS
from referrals.outbox.transport import FileTransport, SmtpTransport, Transport
from referrals.people.models import Person
from referrals.web.emails import line_of, render_mail
from referrals.web.language import LANGUAGES
from referrals.web.mail_texts import MAILS, NAMES
from tests.making import Making


class Box:
    """What a real mail server on this machine received; `answer` is what it says to the next mails."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.answer = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answer.startswith("55"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer == "250 OK":
            self.received.append((envelope.rcpt_tos[0], envelope.content))
        return self.answer


@pytest.fixture
def box() -> Iterator[tuple[Box, Transport]]:
    """A mail server and the way to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Box()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, SmtpTransport(f"smtp://127.0.0.1:{port}")
    controller.stop()


@pytest.fixture
def send(app: Flask) -> Callable[..., int]:
    """Sends what is due, as the job does."""

    def send_now(transport: Transport, at: Any) -> int:
        session.rollback()
        with app.test_request_context():
            return send_mails(render_mail, transport, at=at).done

    return send_now


def test_the_confirmation_holds_all_the_details(
    make: Making, send: Callable[..., int], box: tuple[Box, Transport]
) -> None:
    make.rep(name="Rita Romero")
    member = make.member(make.partner("Studio Północ"), name="Anna Kowalska", email="anna@example.org")
    lead = make.lead(
        member, contact_name="Żaneta Wójcik", contact_phone="+48600700800", notes="Zażółć", annual_revenue="1m_5m",
        expected_value=1_200_050,
    )  # fmt: skip
    server, transport = box
    assert send(transport, make.at) == 2
    _, content = next(mail for mail in server.received if mail[0] == "anna@example.org")
    from email import message_from_bytes
    from email.policy import default

    mail = message_from_bytes(content, policy=default)
    text = mail.get_body(("plain",)).get_content()
    for told in (
        lead.ref, lead.business_name, "Żaneta Wójcik", lead.contact_email, "+48600700800", lead.website_url, "Poland",
        "Zażółć", "$1–5 million", "$12,000.50", "yes", "Studio Północ", "Anna Kowalska", "Rita Romero",
    ):  # fmt: skip
        assert told in text, told
    assert f"http://127.0.0.1:8000/leads/{lead.ref}" in text
    key = session.scalars(select(OutboxMessage.message_key).where(OutboxMessage.to_email == "anna@example.org")).one()
    assert mail["Message-ID"].startswith(f"<{key}@")


def test_a_mail_that_fails_is_tried_again_and_parked_in_the_end(
    make: Making, send: Callable[..., int], box: tuple[Box, Transport]
) -> None:
    server, transport = box
    post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to="a@example.org", at=make.at)
    session.commit()
    server.answer = "451 try later"
    at = make.at
    for wait in BACK_OFF:
        assert send(transport, at) == 0
        assert send(transport, at + wait - timedelta(seconds=1)) == 0
        at += wait
    message = session.scalars(select(OutboxMessage)).one()
    assert message.attempts == len(BACK_OFF)
    assert "451" in message.error
    server.answer = "250 OK"
    assert send(transport, at) == 1
    assert send(transport, at) == 0
    assert len(server.received) == 1


def test_a_refused_recipient_is_parked_at_once(
    make: Making, send: Callable[..., int], box: tuple[Box, Transport]
) -> None:
    server, transport = box
    server.answer = "550 no such mailbox"
    post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to="a@example.org", at=make.at)
    session.commit()
    send(transport, make.at)
    message = session.scalars(select(OutboxMessage)).one()
    assert message.parked_at == make.at
    assert "550" in message.error


def test_one_mail_that_fails_does_not_hold_up_the_others(
    make: Making, send: Callable[..., int], tmp_path: Path
) -> None:
    class Moody(FileTransport):
        def send(self, message: EmailMessage, key: str) -> None:
            if "bad@" in message["To"]:
                raise OSError("no route")
            super().send(message, key)

    for to in ("a@example.org", "bad@example.org", "c@example.org"):
        post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to=to, at=make.at)
    session.commit()
    assert send(Moody(tmp_path), make.at) == 2
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_a_mail_exists_only_if_its_transaction_committed(
    make: Making, send: Callable[..., int], tmp_path: Path
) -> None:
    post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to="a@example.org", at=make.at)
    session.rollback()
    assert send(FileTransport(tmp_path), make.at) == 0


def test_sending_twice_writes_one_file(make: Making, send: Callable[..., int], tmp_path: Path) -> None:
    """The process may die after sending and before noting it: the second try has the same id."""
    post_mail("password_reset", {"link_id": "x", "purpose": "reset"}, to="a@example.org", at=make.at)
    session.commit()
    send(FileTransport(tmp_path), make.at)
    session.scalars(select(OutboxMessage)).one().sent_at = None
    session.commit()
    send(FileTransport(tmp_path), make.at)
    assert len(list(tmp_path.glob("*.eml"))) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_switched_off_for_each_way(make: Making, kind: str) -> None:
    person = session.get_one(Person, make.member().person_id)
    choose_notifications(person.id, {kind: (False, True)})
    session.commit()
    from referrals.outbox.operations import notify
    from referrals.people.rules import SYSTEM

    params = {"ref": "L-1", "business_name": "B", "product": "Plus", "product_code": "plus", "partner": "P", "rep": ""}
    for one in KINDS:
        notify(person, one, "lead_assigned", params, by=SYSTEM, at=make.at)
    session.flush()
    bells = session.scalars(select(Notification.kind)).all()
    assert sorted(bells) == sorted(KINDS)
    assert len(session.scalars(select(OutboxMessage)).all()) == len(KINDS) - 1


def everything_that_can_be_told(make: Making) -> None:
    """Bring about every kind of message there is."""
    make.admin()
    first, second = make.member(), make.member()
    make.lead(first)
    rep = make.rep()
    lead = make.lead(first, website_url="https://one.example.org")
    make.lead(second, website_url="https://one.example.org")
    conversation.send_message(lead, "Hello\n<b>you</b>", by=rep, at=make.at)
    decide(session.scalars(select(LeadConflict)).one(), "keep", text="First.", by=rep, at=make.at)
    unsupported = make.lead(first, "pos", sales_support=False)
    conversation.request_support(make.lead(first, "pos", sales_support=False), by=first, at=make.at)
    record_payout(unsupported, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    conversation.appeal(lead, "Please.", by=first, at=make.at)
    conversation.reject_appeal(lead, "No.", by=rep, at=make.at)
    for template, purpose in (("password_reset", "reset"), ("invitation", "join"), ("email_change", "email")):
        params = {"link_id": "x", "purpose": purpose, "organisation": "North", "inviter": "Anna"}
        post_mail(template, params, to="a@example.org", at=make.at)
    session.commit()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_mail_reads_well_in_every_language(app: Flask, make: Making, language: str) -> None:
    everything_that_can_be_told(make)
    messages = session.scalars(select(OutboxMessage)).all()
    assert {message.template for message in messages} == MAILS.keys() == NAMES.keys()
    with app.test_request_context():
        for message in messages:
            message.language = language
            mail = render_mail(message)
            html = mail.get_body(("html",)).get_content()
            text = mail.get_body(("plain",)).get_content()
            assert "%(" not in mail["Subject"] + html + text
            assert "<b>you</b>" not in html
            assert mail.as_bytes()
        for notification in session.scalars(select(Notification)):
            assert "%(" not in line_of(notification.template, notification.params)
    session.rollback()
