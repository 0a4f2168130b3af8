"""The words of the programme: what states are called, what they mean, how rules are told (`SPEC §2, §17`)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from babel.lists import format_list
from flask_babel import get_locale, gettext

from referrals.errors import RuleBroken
from referrals.invitations.rules import ANSWERS
from referrals.leads.models import Product
from referrals.leads.rules import Standing
from referrals.wording import N_

STATUS = {
    "submitted": N_("Submitted"),
    "in_progress": N_("In progress"),
    "awarded": N_("Awarded"),
    "ineligible": N_("Ineligible"),
}
PAYOUT = {
    "none": N_("None yet"),
    "due": N_("Due"),
    "paid": N_("Paid"),
    "not_eligible": N_("Not eligible"),
}
ROLES = {
    "member": N_("Partner member"),
    "rep": N_("Sales representative"),
    "admin": N_("Administrator"),
    "merchant": N_("Merchant"),
    "salesperson": N_("Salesperson"),
}
PERMISSIONS = {
    "view_referrals": N_("See all leads and referrals of the partner"),
    "view_financials": N_("See earnings and payouts"),
    "manage_members": N_("Manage members and API keys"),
}
SHOP_PERMISSIONS = {
    "manage": N_("Run the shop: its rules, salespeople, members and keys"),
    "finance": N_("Move its money: top-ups, settlement, withdrawals"),
}
MEMBERSHIP = {
    "active": N_("Active"),
    "suspended": N_("Suspended"),
    "left": N_("Left"),
}
IMPORT = {
    "new": N_("Not started"),
    "running": N_("Running"),
    "done": N_("Done"),
    "failed": N_("Stopped by an error"),
    "withdrawn": N_("Withdrawn"),
}
REMARKS = {
    "refused": N_("Refused"),
    "conflict": N_("In conflict"),
    "different": N_("Different"),
    "missing": N_("Missing in the file"),
    "remark": N_("Remark"),
}
SOURCES = {
    "form": N_("Form"),
    "api": N_("API"),
    "import": N_("Import"),
}
DIALECTS = {
    "own": N_("Our own columns"),
    "salesforce": N_("Salesforce"),
    "hubspot": N_("HubSpot"),
}
NOTIFICATIONS = {
    "submitted": N_("Lead submitted"),
    "assigned": N_("Lead assigned"),
    "status": N_("Status changed"),
    "payout": N_("Payout outcome"),
    "message": N_("Messages and requests for support"),
    "conflict": N_("Conflicts over a lead"),
    "appeal": N_("Appeals and their answers"),
    "invitation": N_("Upgrade invitations and their answers"),
}
SIGNS = {
    "host": N_("website"),
    "email": N_("contact e-mail"),
    "phone": N_("contact phone"),
}
INVITATION_ANSWERS = ANSWERS
INVITATION = {
    "sent": N_("Sent"),
    "accepted": N_("Accepted"),
    "declined": N_("Declined"),
    "expired": N_("Expired"),
    "revoked": N_("Withdrawn"),
}
DECISIONS = {
    "keep": N_("It stays with the earlier lead"),
    "give": N_("It goes to the later lead"),
    "both": N_("Both may go on: these are two businesses"),
    "moot": N_("Settled by another decision"),
}
FLOWS = {
    "commission": N_("Commission, like Plus: awarded leads earn by the referral terms"),
    "bounty": N_("Bounty, like POS: a fixed amount by the promotion terms"),
}
FIELD_KINDS = {
    "text": N_("Text, one line"),
    "long_text": N_("Text, several lines"),
    "whole_number": N_("Whole number"),
    "date": N_("Date"),
    "choice": N_("Choice"),
    "yes_no": N_("Yes or no"),
}

# What a status means and what comes next: (flow, status, with sales support) -> sentences.
MEANINGS = {
    ("commission", "submitted", True): (
        N_("We have received your lead."),
        N_("You asked for sales support, so our sales team is reviewing it for you."),
    ),
    ("commission", "submitted", False): (
        N_("We have received your lead."),
        N_("You still need to contact your sales representative to draw up the contract and close the sale."),
    ),
    ("commission", "in_progress", True): (
        N_("Our sales team is in contact with your lead."),
        N_("You asked for sales support, so we are actively selling this one together with you."),
    ),
    ("commission", "in_progress", False): (
        N_("Our sales team is in contact with your lead."),
        N_("Stay in touch with your sales representative until the contract is signed."),
    ),
    ("commission", "awarded", True): (
        N_("Your lead is won."),
        N_("You earn the commission for this lead under the referral terms."),
    ),
    ("commission", "awarded", False): (
        N_("Your lead is won."),
        N_("You earn the commission for this lead under the referral terms."),
    ),
    ("commission", "ineligible", True): (
        N_("You do not earn a commission for this lead."),
        N_("You can read the reason below, and appeal once."),
    ),
    ("commission", "ineligible", False): (
        N_("You do not earn a commission for this lead."),
        N_("You can read the reason below, and appeal once."),
    ),
    ("bounty", "submitted", True): (
        N_("Your lead has arrived."),
        N_("You asked for sales support, so our sales team is reviewing it for you."),
    ),
    ("bounty", "submitted", False): (
        N_("Your lead has arrived."),
        N_(
            "If it meets the POS referral terms, you are paid under the promotion terms. A lead without sales "
            "support stays submitted, also after the payout and also if it does not qualify."
        ),
    ),
    ("bounty", "in_progress", True): (
        N_("Our sales team is working on your lead."),
        N_("Your sales representative writes to you here as soon as there is news."),
    ),
    ("bounty", "awarded", True): (
        N_("Your lead has gone through our sales cycle."),
        N_("You are paid the bounty under the promotion terms."),
    ),
    ("bounty", "ineligible", True): (
        N_("This lead is not eligible for a payout."),
        N_("You can read the reason below, and appeal once."),
    ),
}
# For leads without support whose status never changes, the payout outcome tells how things stand.
OUTCOMES = {
    "due": (N_("Your lead qualifies."), N_("You are paid the bounty under the promotion terms. It stays submitted.")),
    "paid": (N_("The bounty for this lead is paid."), N_("There is nothing left to do. It stays submitted.")),
    "not_eligible": (
        N_("This lead does not qualify for a payout."),
        N_("You can read the reason below, and appeal once."),
    ),
}


def say(broken: RuleBroken) -> str:
    """The sentence of a broken rule in the reader's language."""
    return tell(broken.sentence, broken.values)


