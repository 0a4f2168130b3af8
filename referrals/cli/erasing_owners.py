"""The command that forgets who owns a store (`SPEC §1`)."""

import click

from referrals.cli.erasing import drop_files
from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.db import session
from referrals.invitations.erasure import forget_owner_of_store
from referrals.outbox.erasure import erase_mails_naming
from referrals.people.rules import SYSTEM
from referrals.stores.operations import forget_owner
from referrals.stores.queries import stores_of
from referrals.stores.rules import parse_store_domain
from referrals.transfer.operations import forget_remarks


@click.command("store-owner")
@click.argument("domain")
@click.confirmation_option(prompt="This cannot be undone. Erase the owner?")
def erase_owner_command(domain: str) -> None:
    """Erase the owner of the store with this DOMAIN, and the mails to them."""
    app = application()
    with app.app_context():
        host, at = parse_store_domain(domain), now()
        stores = stores_of(host)
        if not stores:
            raise click.ClickException(f"There is no store {host}.")
        words: set[str] = set()
        for store in stores:
            words |= forget_owner_of_store(store, by=SYSTEM, at=at) | forget_owner(store, by=SYSTEM, at=at)
        # A name alone may be that of others too.
        addresses = {word for word in words if "@" in word}
        forget_remarks(addresses)
        keys = erase_mails_naming(addresses)
        session.commit()
        show({"domain": host, "stores": len(stores), "mails": drop_files(app, keys)})
