"""What the pages call stores, their states, and how far they are on their way to a merchant (`SPEC §3`, §4)."""

from typing import Any

from referrals.wording import N_

STATUS = {
    "active": N_("Active"),
    "closed": N_("Closed"),
}
STAGE = {
    "building": N_("Being built"),
    "handed_over": N_("Handed over"),
    "registry": N_("Not built by a partner"),
}
# Which colour stands for a state, besides its word.
BADGES = {"active": "awarded", "closed": "ended", "building": "in_progress", "handed_over": "awarded"}


def stage_of(store: Any) -> str:
    """How far a store is: a key of STAGE."""
    if store.handed_over_at is not None:
        return "handed_over"
    return "registry" if store.partner_id is None else "building"


def badge_of(store: Any) -> str:
    """What its badge says: that it is closed, how far it is, or that it is active; a key of BADGES."""
    stage = stage_of(store)
    return "closed" if store.status == "closed" else "active" if stage == "registry" else stage


def badge_text(store: Any) -> str:
    """The same as English text, to be translated."""
    badge = badge_of(store)
    return STATUS[badge] if badge in STATUS else STAGE[badge]