def tell(sentence: str, values: Mapping[str, Any]) -> str:
    """A marked sentence in the reader's language, with its values filled in."""
    text = gettext(sentence) if sentence else ""
    return text % {name: spoken(value) for name, value in values.items()} if values else text


def spoken(value: Any) -> str:
    from referrals.web.filters import day

    if isinstance(value, (date, datetime)):
        return day(value)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)


def own_words(text: str) -> str:
    """Text from the set-up: ours is translated, the operator's own is shown as written."""
    return gettext(text) if text else ""


def meaning(product: Product, standing: Standing, language: str) -> tuple[str, str]:
    """What the present status means, and what comes next; in the operator's own words where they wrote some."""
    own = product.texts.get(language) or product.texts.get("en") or {}
    written = own.get(text_key(standing.status, standing.sales_support))
    decided = standing.stays_submitted and standing.payout in OUTCOMES
    if written and not decided and not unpaid_award(standing):
        return gettext(STATUS[standing.status]), written
    return default_meaning(standing)


def default_meaning(standing: Standing) -> tuple[str, str]:
    """The same in our own words."""
    if standing.stays_submitted and standing.payout in OUTCOMES:
        first, following = OUTCOMES[standing.payout]
    else:
        status = "ineligible" if unpaid_award(standing) else standing.status
        key = (standing.flow, status, standing.sales_support)
        first, following = MEANINGS.get(key) or MEANINGS[standing.flow, status, True]
    return gettext(first), gettext(following)


def unpaid_award(standing: Standing) -> bool:
    """Whether a lead was won and earns nothing: to the partner that reads like a refusal."""
    return standing.status == "awarded" and standing.payout == "not_eligible"


def text_key(status: str, sales_support: bool) -> str:
    """Under which name the operator's own words for a status are stored."""
    return f"{status}_{'supported' if sales_support else 'alone'}"


def legend(product: Product, language: str) -> list[tuple[str, list[tuple[bool, str]]]]:
    """The meaning of each status of a product: pairs of (with support, sentence), one where both are the same."""
    rows = []
    for status in STATUS:
        sentences = {}
        for supported in (True, False):
            standing = Standing(product.flow, supported, status, "none")
            if (product.flow, status, supported) in MEANINGS:
                sentences[supported] = " ".join(meaning(product, standing, language))
        same = len(set(sentences.values())) == 1
        rows.append((status, [(True, sentences[True])] if same else list(sentences.items())))
    return rows


def decisions(newcomer_at: datetime, holder_at: datetime) -> dict[str, str]:
    """What the decisions over a conflict are called; who came anew, by import or appeal, can be the earlier lead."""
    if newcomer_at < holder_at:
        return DECISIONS | {"keep": DECISIONS["give"], "give": DECISIONS["keep"]}
    return DECISIONS


def in_words(texts: Mapping[str, str]) -> dict[str, str]:
    """A whole table of words in the reader's language, for lists that would ask for each row."""
    return {key: gettext(text) for key, text in texts.items()}


def listed(texts: Iterable[str]) -> str:
    """Several texts after each other, as the language strings them together."""
    return format_list(list(texts), style="unit", locale=get_locale())


def signs(matched: Iterable[str]) -> str:
    """By what two leads are the same, such as website and contact phone."""
    return listed(gettext(SIGNS[sign]) for sign in matched)


def labelled(label: str, value: str) -> str:
    """A label and its value in one line of text."""
    return gettext("%(label)s: %(value)s", label=label, value=value)
