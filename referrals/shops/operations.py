"""Shops: made and renamed. Settings, salespeople, rates and what is sold have files of their own beside this one."""

import re
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import available_timezones

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.money import CURRENCIES
from referrals.normal_form import normal_form
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.shops.hosts import NoHost, add_host
from referrals.shops.material import add_first_questions
from referrals.shops.models import Shop
from referrals.shops.settings import NotAChoice
from referrals.shops.typed import cleaned
from referrals.wording import N_

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
LONGEST_NAME = 200


class SlugTaken(Conflict):
    """Another shop has this short name."""

    sentence = N_("There is already a shop with this short name.")


class NotASlug(RuleBroken):
    """Short names are small Latin letters, digits and hyphens."""

    sentence = N_("A short name has small Latin letters, digits and hyphens, like north-shop.")


class NotAShopCurrency(RuleBroken):
    """No ISO 4217 code."""

    sentence = N_("Write the code of a currency, like USD.")


class NotAName(RuleBroken):
    """The name is empty or too long."""

    sentence = N_("Write a name of at most 200 characters.")


def create_shop(slug: str, name: str, currency: str, hosts: Sequence[str], *, by: Actor, at: datetime) -> Shop:
    """A new shop with its hosts and questions to start from; the programme is off.

    Raises NotASlug, SlugTaken, NotAName, NotAShopCurrency, NoHost, NotADomain, HostTaken.
    """
    if not SLUG.fullmatch(slug):
        raise NotASlug(field="slug")
    if currency not in CURRENCIES:
        raise NotAShopCurrency(field="currency")
    if not hosts:
        raise NoHost(field="hosts")
    lock_names([f"shop:{slug}"])
    if session.scalar(select(Shop.id).where(Shop.slug == slug)) is not None:
        raise SlugTaken(field="slug")
    name = checked_name(name)
    shop = Shop(slug=slug, name=name, name_key=normal_form(name), currency=currency, created_at=at)
    session.add(shop)
    session.flush()
    for host in hosts:
        add_host(shop, host)
    add_first_questions(shop)
    audit.record("shop_created", by=by, at=at, subject=slug)
    return shop


def rename_shop(shop: Shop, name: str, *, by: Actor, at: datetime) -> None:
    """Call a shop otherwise. Raises NotAName."""
    shop.name = checked_name(name)
    shop.name_key = normal_form(shop.name)
    session.flush()
    audit.record("shop_renamed", by=by, at=at, subject=shop.slug)


def set_time_zone(shop: Shop, zone: str, *, by: Actor, at: datetime) -> None:
    """Let the days of a shop begin by the clocks of this zone. Raises NotAChoice."""
    if zone not in available_timezones():
        raise NotAChoice(field="time_zone")
    shop.time_zone = zone
    session.flush()
    audit.record("shop_time_zone_set", by=by, at=at, subject=shop.slug, zone=zone)


def checked_name(text: str, *, field: str = "name") -> str:
    """A name as it is stored; raises NotAName."""
    name = cleaned(text, field)
    if not name or len(name) > LONGEST_NAME:
        raise NotAName(field=field)
    return name
