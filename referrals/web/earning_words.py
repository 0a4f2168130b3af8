"""What the pages call earnings and terms, and terms told in sentences (`SPEC §4`)."""

from collections.abc import Iterator

from flask_babel import gettext, ngettext

from referrals.earnings.models import EarningTerms
from referrals.earnings.rules import REASONS as REASONS
from referrals.web.filters import amount, number, percent
from referrals.web.language import language
from referrals.web.referral_words import CATEGORY as CATEGORY
from referrals.web.words import listed
from referrals.wording import N_

KIND = {
    "recurring": N_("Share of the revenue"),
    "bounty": N_("Bounty"),
    "reversal": N_("Earning taken back"),
    "restored": N_("Earning given again"),
    "paid_outside": N_("Paid by hand"),
}
STATE = {
    "waiting": N_("Waits for a payout"),
    "pending": N_("In a payout"),
    "paid": N_("Paid"),
}
BADGES = {"waiting": "submitted", "pending": "in_progress", "paid": "awarded"}
TERMS_KIND = {
    "recurring": N_("A share of the monthly platform fee"),
    "bounty": N_("A fixed amount, once"),
    "nothing": N_("Nothing"),
}


def promise(terms: EarningTerms) -> str:
    """What terms promise, in one sentence."""
    if terms.kind == "bounty":
        return gettext("%(amount)s once for each merchant.", amount=amount(terms.amount_minor, terms.currency))
    if terms.kind == "nothing":
        return gettext("Nothing is earned in this category.")
    rate = percent(terms.rate_bp)
    if terms.months is None:
        return gettext("%(rate)s of the monthly platform fee, as long as the merchant pays it.", rate=rate)
    return ngettext(
        "%(rate)s of the monthly platform fee, in the month of the referral.",
        "%(rate)s of the monthly platform fee, for %(months)s months from the month of the referral on.",
        terms.months,
        rate=rate,
        months=number(terms.months),
    )


def conditions(terms: EarningTerms) -> Iterator[str]:
    """What terms ask for, a sentence each."""
    if terms.plans:
        yield gettext("Only these plans count: %(plans)s.", plans=listed(terms.plans))
    if terms.excluded_plans:
        yield gettext("These plans earn nothing: %(plans)s.", plans=listed(terms.excluded_plans))
    if terms.min_locations is not None:
        yield ngettext(
            "The merchant has at least %(number)s location.",
            "The merchant has at least %(number)s locations.",
            terms.min_locations,
            number=number(terms.min_locations),
        )


def own_text(terms: EarningTerms) -> str:
    """What the operator adds, in the reader's language, else in English, else in whichever there is."""
    texts: dict[str, str] = terms.texts
    return texts.get(language()) or texts.get("en") or next(iter(texts.values()), "")
