"""What mails say about payouts, to the members who see the partner's finances (`SPEC §4`)."""

from collections.abc import Callable
from typing import Any

from flask_babel import gettext

from referrals.web.filters import amount, day
from referrals.web.house import config
from referrals.web.mail_texts import Mail, Params
from referrals.wording import N_


def about_payout(params: Params, subject: str, *paragraphs: str, quote: str = "") -> Mail:
    """A mail about a payout, with a button that opens its statement."""
    filled = spoken(params)
    return Mail(
        subject=gettext(subject) % filled,
        paragraphs=[gettext(paragraph) % filled for paragraph in paragraphs if paragraph],
        quote=quote,
        button=gettext("Open the statement"),
        url=f"{config().base_url}/payouts/{params['payout_id']}",
        small=gettext("You can switch these messages off under Notifications in your account."),
    )


def spoken(params: Params) -> dict[str, Any]:
    """What sentences speak of, as people say it."""
    return {
        "amount": amount(params["amount_minor"], params["currency"]),
        "first": day(params["period_from"]),
        "last": day(params["period_until"]),
        "due": day(params["due_on"]),
    }


def payout_made(params: Params) -> Mail:
    return about_payout(
        params,
        N_("Your payout of %(amount)s"),
        N_("Your statement for %(first)s to %(last)s is ready. We pay %(amount)s on %(due)s."),
        ""
        if params["has_recipient"]
        else N_("We do not know yet where to pay it. Please set your pay-out address on the page Payouts."),
    )


def payout_paid(params: Params) -> Mail:
    return about_payout(
        params,
        N_("%(amount)s is paid"),
        N_("We have paid %(amount)s for %(first)s to %(last)s to your pay-out address."),
    )


def payout_failed(params: Params) -> Mail:
    return about_payout(
        params,
        N_("Your payout of %(amount)s failed"),
        N_("We could not pay %(amount)s for %(first)s to %(last)s. It is part of your next payout."),
        N_("Please check your pay-out address."),
        quote=params["error"],
    )


def payout_method_changed(params: Params) -> Mail:
    filled = {**params}
    return Mail(
        subject=gettext("Your pay-out address was changed"),
        paragraphs=[
            gettext("%(member)s changed where we pay %(partner)s: from now on to %(address)s.") % filled,
            gettext("If nobody of you did this, change it back now and write to us."),
        ],
        button=gettext("Open the pay-out address"),
        url=f"{config().base_url}/payouts/method",
    )


PAYOUT_MAILS: dict[str, Callable[[Params], Mail]] = {
    make.__name__: make for make in (payout_made, payout_paid, payout_failed, payout_method_changed)
}
PAYOUT_NAMES = {
    "payout_made": N_("Statement ready"),
    "payout_paid": N_("Payout paid"),
    "payout_failed": N_("Payout failed"),
    "payout_method_changed": N_("Pay-out address changed"),
}
