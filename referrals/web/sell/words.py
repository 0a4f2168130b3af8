"""Words of the salesperson's pages."""

from typing import Any

from flask_babel import gettext

from referrals.people.rules import masked_phone
from referrals.wording import N_

KINDS_OF_LINKS = {"link": N_("Link"), "qr": N_("QR code")}
STATES_OF_CUSTOMERS = {"mine": N_("Your customer"), "gone": N_("Not yours any more")}


def kinds_of_links() -> list[tuple[str, str]]:
    """What can be shared, as choices."""
    return [(kind, gettext(label)) for kind, label in KINDS_OF_LINKS.items()]


def states_of_customers() -> list[tuple[str, str]]:
    """Whether a customer is still theirs, as choices."""
    return [(state, gettext(label)) for state, label in STATES_OF_CUSTOMERS.items()]


def masked_buyer(phone: str | None, email: str | None, number: str | None = None) -> str:
    """Who bought, so that only somebody who knows them recognises them: `139****2210`, `a***@example.org`."""
    if phone:
        return masked_phone(phone)
    if email:
        name, _, host = email.partition("@")
        return f"{name[:1]}***@{host}"
    if number:
        return gettext("Customer %(number)s", number=f"…{number[-3:]}" if len(number) > 5 else "…")
    return gettext("A customer")


def named(row: Any) -> str:
    """How a row of a salesperson is shown: the nickname, or the masked phone."""
    return row.nickname or masked_phone(row.phone or "")
