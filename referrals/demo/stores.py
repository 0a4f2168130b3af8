"""The stores of the demo: a registry, and stores that partners build and hand over."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from referrals.demo.leads import BUSINESSES, DAYS
from referrals.leads.catalogue import programme
from referrals.partners.transfers import hand_over
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.operations import close_store, put_store, register_store
from referrals.stores.rules import LANGUAGES, Facts

PLANS = ("starter", "basic", "basic", "plus")
# Name, domain, plan, owner, days from now back to registering and to handing over (none: still being built).
BUILT = (
    ("Pracownia Ceramiki Glina", "glina.example.org", "basic", "Ola Maj", 150, 128),
    ("Orchid House Chiang Mai", "orchid-house.example.org", "basic", "อรุณี พงษ์ไพร", 140, 110),
    ("Lighthouse Candles", "lighthouse.example.org", "plus", "Nora Finch", 96, 60),
    ("Antykwariat Sowa", "sowa.example.org", "starter", "Jan Sowa", 40, 9),
    ("ร้านกาแฟริมน้ำ", "rimnam.example.org", "basic", "มาลี ทองดี", 21, None),
    ("Cedar & Salt", "cedarsalt.example.org", "basic", "Iris Boyd", 12, None),
)
LANGUAGE_OF = {"PL": "pl", "TH": "th", "VN": "vi", "TR": "tr", "CN": "zh"}


def fill_stores(members: Sequence[Actor], *, at: datetime) -> None:
    """Every third business of the demo has a store already, and each partner builds some."""
    began = at - timedelta(days=DAYS)
    for number, (name, owner, site, country) in enumerate(BUSINESSES[::3]):
        language = LANGUAGE_OF.get(country, LANGUAGES[0])
        email = f"owner@{site}.example.org" if number % 5 else ""
        facts = Facts(name, owner, email, language, PLANS[number % len(PLANS)])
        store = put_store(f"{site}.example.org", facts, by=SYSTEM, at=began + timedelta(days=number)).store
        if number % 7 == 6:
            close_store(store, by=SYSTEM, at=began + timedelta(days=90 + number))
    builders = [member for member in members if member.may("view_referrals")]
    for number, (name, domain, plan, owner, registered, handed_over) in enumerate(BUILT):
        builder = builders[number % len(builders)]
        facts = Facts(name, owner, f"hello@{domain}", LANGUAGES[0], plan)
        begun = at - timedelta(days=registered)
        store = register_store(builder.partner_id or 0, domain, facts, by=builder, at=begun)
        if handed_over is not None:
            moment = at - timedelta(days=handed_over)
            hand_over(store, currency=programme().currency, by=builder, at=moment)
