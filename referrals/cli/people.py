"""Commands that make people and partners."""

import sys

import click
from flask import Flask

from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.db import session
from referrals.partners.operations import create_partner
from referrals.people.models import Person
from referrals.people.operations import add_partner_member, add_staff, create_person, make_representative
from referrals.people.queries import find_person_by_email
from referrals.people.rules import PERMISSIONS, SYSTEM
from referrals.people.sign_in import make_key
from referrals.values import login_email

password_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.command("create-admin")
@click.argument("email")
@password_option
def create_admin(email: str, password_stdin: bool) -> None:
    """Make an administrator."""
    app = application()
    with app.app_context():
        person = new_person(app, email, "", password_stdin)
        add_staff(person, "admin", by=SYSTEM, at=now())
        session.commit()
        show({"person": str(person.id), "email": person.email, "role": "admin"})


@click.command("create-rep")
@click.argument("email")
@click.argument("name")
@click.option("--phone", default="", help="How partners reach them.")
@click.option("--booking-url", default="", help="Where partners book a call.")
@password_option
def create_rep(email: str, name: str, phone: str, booking_url: str, password_stdin: bool) -> None:
    """Make a sales representative, to whom leads are assigned from now on."""
    app = application()
    with app.app_context():
        person = new_person(app, email, name, password_stdin)
        add_staff(person, "rep", by=SYSTEM, at=now())
        rep = make_representative(person, phone=phone, booking_url=booking_url)
        session.commit()
        show({"person": str(person.id), "rep": str(rep.id), "email": person.email, "name": name, "role": "rep"})


@click.command("create-partner")
@click.argument("name")
@click.argument("email")
@password_option
def create_partner_command(name: str, email: str, password_stdin: bool) -> None:
    """Make a partner, its first member with every permission, and an API key."""
    app = application()
    with app.app_context():
        person = new_person(app, email, "", password_stdin)
        partner = create_partner(name.strip(), by=SYSTEM, at=now())
        add_partner_member(person, partner.id, frozenset(PERMISSIONS), by=SYSTEM, at=now())
        scopes = ["leads", "referrals", "financials"]
        key = make_key("partner", partner_id=partner.id, name="create-partner", scopes=scopes, by=SYSTEM, at=now())
        session.commit()
        show({"partner": str(partner.id), "name": partner.name, "email": person.email, "api_key": key})


def new_person(app: Flask, email: str, name: str, password_stdin: bool) -> Person:
    """The account with this e-mail; made with a password that is read or asked for when there is none."""
    normal = login_email(email)
    known = find_person_by_email(normal)
    if known is not None:
        return known
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ask_password()
    digest = app.extensions["referrals"].passwords.hash(password)
    return create_person(normal, name or normal.partition("@")[0], password_hash=digest, at=now())


def ask_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
