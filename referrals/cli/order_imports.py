"""The command that takes orders in."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from referrals.cli.ground import application, show
from referrals.cli.imports import summary
from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.people.rules import SYSTEM
from referrals.shops.models import Shop
from referrals.shops.queries import all_shops, get_shop
from referrals.transfer.order_import import OrderImport, understand_orders
from referrals.transfer.report import Outcome


@click.command("orders")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shop", "slug", default="", help="Whose orders these are.")
@click.option("--map", "pairs", multiple=True, metavar="THEIRS=OURS", help="Read a column as one of ours.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
def import_orders(file: Path, slug: str, pairs: tuple[str, ...], dry_run: bool) -> None:
    """Import orders from CSV or XLSX, ours or Shopify's export; repeating it changes nothing."""
    with application().app_context():
        shop = named_shop(slug)
        try:
            source = understand_orders(file.read_bytes(), file.name, pairs)
        except ValueError as error:
            raise click.ClickException(f"--map {error}: the file has no such column.") from None
        importer = OrderImport(shop, source, at=now())
        outcome = run_portions(importer, session.rollback if dry_run else session.commit)
        if dry_run:
            outcome.remarks.extend(importer.missing())
        show(summary(outcome))


def named_shop(slug: str) -> Shop:
    if slug:
        try:
            return get_shop(SYSTEM, slug)
        except NotFound:
            raise click.ClickException(f"There is no shop {slug}.") from None
    shops = all_shops(SYSTEM)
    if len(shops) != 1:
        raise click.ClickException("Say whose orders these are: --shop SLUG.")
    return shops[0]


def run_portions(importer: OrderImport, end: Callable[[], None]) -> Outcome:
    """Take all orders in; each portion is committed, or in a dry run given up."""
    total = importer.refuse_unnamed()
    shop_id, portions = importer.shop.id, importer.portions()
    with click.progressbar(portions, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
        for portion in progress:
            importer.shop = session.get_one(Shop, shop_id)
            done = importer.take(portion, by=SYSTEM)
            end()
            total.add(done)
    total.remarks.sort(key=lambda remark: remark.line)
    return total
