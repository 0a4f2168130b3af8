"""The command line (`API`, `SPEC §16`). Results are JSON on standard output; what is told to people goes beside it."""

import logging
import os
import sys

import click
import structlog

from referrals.cli import (
    books,
    copies,
    erasing,
    erasing_owners,
    imports,
    order_imports,
    payouts,
    people,
    row_imports,
    serving,
    settle,
    shops,
)
from referrals.cli.ground import Commands
from referrals.transfer.referral_rows import REFERRALS
from referrals.transfer.revenue_rows import REVENUE
from referrals.transfer.store_rows import STORES


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Referrals: partner and salesperson programmes, self-hosted."""
    # The data folder holds people's data and live links: what is written there is for its owner alone.
    os.umask(0o077)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


for command in (
    serving.serve,
    serving.demo,
    serving.migrate,
    people.create_admin,
    people.create_rep,
    people.create_partner_command,
    shops.create_shop_command,
    shops.create_merchant,
    shops.create_key,
    shops.webhook_secret,
    imports.import_group,
    settle.settle,
    payouts.payouts,
    erasing.erase,
    books.ledger,
    books.explain_command,
    copies.backup,
    copies.restore,
    copies.export,
    copies.load,
    serving.work,
    serving.doctor,
):
    main.add_command(command)
imports.import_group.add_command(order_imports.import_orders)
erasing.erase.add_command(erasing_owners.erase_owner_command)
for kind, told in (
    (STORES, "Import the registry of stores: new ones are added, known ones brought up to date."),
    (REFERRALS, "Import referrals as the platform reports them; plan and status of known ones follow the file."),
    (REVENUE, "Import the revenue of merchants by month; corrections are rows of their own."),
):
    imports.import_group.add_command(row_imports.command_for(kind, told))
