"""Makes what tests need: partners, members, staff, leads; by the same operations as the pages."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from flask import Flask

from referrals.db import session
from referrals.leads.catalogue import get_product
from referrals.leads.models import Lead
from referrals.leads.operations import Submission, submit_lead
from referrals.partners.models import Partner
from referrals.partners.operations import create_partner
from referrals.people.models import Person, Representative
from referrals.people.operations import add_partner_member, add_staff, create_person, make_representative
from referrals.people.queries import active_memberships, actor_of
from referrals.people.rules import PERMISSIONS, SYSTEM, Actor
from referrals.people.sign_in import open_sign_in

PASSWORD = "a good long passphrase"


class Making:
    """A small workshop bound to one application and one moment."""

    def __init__(self, app: Flask, at: datetime) -> None:
        self.app = app
        self.at = at
        self.numbers = itertools.count(1)
        self.password_hash = app.extensions["referrals"].passwords.hash(PASSWORD)

    def partner(self, name: str = "") -> Partner:
        partner = create_partner(name or f"Partner {next(self.numbers)}", by=SYSTEM, at=self.at)
        session.commit()
        return partner

    def person(self, name: str = "", email: str = "", language: str | None = None) -> Person:
        number = next(self.numbers)
        person = create_person(
            email or f"person{number}@example.org",
            name or f"Person {number}",
            password_hash=self.password_hash,
            at=self.at,
            language=language,
        )
        session.commit()
        return person

    def member(
        self, partner: Partner | None = None, permissions: frozenset[str] = frozenset(PERMISSIONS), **person: Any
    ) -> Actor:
        made = self.person(**person)
        add_partner_member(made, (partner or self.partner()).id, permissions, by=SYSTEM, at=self.at)
        session.commit()
        return self.actor(made)

    def rep(self, **person: Any) -> Actor:
        made = self.person(**person)
        add_staff(made, "rep", by=SYSTEM, at=self.at)
        make_representative(made, phone="+34600000000", booking_url="https://book.example.org/rita")
        session.commit()
        return self.actor(made)

    def admin(self, **person: Any) -> Actor:
        made = self.person(**person)
        add_staff(made, "admin", by=SYSTEM, at=self.at)
        session.commit()
        return self.actor(made)

    def actor(self, person: Person) -> Actor:
        membership = active_memberships(person.id)[0]
        rep = session.query(Representative).filter_by(person_id=person.id).one_or_none()
        return actor_of(person, membership, rep.id if rep else None)

    def values(self, **changes: Any) -> dict[str, Any]:
        """What a complete form says after it was read."""
        number = next(self.numbers)
        return {
            "contact_name": f"Contact {number}",
            "contact_email": f"contact{number}@shop{number}.example.org",
            "business_name": f"Business {number}",
            "website_url": f"https://shop{number}.example.org",
            "country": "PL",
            "sales_support": True,
        } | changes

    def lead(self, by: Actor, product: str = "plus", *, at: datetime | None = None, **values: Any) -> Lead:
        submission = Submission(
            partner=session.get_one(Partner, by.partner_id), product=get_product(product), values=self.values(**values)
        )
        lead = submit_lead(submission, by=by, at=at or self.at)
        session.commit()
        return lead

    def later(self, **time: float) -> datetime:
        return self.at + timedelta(**time)

    def client(self, actor: Actor | None = None) -> Any:
        """A browser, signed in as somebody or as nobody."""
        client = self.app.test_client()
        if actor is not None:
            token = open_sign_in(session.get_one(Person, actor.person_id), at=self.at)
            session.commit()
            with client.session_transaction() as cookie:
                cookie["_user_id"] = token
        return client
