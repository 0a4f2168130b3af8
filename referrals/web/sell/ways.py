"""The way around for salespeople: five places at the thumb, and the rest."""

from flask_babel import pgettext

from referrals.web.places import Group, Place
from referrals.web.sell.ground import seller
from referrals.wording import N_


def seller_groups() -> list[Group]:
    """All pages of a salesperson."""
    more = [
        Place(N_("Questions and answers"), "/sell/questions", "circle-question-mark"),
        Place(N_("Profile"), "/sell/profile", "user"),
    ]
    if seller().settings.leaderboard:
        more.insert(0, Place(N_("Leaderboard"), "/sell/leaderboard", "trophy"))
    selling = (
        Place(N_("Home"), "/sell", "house", alone=True),
        Place(N_("Share"), "/sell/share", "share", covers=("/sell/links", "/sell/products")),
        Place(N_("Orders"), "/sell/orders", "receipt-text"),
        Place(N_("Customers"), "/sell/customers", "users"),
    )
    money = (
        Place(N_("Wallet"), "/sell/balance", "wallet", covers=("/sell/withdrawals",)),
        Place(N_("Commissions"), "/sell/commissions", "hand-coins"),
    )
    return [Group(N_("Sell"), selling), Group(N_("Money"), money), Group(N_("More"), tuple(more))]


def seller_tabs() -> list[Place]:
    """The five places at the thumb of a phone."""
    return [
        Place(pgettext("tab", "Home"), "/sell", "house", alone=True),
        Place(pgettext("tab", "Share"), "/sell/share", "share", covers=("/sell/links", "/sell/products")),
        Place(pgettext("tab", "Orders"), "/sell/orders", "receipt-text", covers=("/sell/commissions",)),
        Place(pgettext("tab", "Customers"), "/sell/customers", "users"),
        Place(pgettext("tab", "Wallet"), "/sell/balance", "wallet", covers=("/sell/withdrawals",)),
    ]
