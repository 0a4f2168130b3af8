"""Changing a group-buy: what its orders are estimated to earn follows the new tiers (`SPEC §8`)."""

from collections.abc import Iterable
from datetime import datetime

from referrals.orders.campaigns import hold_campaign
from referrals.orders.following import restate_campaign
from referrals.people.rules import Actor
from referrals.shops.catalogue import put_group_buy
from referrals.shops.models import GroupBuy, Shop


def set_group_buy(
    shop: Shop, external_id: str, *, title: str, tiers: Iterable[tuple[int, int]], by: Actor, at: datetime
) -> GroupBuy:
    """Add a campaign or change one; pending commissions of its orders follow. Raises what `put_group_buy` raises."""
    campaign = put_group_buy(shop, external_id, title=title, tiers=tiers, by=by, at=at)
    hold_campaign(campaign.id)
    restate_campaign(campaign.id, at=at)
    return campaign
