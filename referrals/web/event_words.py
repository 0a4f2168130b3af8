"""How the timeline of a lead tells what happened."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from referrals.earnings.rules import REASONS
from referrals.listing import AnyRow
from referrals.web.words import DIALECTS, PAYOUT, STATUS, own_words, signs
from referrals.wording import N_

INVITING = {
    "invited": N_("Upgrade invitation sent"),
    "invitation_resent": N_("Upgrade invitation sent again"),
    "invitation_opened": N_("Upgrade invitation opened"),
    "invitation_accepted": N_("Upgrade invitation accepted"),
    "invitation_declined": N_("Upgrade invitation declined"),
    "invitation_expired": N_("Upgrade invitation expired"),
    "invitation_revoked": N_("Upgrade invitation withdrawn"),
    "upgraded": N_("Store upgraded to Plus"),
    "upgrade_late": N_("The upgrade is in danger of coming too late"),
}


def event_words(event: AnyRow, rep_names: Mapping[int, str]) -> str:
    """One entry of the timeline, as a short sentence."""
    details: Mapping[str, Any] = event.details
    if event.kind in INVITING:
        return gettext(INVITING[event.kind])
    match event.kind:
        case "acceptance_kept":
            return acceptance_words(details)
        case "submitted":
            return gettext("Submitted")
        case "imported":
            return imported_words(details)
        case "assigned":
            return gettext("Assigned to %(name)s", name=rep_names.get(details["rep_id"], ""))
        case "unassigned":
            return gettext("Assigned to nobody")
        case "status":
            return word_of(STATUS, details)
        case "payout":
            return gettext("Payout: %(outcome)s", outcome=word_of(PAYOUT, details))
        case "message":
            return gettext("Message")
        case "support_requested":
            return gettext("Sales support requested")
        case "appealed":
            return gettext("Appealed")
        case "appeal_answered":
            return gettext("Appeal granted") if details["granted"] else gettext("Appeal not granted")
        case "no_bounty":
            why = REASONS[details["reason"]]
            return gettext("Nothing was booked: %(reason)s", reason=gettext(why))
    return conflict_words(event.kind, details)


def acceptance_words(details: Mapping[str, Any]) -> str:
    number = details["terms"]
    if details.get("named", True):
        return gettext("Accepted under version %(number)s of the terms", number=number)
    return gettext("Accepted under version %(number)s of the terms, the one in force (no version sent)", number=number)


def word_of(words: Mapping[str, str], details: Mapping[str, Any]) -> str:
    state = words[details["after"]]
    return gettext(state)


def imported_words(details: Mapping[str, Any]) -> str:
    dialect = details["source"]
    if dialect == "own":
        return gettext("Imported")
    return gettext("Imported from %(source)s", source=gettext(DIALECTS[dialect]))


def conflict_words(kind: str, details: Mapping[str, Any]) -> str:
    from referrals.web.filters import day

    same = signs(details.get("matched", ()))
    if kind == "conflict":
        return gettext(
            "In conflict: another partner registered this business on %(date)s (the same %(signs)s)",
            date=day(details["registered_at"]),
            signs=same,
        )
    if kind == "claimed_by_other":
        return gettext("Also claimed by lead %(ref)s (the same %(signs)s)", ref=details["other"], signs=same)
    if kind == "conflict_decided":
        return {
            "yours": gettext("Conflict decided: the business belongs to this partner (the same %(signs)s)", signs=same),
            "not_yours": gettext("Conflict decided: it belongs to another partner (the same %(signs)s)", signs=same),
            "both": gettext("Conflict decided: these are two businesses (the same %(signs)s)", signs=same),
        }[details["outcome"]]
    return kind


def event_quote(event: AnyRow) -> str:
    """What somebody wrote with it, such as the sentence of a refusal."""
    return own_words(event.details.get("sentence") or event.details.get("text") or "")
