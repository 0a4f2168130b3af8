"""Commands that forget natural persons (`SPEC §1`)."""

import click
from flask import Flask

from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.invitations.erasure import forget_owners_of_lead
from referrals.leads.erasure import erase_contact
from referrals.leads.queries import get_lead
from referrals.orders.buyers import find_buyer
from referrals.orders.erasure import forget_buyer
from referrals.outbox.erasure import erase_mails_about, erase_mails_of
from referrals.people.erasure import erase_person
from referrals.people.models import Person
from referrals.people.queries import find_person_by_email, find_person_by_phone
from referrals.people.rules import SYSTEM, Actor
from referrals.shops.queries import get_shop
from referrals.shops.salespeople import forget_emails
from referrals.transfer.operations import forget_remarks
from referrals.values import login_email, parse_phone


@click.group()
def erase() -> None:
    """Forget natural persons on their request; leads, counts and history stay, without them."""


@erase.command("person")
@click.argument("email_or_phone")
@click.confirmation_option(prompt="This cannot be undone. Erase the person?")
def erase_person_command(email_or_phone: str) -> None:
    """Erase the account with this e-mail or phone, and the messages to it."""
    app = application()
    with app.app_context():
        person = find_account(email_or_phone)
        if person is None:
            raise click.ClickException(f"There is no account {email_or_phone}.")
        words = {person.name, email_or_phone, person.email or "", person.phone or "", person.nickname} - {""}
        forget_emails(person.id)
        erase_person(person, by=SYSTEM, at=now())
        keys = erase_mails_of(person.id, words)
        session.commit()
        show({"person": str(person.id), "mails": drop_files(app, keys)})


@erase.command("contact")
@click.argument("ref")
@click.confirmation_option(prompt="This cannot be undone. Erase the contact?")
def erase_contact_command(ref: str) -> None:
    """Erase the contact of the lead REF, and the mails about it."""
    app = application()
    with app.app_context():
        try:
            lead = get_lead(Actor(role="admin"), ref, for_update=True)
        except NotFound:
            raise click.ClickException(f"There is no lead {ref}.") from None
        words = {lead.contact_name, lead.contact_email, lead.contact_phone} - {""}
        words |= forget_owners_of_lead(lead, by=SYSTEM, at=now())
        erase_contact(lead, by=SYSTEM, at=now())
        forget_remarks(words)
        keys = erase_mails_about(lead.ref)
        session.commit()
        show({"lead": lead.ref, "mails": drop_files(app, keys)})


@erase.command("buyer")
@click.argument("slug")
@click.argument("key")
@click.confirmation_option(prompt="This cannot be undone. Erase the buyer?")
def erase_buyer_command(slug: str, key: str) -> None:
    """Erase the buyer of the shop SLUG whose e-mail, phone, customer id or order number is KEY."""
    with application().app_context():
        try:
            shop = get_shop(SYSTEM, slug)
        except NotFound:
            raise click.ClickException(f"There is no shop {slug}.") from None
        found = find_buyer(shop.id, key)
        if found is None or found.customer is None:
            raise click.ClickException("There is no such buyer.")
        orders = forget_buyer(shop, found.customer, by=SYSTEM, at=now())
        session.commit()
        show({"customer": str(found.customer.id), "orders": orders})


def find_account(email_or_phone: str) -> Person | None:
    if "@" in email_or_phone:
        return find_person_by_email(login_email(email_or_phone))
    return find_person_by_phone(parse_phone(email_or_phone))


def drop_files(app: Flask, keys: list[str]) -> int:
    """Remove the files of erased mails, where mails are files; answers how many mails there were."""
    for key in keys:
        for ending in ("eml", "sms.txt"):
            (app.extensions["referrals"].config.data_dir / "outbox" / f"{key}.{ending}").unlink(missing_ok=True)
    return len(keys)
