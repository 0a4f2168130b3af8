"""What mails and notifications say. They are worded when they are read or sent, in the recipient's language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask_babel import gettext

from referrals.leads.catalogue import get_product
from referrals.leads.fields import all_fields
from referrals.web import words
from referrals.web.filters import amount, country, day
from referrals.web.house import config
from referrals.web.tokens import link_url
from referrals.wording import N_

Params = Mapping[str, Any]


@dataclass
class Mail:
    """What a mail says, before it is laid out. `facts` answers pairs of label and value; bells do without them."""

    subject: str
    paragraphs: list[str]
    quote: str = ""
    facts: Callable[[], list[tuple[str, str]]] = list
    button: str = ""
    url: str = ""
    small: str = ""


def lead_url(params: Params) -> str:
    return f"{config().base_url}/leads/{params['ref']}"


def about(params: Params, subject: str, *paragraphs: str, quote: str = "", **values: Any) -> Mail:
    """A mail about a lead, with a button that opens it."""
    filled = {**params, **values, "product": words.own_words(params["product"])}
    mail = Mail(
        subject=gettext(subject) % filled,
        paragraphs=[gettext(paragraph) % filled for paragraph in paragraphs if paragraph],
        quote=quote,
        button=gettext("Open the lead"),
        url=lead_url(params),
    )
    mail.small = gettext("You can switch these messages off under Notifications in your account.")
    return mail


def lead_submitted(params: Params) -> Mail:
    mail = about(
        params,
        N_("We have received your lead: %(business_name)s"),
        N_("Thank you. We have received your %(product)s lead %(ref)s. These are the details you sent."),
        N_("Your sales representative is %(rep)s.")
        if params.get("rep")
        else N_("We will name your sales representative soon."),
    )
    mail.facts = partial(details_of, params)
    return mail


def details_of(params: Params) -> list[tuple[str, str]]:
    """Everything that was submitted, in the order of the form."""
    fields = all_fields(get_product(params["product_code"]).fields)
    values = params["values"]
    facts = [(gettext("Lead"), params["ref"]), (gettext("Product"), words.own_words(params["product"]))]
    for one in fields:
        value = values.get(one.name)
        if value in (None, ""):
            continue
        facts.append((words.own_words(one.label), detail(one.kind, dict(one.choices), value, params["currency"])))
    facts.append((gettext("Partner"), params["partner"]))
    if params.get("member"):
        facts.append((gettext("Submitted by"), params["member"]))
    return facts


def detail(kind: str, choices: Mapping[str, str], value: Any, currency: str) -> str:
    match kind:
        case "yes_no":
            return gettext("yes") if value else gettext("no")
        case "country":
            return country(value)
        case "choice":
            return words.own_words(choices.get(value, value))
        case "money":
            return amount(value, currency)
        case "date":
            return day(value)
    return str(value)


def lead_assigned(params: Params) -> Mail:
    return about(
        params,
        N_("New lead for you: %(business_name)s"),
        N_("%(partner)s submitted the %(product)s lead %(ref)s, and it is assigned to you."),
    )


def lead_unassigned(params: Params) -> Mail:
    return about(
        params,
        N_("A lead waits for a representative: %(business_name)s"),
        N_("%(partner)s submitted the %(product)s lead %(ref)s. Nobody is there to take it: please assign it."),
    )


def after(names: Mapping[str, str], params: Params) -> str:
    """What the state is called that was reached."""
    state = names[params["after"]]
    return gettext(state)


def lead_status(params: Params) -> Mail:
    return about(
        params,
        N_("%(business_name)s: %(status)s"),
        N_("Your %(product)s lead %(ref)s has a new status: %(status)s."),
        quote=words.own_words(params.get("sentence") or ""),
        status=after(words.STATUS, params),
    )


def lead_payout(params: Params) -> Mail:
    return about(
        params,
        N_("%(business_name)s: payout %(outcome)s"),
        N_("The payout outcome of your %(product)s lead %(ref)s is now: %(outcome)s."),
        quote=words.own_words(params.get("sentence") or ""),
        outcome=after(words.PAYOUT, params),
    )


def lead_message(params: Params) -> Mail:
    return about(
        params,
        N_("Message about %(business_name)s"),
        N_("%(sender)s wrote to you about the lead %(ref)s:"),
        quote=params["text"],
    )


def support_requested(params: Params) -> Mail:
    return about(
        params,
        N_("Sales support requested: %(business_name)s"),
        N_("%(partner)s asks for sales support for the %(product)s lead %(ref)s."),
    )


def lead_conflict(params: Params) -> Mail:
    return about(
        params,
        N_("%(business_name)s was registered before"),
        N_(
            "Another partner registered this business on %(date)s. Your lead %(ref)s is stored and marked as in "
            "conflict. We look at both and tell you how we decide."
        ),
        date=day(params["registered_at"]),
    )


def conflict_for_staff(params: Params) -> Mail:
    return about(
        params,
        N_("Conflict over %(business_name)s"),
        N_("The lead %(ref)s of %(partner)s is about a business that another partner registered. The same: %(signs)s."),
        N_("Please decide which partner it belongs to."),
        signs=words.signs(params["matched"]),
    )


DECIDED = {
    "yours": N_("We have decided: the business %(business_name)s belongs to you. Your lead %(ref)s goes on."),
    "not_yours": N_(
        "We have decided: the business %(business_name)s belongs to another partner. Your lead %(ref)s ends."
    ),
    "both": N_("We have decided: these are two businesses. Your lead %(ref)s goes on."),
}


def conflict_decided(params: Params) -> Mail:
    return about(
        params,
        N_("Decision about %(business_name)s"),
        DECIDED[params["outcome"]],
        quote=params["text"],
    )


def appeal_made(params: Params) -> Mail:
    return about(
        params,
        N_("Appeal: %(business_name)s"),
        N_("%(partner)s appeals against the refusal of the lead %(ref)s:"),
        quote=params["text"],
    )


def appeal_answered(params: Params) -> Mail:
    granted = N_("Your appeal for the lead %(ref)s is granted. We take it up again.")
    rejected = N_("We have looked at your appeal for the lead %(ref)s again. The refusal stays.")
    return about(
        params,
        N_("Your appeal: %(business_name)s"),
        granted if params["granted"] else rejected,
        quote=params["text"],
    )


def password_reset(params: Params) -> Mail:
    return Mail(
        subject=gettext("A new password"),
        paragraphs=[gettext("Somebody asked for a new password for your account. If it was you, choose it here.")],
        button=gettext("Choose a new password"),
        url=link_url(params["link_id"], params["purpose"]),
        small=gettext("The link is good for two hours and once. If it was not you, there is nothing to do."),
    )


def invitation(params: Params) -> Mail:
    if params["organisation"]:
        text = gettext("%(inviter)s invites you to %(organisation)s.") % params
    else:
        text = gettext("%(inviter)s invites you to the sales team.") % params
    return Mail(
        subject=gettext("You are invited"),
        paragraphs=[text],
        button=gettext("Accept the invitation"),
        url=link_url(params["link_id"], params["purpose"]),
        small=gettext("The link is good for two weeks and once."),
    )


def email_change(params: Params) -> Mail:
    return Mail(
        subject=gettext("Confirm your new e-mail"),
        paragraphs=[gettext("You asked to use this e-mail address for your account. Please confirm it.")],
        button=gettext("Confirm the address"),
        url=link_url(params["link_id"], params["purpose"]),
        small=gettext("The link is good for one day and once. If it was not you, there is nothing to do."),
    )


def books_in_doubt(_params: Params) -> Mail:
    return Mail(
        subject=gettext("The books are in doubt"),
        paragraphs=[
            gettext(
                "A proof of the books found something that does not fit. Until they are found good again, nothing is "
                "settled and nobody is paid."
            ),
            gettext("The page Books names the first row that is wrong."),
        ],
        button=gettext("Open the books"),
        url=f"{config().base_url}/ledger",
    )


MAILS: dict[str, Callable[[Params], Mail]] = {
    make.__name__: make
    for make in (
        lead_submitted,
        lead_assigned,
        lead_unassigned,
        lead_status,
        lead_payout,
        lead_message,
        support_requested,
        lead_conflict,
        conflict_for_staff,
        conflict_decided,
        appeal_made,
        appeal_answered,
        password_reset,
        invitation,
        email_change,
        books_in_doubt,
    )
}
NAMES = {
    "lead_submitted": N_("Confirmation of a lead"),
    "lead_assigned": N_("Lead assigned"),
    "lead_unassigned": N_("Lead without a representative"),
    "lead_status": N_("Status changed"),
    "lead_payout": N_("Payout outcome"),
    "lead_message": N_("Message"),
    "support_requested": N_("Sales support requested"),
    "lead_conflict": N_("Conflict, to the partner"),
    "conflict_for_staff": N_("Conflict, to staff"),
    "conflict_decided": N_("Conflict decided"),
    "appeal_made": N_("Appeal"),
    "appeal_answered": N_("Appeal answered"),
    "password_reset": N_("New password"),
    "invitation": N_("Invitation"),
    "email_change": N_("New e-mail"),
    "books_in_doubt": N_("Books in doubt"),
}
