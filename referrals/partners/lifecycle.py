"""The table of moves of a referral (`SPEC §4`)."""

from referrals.lifecycle import Lifecycle

REFERRAL = Lifecycle("status", {"active": ["closed"], "closed": ["active"]})
CATEGORIES = ("plus_lead", "pos_lead", "affiliate_link", "store_transfer")
REVENUE_KINDS = ("platform_fee", "adjustment")
