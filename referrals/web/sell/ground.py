"""On what every page of a salesperson stands: who they are in which shop, its settings now, and what still works."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, g

from referrals.clock import now
from referrals.errors import RuleBroken
from referrals.ledger.operations import Owner
from referrals.orders.overview import Day, days_until, start_of_month
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import get_own_shop, get_salesperson, settings_of
from referrals.shops.rules import Settings
from referrals.web import hx, shop_words
from referrals.web.filters import known_zone
from referrals.web.sell.words import masked_buyer
from referrals.web.visitor import actor
from referrals.wording import N_

# What somebody is told whose links earn nothing just now, and what still works: title and sentence.
NOTICES = {
    "applied": (
        N_("Your application is being looked at"),
        N_("You can look around. As soon as you are accepted, you can share links and earn by them."),
    ),
    "suspended": (
        N_("You are suspended for the moment"),
        N_(
            "New clicks and orders do not count for you. What is pending still settles, and withdrawals wait until "
            "you are back."
        ),
    ),
    "left": (
        N_("You have left this programme"),
        N_("New clicks and orders do not count for you. What is pending still settles, and you can withdraw it."),
    ),
    "off": (
        N_("The programme is switched off at present"),
        N_(
            "Clicks and new orders do not count while it is off. Your customers stay yours, and what is pending "
            "still settles."
        ),
    ),
}


class NotNow(RuleBroken):
    """Only active salespeople share."""

    sentence = N_("You can share again as soon as you are active in this shop.")


@dataclass(frozen=True)
class Seller:
    """The salesperson who is looking, in the shop for which they act."""

    salesperson: Salesperson
    shop: Shop
    settings: Settings
    at: datetime

    @property
    def standing(self) -> str:
        """`active`, or why new clicks do not count: the salesperson's state, or `off` with the programme."""
        if self.salesperson.status != "active":
            return self.salesperson.status
        return "active" if self.settings.programme else "off"

    @property
    def may_share(self) -> bool:
        """Whether links can be made: they count as soon as the programme is on."""
        return self.salesperson.status == "active"

    @property
    def notice(self) -> tuple[str, str] | None:
        """What they must know about their standing."""
        return NOTICES.get(self.standing)

    @property
    def owner(self) -> Owner:
        """In whose books the salesperson's balance stands."""
        return Owner("shop", self.shop.id, self.shop.currency)

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone, by which its days begin."""
        return known_zone(self.shop.time_zone)

    @property
    def today(self) -> Day:
        """The shop's day."""
        return days_until(self.at, self.zone, 1)[0]

    @property
    def month(self) -> datetime:
        """Where the shop's month began."""
        return start_of_month(self.at, self.zone)


def seller() -> Seller:
    """Whoever looks, as the salesperson they act as; raises NotFound for others."""
    if "seller" not in g:
        at = now()
        shop = get_own_shop(actor())
        salesperson = get_salesperson(actor(), shop.id, actor().salesperson_id or 0)
        g.seller = Seller(salesperson, shop, settings_of(shop.id).at(at), at)
    found: Seller = g.seller
    return found


def show(template: str, status: int = 200, **context: Any) -> Response:
    """A page of the salesperson."""
    return hx.render(template, template, status, **surroundings(), **context)


def surroundings() -> dict[str, Any]:
    """What all their pages and lists know."""
    return {"seller": seller(), "shop_words": shop_words, "masked": masked_buyer}
