"""How pages of a shop are shown: they all know the shop, its address and its words."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import gettext

from referrals.errors import NotFound
from referrals.listing import Wish
from referrals.shops.models import Shop
from referrals.values import parse_id
from referrals.web import hx, lists, shop_words
from referrals.web.lists import Listed, ListPage


def show(template: str, shop: Shop, status: int = 200, **context: Any) -> Response:
    """A page of a shop."""
    return hx.render(template, template, status, **surroundings(shop), **context)


def surroundings(shop: Shop) -> dict[str, Any]:
    return {"shop": shop, "base": f"/shops/{shop.slug}", "shop_words": shop_words}


def listing(
    page: ListPage, listed: Listed, kind: str | None, shop: Shop, status: int = 200, **context: Any
) -> Response:
    """A list of a shop: as a page, as its table alone, or as a file."""
    path = f"/shops/{shop.slug}{page.path}"
    response = lists.answer(page, listed, kind, path=path, **surroundings(shop), **context)
    response.status_code = status
    return response


def labels(texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """A table of words as choices of a filter."""
    return [(value, gettext(label)) for value, label in texts.items()]


def number_in(text: str) -> int:
    """The row number in an address; raises NotFound where it is none."""
    found = parse_id(text)
    if found is None:
        raise NotFound
    return found


def nothing_wished() -> Wish:
    """A list as it is by default, where it stands on a page about something else."""
    return Wish()
