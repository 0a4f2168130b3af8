"""The way around a shop, grouped by what merchants think about, with counts beside what waits."""

from flask_babel import pgettext

from referrals.settlement.waiting import Waiting, waiting_in
from referrals.shops.models import Shop
from referrals.shops.queries import get_own_shop
from referrals.web.places import Group, Place
from referrals.web.shop.access import shop_here
from referrals.web.visitor import Visitor
from referrals.wording import N_


def shop_of(here: Visitor) -> Shop | None:
    """The shop whose pages the navigation shows: a merchant's own, or the one that staff look into just now."""
    if here.actor.role == "merchant":
        return get_own_shop(here.actor)
    return shop_here() if here.actor.is_staff else None


def shop_groups(here: Visitor, shop: Shop) -> list[Group]:
    """All pages of a shop."""
    base, waits = f"/shops/{shop.slug}", waiting_in(shop)
    found = [
        Group(shop.name, work_places(base, waits)),
        Group(
            N_("Money"),
            (
                Place(N_("Balance and top-ups"), f"{base}/balance", "wallet"),
                Place(N_("Withdrawals"), f"{base}/withdrawals", "banknote-arrow-up", waits.withdrawals),
                Place(N_("Runs"), f"{base}/runs", "history"),
            ),
        ),
        Group(
            N_("Rules"),
            (
                Place(N_("Programme settings"), f"{base}/settings", "sliders-horizontal"),
                Place(N_("Products and rates"), f"{base}/products", "package"),
                Place(N_("Group-buys"), f"{base}/group-buys", "ticket-percent"),
                Place(N_("Who owns a customer?"), f"{base}/relations", "user-search"),
            ),
        ),
        Group(
            N_("Connect"),
            (
                Place(
                    N_("Integrations"),
                    f"{base}/integrations",
                    "plug",
                    waits.parked,
                    covers=(f"{base}/hooks", f"{base}/deliveries"),
                ),
                Place(N_("Material"), f"{base}/material", "megaphone"),
                Place(N_("Questions"), f"{base}/questions", "circle-question-mark"),
                *([Place(N_("Members"), f"{base}/members", "user-cog")] if here.actor.may("manage") else []),
            ),
        ),
    ]
    return found if here.actor.shop_id is not None else [*found, back_to_the_house()]


def work_places(base: str, waits: Waiting) -> tuple[Place, ...]:
    return (
        Place(N_("Overview"), base, "chart-column", alone=True),
        Place(N_("Salespeople"), f"{base}/salespeople", "users-round", waits.applications, covers=(f"{base}/groups",)),
        Place(N_("Orders"), f"{base}/orders", "shopping-bag"),
        Place(N_("Pending"), f"{base}/pending", "hourglass", waits.pending),
        Place(N_("Settled"), f"{base}/settled", "circle-check"),
        Place(N_("By hand"), f"{base}/by-hand", "hand-coins", waits.by_hand),
        Place(N_("Void"), f"{base}/void", "ban"),
    )


def back_to_the_house() -> Group:
    return Group(
        N_("House"),
        (Place(N_("All shops"), "/shops", "store", alone=True), Place(N_("Home"), "/", "house", alone=True)),
    )


def shop_tabs(shop: Shop) -> list[Place]:
    """The five places at the thumb of a phone."""
    base, waits = f"/shops/{shop.slug}", waiting_in(shop)
    return [
        Place(pgettext("tab", "Overview"), base, "chart-column", alone=True),
        Place(pgettext("tab", "Orders"), f"{base}/orders", "shopping-bag"),
        Place(
            pgettext("tab", "Pending"), f"{base}/pending", "hourglass", covers=(f"{base}/settled", f"{base}/by-hand")
        ),
        Place(pgettext("tab", "Balance"), f"{base}/balance", "wallet", waits.withdrawals),
        Place(pgettext("tab", "More"), "/menu", "menu"),
    ]
