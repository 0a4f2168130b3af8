"""What short messages to phones say, worded when they are sent, in the recipient's language."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import force_locale, gettext

from referrals.outbox.models import OutboxMessage
from referrals.outbox.texts import ShortMessage
from referrals.wording import N_

Params = Mapping[str, Any]


def one_time_code(params: Params) -> str:
    return gettext("%(code)s is your code to sign in. It is good for ten minutes. Do not give it to anybody.") % params


TEXTS: dict[str, Callable[[Params], str]] = {make.__name__: make for make in (one_time_code,)}
TEXT_NAMES = {"one_time_code": N_("One-time code")}


def render_text(message: OutboxMessage) -> ShortMessage:
    """The short message as it leaves."""
    with force_locale(message.language):
        return ShortMessage(message.to_phone, TEXTS[message.template](message.params))
