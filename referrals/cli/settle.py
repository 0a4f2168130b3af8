"""The command that settles what is due."""

import sys
from datetime import datetime
from typing import Any

import click

from referrals import money
from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.db import reading, session
from referrals.ledger.operations import STORE
from referrals.ledger.queries import balance
from referrals.people.rules import SYSTEM
from referrals.settlement.models import SettlementRun
from referrals.settlement.runs import owner_of
from referrals.settling import settle_shop
from referrals.shops.models import Shop
from referrals.shops.queries import all_shops, find_shop


@click.command()
@click.option("--shop", "slug", default="", help="One shop by its slug; all shops where it is missing.")
@click.option("--as-of", "as_of", default="", help="A past moment, like 2026-11-23T09:00:00Z; now where it is missing.")
def settle(slug: str, as_of: str) -> None:
    """Settle what is due, one run in each shop; prints one JSON object a shop."""
    app = application()
    with app.app_context():
        at = now()
        moment = read_moment(as_of) if as_of else None
        with reading():
            shops = [shop.id for shop in chosen(slug)]
        for shop_id in shops:
            run = settle_shop(shop_id, as_of=moment, started_by="command", by=SYSTEM, at=at, tell=progress())
            show(summary(run))


def chosen(slug: str) -> list[Shop]:
    if not slug:
        return list(all_shops(SYSTEM))
    shop = find_shop(slug)
    if shop is None:
        raise click.ClickException(f"There is no shop {slug}.")
    return [shop]


def read_moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise click.ClickException(f"{text} is no time. Write it like 2026-11-23T09:00:00Z.") from None
    if moment.tzinfo is None:
        raise click.ClickException(f"{text} names no offset. Write it like 2026-11-23T09:00:00Z.")
    return moment


def progress() -> Any:
    """Tells on a terminal how far a run has come."""

    def tell(run: SettlementRun) -> None:
        if sys.stderr.isatty():
            looked_at = run.settled + run.left + run.void
            click.echo(f"\r{looked_at} of {run.expected}", nl=looked_at >= run.expected, err=True)

    return tell


def summary(run: SettlementRun) -> dict[str, Any]:
    with reading():
        shop = session.get_one(Shop, run.shop_id)
        left = balance(owner_of(shop), STORE)
        return {
            "shop": shop.slug,
            "id": str(run.id),
            "as_of": run.as_of.isoformat(),
            "settled": run.settled,
            "settled_amount": amount(run.settled_minor, shop.currency),
            "left": run.left,
            "void": run.void,
            "failed": run.failed,
            "balance": amount(left, shop.currency),
        }


def amount(minor: int, currency: str) -> dict[str, str]:
    return {"amount": money.plain(money.Money(minor, currency)), "currency": currency}
