"""How mails leave: laid out as text and HTML, in the recipient's language and time zone."""

import base64
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from flask import Flask, render_template
from flask_babel import force_locale, gettext
from markupsafe import Markup

from referrals.config import ROOT
from referrals.db import session
from referrals.outbox.models import OutboxMessage
from referrals.people.models import Person
from referrals.web.filters import in_zone
from referrals.web.house import config
from referrals.web.invitation_mails import INVITATION_MAILS, INVITATION_NAMES
from referrals.web.mail_texts import MAILS as OTHER_MAILS
from referrals.web.mail_texts import NAMES as OTHER_NAMES
from referrals.web.mail_texts import Params
from referrals.web.payout_mails import PAYOUT_MAILS, PAYOUT_NAMES
from referrals.web.short_texts import TEXT_NAMES

MAILS = OTHER_MAILS | INVITATION_MAILS | PAYOUT_MAILS
NAMES = OTHER_NAMES | INVITATION_NAMES | PAYOUT_NAMES


def template_words(template: str) -> str:
    """What a kind of mail is called."""
    return gettext(NAMES.get(template) or TEXT_NAMES[template])


def line_of(template: str, params: Params) -> str:
    """The one line that stands under the bell: the subject of the mail."""
    return MAILS[template](params).subject


def style() -> Markup:
    """The style sheet of mails, which stands in each of them."""
    return Markup((ROOT / "static" / "css" / "mail.css").read_text())  # noqa: S704 - our own file


def style_digest() -> str:
    """By which a browser that shows a mail recognises its style sheet."""
    return f"'sha256-{base64.b64encode(sha256(style().encode()).digest()).decode()}'"


def render_mail(message: OutboxMessage) -> EmailMessage:
    """The mail as it leaves: text and HTML, in the recipient's language, with a stable id."""
    with force_locale(message.language), in_zone(zone_of(message)):
        mail = MAILS[message.template](message.params)
        context = {"mail": mail, "name": message.to_name}
        text = render_template("emails/message.txt", **context)
        html = render_template("emails/message.html", **context)
    made = EmailMessage(policy=SMTP if message.to_email.isascii() else SMTPUTF8)
    made["Subject"] = in_header(mail.subject)
    made["From"] = Address("Referrals", addr_spec=sender())
    made["To"] = Address(in_header(message.to_name), addr_spec=message.to_email)
    made["Date"] = format_datetime(message.created_at)
    made["Message-ID"] = f"<{message.message_key}@{sender().rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


def in_header(text: str) -> str:
    """One line, in which nothing looks like an encoded word: the mail library would decode it, line ends and all."""
    return " ".join(text.split()).replace("=?", "= ?")


def zone_of(message: OutboxMessage) -> str:
    """The time zone that the recipient chose, or nothing."""
    person = session.get(Person, message.person_id) if message.person_id else None
    return (person.time_zone if person else None) or ""


def sender() -> str:
    """The address that mails come from: as the settings name it, else one of the base URL's host."""
    host = urlsplit(config().base_url).hostname or ""
    named = "." in host and not host.replace(".", "").isdigit()
    return config().mail_from or f"referrals@{host if named else 'referrals.localhost'}"


def init_app(app: Flask) -> None:
    """Let the mail template read the style sheet."""
    app.jinja_env.globals["mail_style"] = style
