"""What the pages call payouts and their category groups (`SPEC §4`)."""

from referrals.wording import N_

STATUS = {
    "pending": N_("To be paid"),
    "paid": N_("Paid"),
    "failed": N_("Payment failed"),
    "carried": N_("Carried over"),
}
GROUPS = {
    "plus": N_("Plus leads"),
    "pos": N_("POS leads"),
    "other": N_("Referral links and store transfers"),
}
EARNINGS = {
    "recurring": N_("Share of the platform fee"),
    "bounty": N_("Bounty"),
    "reversal": N_("Earning taken back"),
    "restored": N_("Earning given again"),
    "paid_outside": N_("Paid by hand"),
}
# Which colour stands for a state, besides its word.
BADGES = {"pending": "in_progress", "paid": "awarded", "failed": "ineligible", "carried": "ended"}
