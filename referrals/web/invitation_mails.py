"""What mails say about upgrade invitations: to the owner of the store, the partner, and staff (`SPEC §3`)."""

from collections.abc import Callable

from babel.dates import format_datetime
from flask_babel import gettext

from referrals.web.filters import as_moment, dates_locale, day, zone
from referrals.web.house import config
from referrals.web.mail_texts import Mail, Params, about
from referrals.web.tokens import upgrade_links
from referrals.wording import N_


class OtherKey(Exception):
    """The link was locked with another secret key: the invitation has to be sent again."""


def upgrade_invitation(params: Params) -> Mail:
    """To the owner of the store, in their language; they have no account."""
    token = upgrade_links().open(params["token"])
    if token is None:
        raise OtherKey
    paragraphs = [
        gettext("%(partner)s recommends that you upgrade your store %(store)s to Plus.") % params,
        gettext(
            "Please read the terms and conditions and accept them to complete the upgrade. You can use the tools and "
            "features of Plus within 24 hours after that."
        ),
    ]
    if params["text"]:
        paragraphs.append(gettext("%(partner)s writes:") % params)
    return Mail(
        subject=gettext("Upgrade %(store)s to Plus") % params,
        paragraphs=paragraphs,
        quote=params["text"],
        button=gettext("Read the terms and conditions"),
        url=f"{config().base_url}/invitations/{token}",
        small=gettext("The link is good until %(date)s and once. If you do not accept, nothing changes.")
        % {"date": day(params["expires_at"])},
    )


def invitation_opened(params: Params) -> Mail:
    return about(
        params,
        N_("%(business_name)s: invitation opened"),
        N_("The owner of %(domain)s has opened your upgrade invitation for the lead %(ref)s."),
    )


def invitation_accepted(params: Params) -> Mail:
    return about(
        params,
        N_("%(business_name)s: invitation accepted"),
        N_(
            "The owner of %(domain)s has accepted your upgrade invitation for the lead %(ref)s. The store is on Plus "
            "within 24 hours."
        ),
    )


OVER = {
    "declined": N_("The owner of %(domain)s has declined your upgrade invitation for the lead %(ref)s."),
    "expired": N_("The owner of %(domain)s has not answered your upgrade invitation for the lead %(ref)s in time."),
    "revoked": N_("The upgrade invitation to the owner of %(domain)s for the lead %(ref)s was withdrawn."),
}
OVER_TITLES = {
    "declined": N_("%(business_name)s: invitation declined"),
    "expired": N_("%(business_name)s: invitation expired"),
    "revoked": N_("%(business_name)s: invitation withdrawn"),
}


def invitation_over(params: Params) -> Mail:
    return about(
        params,
        OVER_TITLES[params["outcome"]],
        OVER[params["outcome"]],
        N_("Your sales representative is %(rep)s.") if params.get("rep") else "",
    )


EVALUATE = {
    "declined": N_("The owner of %(domain)s has declined the upgrade invitation of %(partner)s."),
    "expired": N_("The owner of %(domain)s has not answered the upgrade invitation of %(partner)s in time."),
    "revoked": N_("The upgrade invitation of %(partner)s to the owner of %(domain)s was withdrawn."),
}


def lead_to_evaluate(params: Params) -> Mail:
    return about(
        params,
        N_("Lead to evaluate: %(business_name)s"),
        EVALUATE[params["outcome"]],
        N_("The %(product)s lead %(ref)s is assigned to you now. Please evaluate it.")
        if params.get("rep")
        else N_("Nobody is there to take the %(product)s lead %(ref)s: please assign it."),
    )


def upgrade_late(params: Params) -> Mail:
    return about(
        params,
        N_("Upgrade in danger: %(domain)s"),
        N_(
            "The owner of %(domain)s has accepted an upgrade to Plus, and it is not done yet. It was promised until "
            "%(deadline)s. Please see to it, and record it in the lead %(ref)s."
        ),
        deadline=whole_moment(params["deadline_at"]),
    )


def whole_moment(stored: str) -> str:
    return str(format_datetime(as_moment(stored).astimezone(zone()), "medium", locale=dates_locale()))


INVITATION_MAILS: dict[str, Callable[[Params], Mail]] = {
    make.__name__: make
    for make in (
        upgrade_invitation,
        invitation_opened,
        invitation_accepted,
        invitation_over,
        lead_to_evaluate,
        upgrade_late,
    )
}
INVITATION_NAMES = {
    "upgrade_invitation": N_("Upgrade invitation, to the owner"),
    "invitation_opened": N_("Upgrade invitation opened"),
    "invitation_accepted": N_("Upgrade invitation accepted"),
    "invitation_over": N_("Upgrade invitation ended"),
    "lead_to_evaluate": N_("Lead to evaluate"),
    "upgrade_late": N_("Upgrade in danger"),
}
