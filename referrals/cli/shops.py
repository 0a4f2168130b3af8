"""Commands that make shops, their merchants, keys and webhook secrets."""

from typing import Any

import click

from referrals.cli.ground import application, show
from referrals.cli.people import new_person, password_option
from referrals.clock import now
from referrals.db import session
from referrals.people.rules import SHOP_PERMISSIONS, SYSTEM
from referrals.people.shop_members import add_merchant
from referrals.people.sign_in import make_key
from referrals.secrets_box import SecretsBox
from referrals.shops.models import HOOK_SOURCES, Shop
from referrals.shops.operations import create_shop
from referrals.shops.queries import find_shop, hosts_of
from referrals.shops.webhook_secrets import PURPOSE, make_webhook_secret


@click.command("create-shop")
@click.argument("slug")
@click.option("--name", required=True, help="What the shop is called.")
@click.option("--currency", required=True, help="ISO 4217 code, like CNY.")
@click.option("--host", "hosts", multiple=True, required=True, help="Where links may lead; the first is its address.")
def create_shop_command(slug: str, name: str, currency: str, hosts: tuple[str, ...]) -> None:
    """Make a shop and an API key for its own programs."""
    with application().app_context():
        shop = create_shop(slug, name, currency.upper(), hosts, by=SYSTEM, at=now())
        key = make_key("shop", shop_id=shop.id, name="create-shop", scopes=["shop"], by=SYSTEM, at=now())
        session.commit()
        show(shop_json(shop) | {"hosts": list(hosts_of(shop.id)), "api_key": key})


@click.command("create-merchant")
@click.argument("slug")
@click.argument("email")
@password_option
def create_merchant(slug: str, email: str, password_stdin: bool) -> None:
    """Make somebody who runs the shop SLUG: its rules, its salespeople, its money."""
    app = application()
    with app.app_context():
        shop = named_shop(slug)
        person = new_person(app, email, "", password_stdin)
        add_merchant(person, shop.id, frozenset(SHOP_PERMISSIONS), by=SYSTEM, at=now())
        session.commit()
        show({"person": str(person.id), "email": person.email, "role": "merchant", "shop": shop.slug})


@click.command("create-key")
@click.argument("kind", type=click.Choice(["operator", "shop"]))
@click.option("--shop", "slug", default="", help="Whose key it is, for the kind shop.")
@click.option("--name", default="create-key", help="What the key is for.")
@click.option("--read-only", is_flag=True, help="A key of a shop that only looks.")
def create_key(kind: str, slug: str, name: str, read_only: bool) -> None:
    """Make an API key, which is shown once: of the operator, or another one of a shop."""
    with application().app_context():
        if (kind == "shop") != bool(slug) or (read_only and not slug):
            raise click.UsageError("--shop SLUG goes with the kind shop, and --read-only with --shop.")
        shop = named_shop(slug) if slug else None
        scopes = ["read"] if read_only else [kind]
        key = make_key(kind, shop_id=shop.id if shop else None, name=name, scopes=scopes, by=SYSTEM, at=now())
        session.commit()
        show({"kind": kind, "name": name, "api_key": key} | ({"shop": shop.slug} if shop else {}))


@click.command("webhook-secret")
@click.argument("slug")
@click.argument("source", type=click.Choice(HOOK_SOURCES))
def webhook_secret(slug: str, source: str) -> None:
    """Make the secret with which SOURCE signs its webhooks for the shop SLUG; the one before stays good for a day."""
    app = application()
    with app.app_context():
        shop = named_shop(slug)
        box = SecretsBox(app.extensions["referrals"].config.secret_key, PURPOSE)
        secret = make_webhook_secret(shop, source, box, by=SYSTEM, at=now())
        session.commit()
        show({"shop": shop.slug, "source": source, "secret": secret})


def named_shop(slug: str) -> Shop:
    """The shop with this slug; a command that names none ends with a sentence."""
    shop = find_shop(slug)
    if shop is None:
        raise click.ClickException(f"There is no shop {slug}.")
    return shop


def shop_json(shop: Shop) -> dict[str, Any]:
    return {"shop": str(shop.id), "slug": shop.slug, "name": shop.name, "currency": shop.currency}
