"""What is true of upgrade invitations by rule alone: how long they hold, what a partner is told (`SPEC §3`). Pure."""

from datetime import datetime, timedelta

from referrals.errors import RuleBroken
from referrals.leads.rules import Standing, is_open
from referrals.stores.rules import Invited
from referrals.wording import N_

PRODUCT = "plus"
PLAN = "plus"
LIFE = timedelta(days=30)
ACTIVATION = timedelta(hours=24)
# An owner who said no is left alone for so long, and nobody gets more mails than this within a day.
REST = timedelta(days=30)
DAY = timedelta(days=1)
MAILS_A_DAY = 3
# Staff have this long to see to an upgrade that does not come about by itself.
ALARM_BEFORE = timedelta(hours=12)
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))

# What a partner is told of a store: not why one of them is not ready, since that may be another partner's doing (P13).
ANSWERS = {
    "ready": N_("This store can be upgraded at once, without our sales team: send its owner an upgrade invitation."),
    "new": N_("This store is new to us. Submit the lead, and a sales representative evaluates it."),
    "not_ready": N_(
        "This store is not ready to be upgraded at once. Submit the lead, and a sales representative evaluates it; "
        "they may contact you for more."
    ),
    "invited": N_("You have invited the owner of this store already."),
}


class NotReady(RuleBroken):
    """The owner of this store cannot be invited now; `answer` says which of the sentences holds."""

    def __init__(self, answer: str) -> None:
        super().__init__(field="store_domain", sentence=ANSWERS[answer])
        self.answer = answer


class NoInvitation(RuleBroken):
    """The lead is none for which an invitation can be sent now."""

    sentence = N_("For this lead no upgrade invitation can be sent now.")


class InvitationOver(RuleBroken):
    """The invitation was answered, has expired, or was withdrawn."""

    sentence = N_("This invitation has ended already.")


class SentEnough(RuleBroken):
    """The owner of the store was written to as often as they may be within a day, by whomever (P13)."""

    sentence = N_("This invitation cannot be sent again now. Try again tomorrow.")


class NotAccepted(RuleBroken):
    """Accepting takes an explicit tick."""

    sentence = N_("Tick the box to accept the terms and conditions.")


class TermsChanged(RuleBroken):
    """A newer version came into force while the owner was reading."""

    sentence = N_("The terms and conditions were changed while you were reading. Please read them again.")


class TermsMissing(RuleBroken):
    """A version needs a text in English, which stands in for languages without one."""

    sentence = N_("Write the terms in English: they are shown where another language has no text.")


class TermsOvertaken(RuleBroken):
    """Somebody else made a version meanwhile."""

    sentence = N_("Somebody else has saved a new version meanwhile. Compare it with yours and save again.")


def answer_for(reason: str | None, *, own_invitation: bool) -> str:
    """What a partner is told of a store that cannot be invited for this reason (none: it can): a key of ANSWERS."""
    if reason is None:
        return "ready"
    if reason == "unknown_store":
        return "new"
    return "invited" if reason == "open_invitation" and own_invitation else "not_ready"


def invited_already(is_open: bool, declined_at: datetime | None, mailed: int, *, at: datetime) -> Invited:
    """What counts of earlier invitations of a store, whoever sent them.

    `declined_at`: when its owner last said no; `mailed`: mails to them since a day ago.
    """
    return Invited(
        is_open=is_open,
        declined_lately=declined_at is not None and at < declined_at + REST,
        mailed_enough=mailed >= MAILS_A_DAY,
    )


def can_invite(product: str, standing: Standing) -> bool:
    """Whether an owner can be invited for a lead of this product: it is open, and its partner has the prospect."""
    undecided = is_open(standing.status, standing.payout) and standing.payout == "none"
    return product == PRODUCT and undecided and not standing.in_conflict


def is_good(status: str, expires_at: datetime, *, lead_open: bool, store_open: bool, at: datetime) -> bool:
    """Whether an invitation can be accepted or declined now: at the moment it expires it is over."""
    return status == "sent" and at < expires_at and lead_open and store_open


def wait_after(attempts: int) -> timedelta:
    """How long an activation waits after so many failed tries; it is never given up."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]


def is_in_danger(deadline_at: datetime, at: datetime) -> bool:
    """Whether staff must see to it that an upgrade is done in time."""
    return at >= deadline_at - ALARM_BEFORE
