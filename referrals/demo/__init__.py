"""A believable demo in an empty database, made by the same operations as pages."""

from datetime import datetime

from sqlalchemy import func, select

from referrals.db import session
from referrals.demo.leads import STAFF, Leads
from referrals.demo.links import give_links
from referrals.demo.payouts import fill_payouts
from referrals.demo.revenue import fill_revenue
from referrals.demo.shop import MERCHANTS, ShopLife
from referrals.demo.stores import fill_stores
from referrals.errors import RuleBroken
from referrals.people.models import Person
from referrals.people.passwords import Passwords
from referrals.people.rules import Actor
from referrals.web.house import partner_payouts
from referrals.wording import N_

PASSWORD = "demo passphrase"  # noqa: S105 - of the demo alone, and printed
BY_CODE = "by code: /login/code, then Outbox as administrator"


class DatabaseNotEmpty(RuleBroken):
    """There are people already."""

    sentence = N_("The database is not empty: the demo is for an empty one.")


def fill_demo(passwords: Passwords, *, at: datetime) -> None:
    """Fill an empty database; raises DatabaseNotEmpty."""
    if session.scalar(select(func.count()).select_from(Person)):
        raise DatabaseNotEmpty
    password_hash = passwords.hash(PASSWORD)
    leads = Leads(password_hash, at)
    leads.fill()
    fill_stores(leads.members, at=at)
    give_links(leads.members, by=Actor(role="admin"), at=at)
    fill_revenue(leads.members, at=at)
    fill_payouts(leads.members, partner_payouts(), at=at)
    leads.settle_the_past()
    ShopLife(password_hash, at).fill()


def logins() -> list[tuple[str, str, str]]:
    """Role, e-mail or phone, and password of the demo's people, if this database holds the demo.

    Salespeople log in with a code that goes to their phone; without a gateway it stands in the outbox.
    """
    rows = session.execute(
        select(Person.email, Person.phone, Person.name, Person.nickname).where(Person.demo).order_by(Person.id)
    ).all()
    return [
        (role_of(email, name or nickname), email or phone or "", PASSWORD if email else BY_CODE)
        for email, phone, name, nickname in rows
    ]


def role_of(email: str | None, name: str) -> str:
    roles = {email: "administrator" if role == "admin" else "representative" for role, _, email, _, _ in STAFF}
    roles |= {merchant: "merchant, Haohuo" for _, merchant, _ in MERCHANTS}
    if email is None:
        return f"salesperson, {name}" if name else "salesperson"
    return roles.get(email) or f"partner, {name}"
