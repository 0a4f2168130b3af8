"""The way around: what each role finds where, grouped by what people think about, with counts beside what waits."""

from typing import Any

from flask import Flask
from flask_babel import pgettext

from referrals.leads.lifecycle import OPEN
from referrals.leads.ownership import open_conflict_count
from referrals.leads.queries import count_leads, count_open_appeals
from referrals.ledger.checking import books_are_good
from referrals.outbox.queries import unread_count
from referrals.partners.queries import name_of_partner
from referrals.people.queries import active_memberships
from referrals.shops.queries import get_own_shop
from referrals.web.language import LANGUAGES
from referrals.web.places import Group, Place
from referrals.web.sell.ground import seller
from referrals.web.sell.ways import seller_groups, seller_tabs
from referrals.web.shop.ways import shop_groups, shop_of, shop_tabs
from referrals.web.visitor import Visitor, visitor_or_none
from referrals.web.words import ROLES, own_words
from referrals.wording import N_


def groups(here: Visitor) -> list[Group]:
    """All pages of the visitor's role."""
    if here.actor.role == "salesperson":
        return seller_groups()
    shop = shop_of(here)
    if shop is not None:
        return shop_groups(here, shop)
    return staff_groups(here) if here.actor.is_staff else partner_groups(here)


def partner_groups(here: Visitor) -> list[Group]:
    actor = here.actor
    waiting = count_leads(actor, status=OPEN)
    work = [Place(N_("Home"), "/", "house"), Place(N_("Leads"), "/leads", "users", waiting)]
    if actor.may("view_referrals"):
        work.append(Place(N_("Referral history"), "/referrals", "handshake"))
        work.append(Place(N_("Stores you build"), "/stores", "store"))
    if actor.may("view_financials"):
        work.append(Place(N_("Earnings"), "/earnings", "hand-coins"))
    work.append(Place(N_("Referral link"), "/referral-link", "link"))
    work.append(Place(N_("Terms"), "/terms", "scroll-text"))
    found = [Group(N_("Referrals"), tuple(work))]
    if actor.may("view_financials"):
        found.append(Group(N_("Money"), (Place(N_("Payouts"), "/payouts", "wallet"),)))
    if actor.may("manage_members"):
        found.append(Group(N_("Team"), (Place(N_("Members"), "/members", "user-cog"),)))
        connect = (Place(N_("API keys"), "/keys", "key"), Place(N_("Webhooks"), "/hooks", "plug"))
        found.append(Group(N_("Connect"), connect))
    return found


def staff_groups(here: Visitor) -> list[Group]:
    earnings = [Place(N_("Earnings"), "/earnings", "hand-coins")] if here.actor.may("finance") else []
    work = [
        Place(N_("Home"), "/", "house"),
        Place(N_("Leads"), "/leads", "users"),
        Place(N_("Referral history"), "/referrals", "handshake"),
        *earnings,
        Place(N_("Conflicts"), "/conflicts", "git-compare", open_conflict_count()),
        Place(N_("Appeals"), "/appeals", "scale", count_open_appeals()),
    ]
    found = [
        Group(N_("Referrals"), tuple(work)),
        Group(
            N_("Organisations"),
            (Place(N_("Partners"), "/partners", "building"), Place(N_("Store registry"), "/stores", "globe")),
        ),
    ]
    house = [Place(N_("Outbox"), "/outbox", "mail")]
    if here.actor.may("configure"):
        found[1] = Group(
            N_("Organisations"),
            (
                Place(N_("Partners"), "/partners", "building"),
                Place(N_("Store registry"), "/stores", "globe"),
                Place(N_("Shops"), "/shops", "store"),
                Place(N_("Imports"), "/imports", "upload"),
            ),
        )
        found.append(Group(N_("Money"), (Place(N_("Payouts"), "/payouts", "wallet"),)))
        found.append(
            Group(
                N_("Rules"),
                (
                    Place(N_("Terms"), "/terms", "scroll-text"),
                    Place(N_("Products"), "/products", "package"),
                    Place(N_("Reasons"), "/reasons", "list-checks"),
                    Place(N_("Assignment"), "/assignment", "shuffle"),
                    Place(N_("Terms of upgrades"), "/upgrade-terms", "circle-check"),
                    Place(N_("Programme"), "/programme", "sliders-horizontal"),
                ),
            )
        )
        house = [
            Place(N_("People"), "/people", "user-cog"),
            *house,
            Place(N_("Webhooks"), "/hooks", "plug"),
            Place(N_("Books"), "/ledger", "receipt-text", 0 if books_are_good() else 1),
            Place(N_("Audit log"), "/audit", "scroll-text"),
        ]
    found.append(Group(N_("House"), tuple(house)))
    return found


def tabs(here: Visitor, unread: int) -> list[Place]:
    """The five places at the thumb of a phone, in words so short that five fit."""
    if here.actor.role == "salesperson":
        return seller_tabs()
    shop = shop_of(here)
    if shop is not None:
        return shop_tabs(shop)
    home = Place(pgettext("tab", "Home"), "/", "house")
    leads = Place(pgettext("tab", "Leads"), "/leads", "users")
    bell = Place(pgettext("tab", "Bell"), "/notifications", "bell", unread)
    more = Place(pgettext("tab", "More"), "/menu", "menu")
    if here.actor.is_staff:
        conflicts = Place(pgettext("tab", "Conflicts"), "/conflicts", "git-compare", open_conflict_count())
        return [home, leads, conflicts, bell, more]
    return [home, leads, Place(pgettext("tab", "Submit"), "/leads/new", "plus"), bell, more]


def current(places: list[Place]) -> Place | None:
    """The one that stands for this page: the nearest above it."""
    return max((place for place in places if place.is_here), key=lambda place: len(place.path), default=None)


def organisation(here: Visitor) -> str:
    """Below the visitor's name: their partner, or their role."""
    if here.actor.partner_id is not None:
        return name_of_partner(here.actor.partner_id)
    if here.actor.shop_id is not None:
        return get_own_shop(here.actor).name
    return own_words(ROLES.get(here.actor.role, ""))


def own_corner(here: Visitor) -> dict[str, str]:
    """How the page calls itself and its visitor, and where their account is; salespeople are at home in their shop."""
    if here.actor.role == "salesperson":
        return {"brand": seller().shop.name, "called": here.person.called, "account": "/sell/profile"}
    return {"brand": "", "called": here.person.name or here.person.called, "account": "/account"}


def init_app(app: Flask) -> None:
    """Give every page its way around."""

    @app.context_processor
    def frame() -> dict[str, Any]:
        return {"frame": Frame(), "languages": LANGUAGES}


class Frame:
    """What stands around every page; asked for only by pages, not by fragments."""

    @property
    def here(self) -> Visitor | None:
        """The visitor who has a membership to act in."""
        here = visitor_or_none()
        return here if here is not None and here.membership is not None else None

    def build(self) -> dict[str, Any]:
        """Navigation, tabs, unread count and names, for whoever is signed in."""
        here = self.here
        if here is None:
            return {"here": visitor_or_none(), "groups": [], "tabs": [], "tab": None, "unread": 0, "organisation": ""}
        unread = unread_count(here.person.id)
        thumb = tabs(here, unread)
        return {
            "here": here,
            "groups": groups(here),
            "tabs": thumb,
            "tab": current(thumb),
            "unread": unread,
            "organisation": organisation(here),
            **own_corner(here),
            "several": len(active_memberships(here.person.id)) > 1,
        }

    @property
    def appearance(self) -> str:
        """Light, dark, or as the device is set."""
        here = visitor_or_none()
        return (here.person.appearance if here else None) or ""
