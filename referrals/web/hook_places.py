"""Whose outgoing webhooks a page is about, and who may see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from werkzeug.wrappers import Response as AnyResponse

from referrals.outbox.hook_events import OPERATOR
from referrals.outbox.hooks import HookOwner
from referrals.people.rules import Actor
from referrals.shops.models import Shop
from referrals.web.shop.access import of_shop
from referrals.web.shop.showing import surroundings
from referrals.web.visitor import actor, member

View = Callable[..., AnyResponse]


@dataclass(frozen=True)
class Place:
    """Whose endpoints these pages are about, and where they are."""

    owner: HookOwner
    base: str
    context: Mapping[str, Any] = field(default_factory=dict)


def of_house(view: View) -> View:
    """For administrators about the operator's endpoints, for who manages a partner about the partner's."""

    @wraps(view)
    @member
    def checked(**ids: str) -> AnyResponse:
        return view(place_of(actor()), **ids)

    return checked


def place_of(viewer: Actor) -> Place:
    if viewer.may("configure"):
        return Place(OPERATOR, "/hooks")
    viewer.require("manage_members")
    return Place(("partner", viewer.partner_id or 0), "/hooks")


def of_a_shop(view: View) -> View:
    """For who manages a shop, about its endpoints."""

    @wraps(view)
    @of_shop("manage")
    def checked(shop: Shop, /, **ids: str) -> AnyResponse:
        place = Place(("shop", shop.id), f"/shops/{shop.slug}/hooks", surroundings(shop))
        return view(place, **{name.removeprefix("shop_"): value for name, value in ids.items()})

    return checked
