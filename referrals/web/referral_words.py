"""What the pages call referrals, their categories and what they bring (`SPEC §4`)."""

from referrals.wording import N_

CATEGORY = {
    "plus_lead": N_("Plus lead"),
    "pos_lead": N_("POS lead"),
    "affiliate_link": N_("Referral link"),
    "store_transfer": N_("Store transfer"),
}
STATUS = {
    "active": N_("Active"),
    "closed": N_("Closed"),
}
REVENUE = {
    "platform_fee": N_("Platform fee"),
    "adjustment": N_("Correction"),
}
# Which colour stands for a state, besides its word.
BADGES = {"active": "awarded", "closed": "ended"}
