"""Who may do what in a shop. A stranger's shop answers exactly like one that does not exist (P13)."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from flask import g, url_for

from referrals.people.rules import Actor
from referrals.shops.models import Shop
from referrals.shops.queries import get_shop
from referrals.web.visitor import actor, may

P = ParamSpec("P")


def of_shop(right: str = "view_shop") -> Callable[[Callable[Concatenate[Shop, P], Any]], Callable[..., Any]]:
    """For those who have the right, in the shop whose short name stands in the address; the view gets the shop."""

    def decorate(view: Callable[Concatenate[Shop, P], Any]) -> Callable[..., Any]:
        @wraps(view)
        @may(right)
        def checked(slug: str, *args: P.args, **kwargs: P.kwargs) -> Any:
            shop = get_shop(actor(), slug)
            enter(shop)
            return view(shop, *args, **kwargs)

        return checked

    return decorate


def enter(shop: Shop) -> None:
    """From here on this request is about this shop; the navigation shows its pages."""
    g.shop = shop


def shop_here() -> Shop | None:
    """The shop that this request is about."""
    found: Shop | None = g.get("shop")
    return found


def shop_url(endpoint: str, shop: Shop, **values: Any) -> str:
    """The address of a page of a shop."""
    return url_for(endpoint, slug=shop.slug, **values)


def looks_into(viewer: Actor) -> bool:
    """Whether somebody looks into shops that are not their own."""
    return viewer.shop_id is None
