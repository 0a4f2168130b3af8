"""The command that closes payout periods that have ended."""

import click

from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.paying import close_due
from referrals.people.rules import SYSTEM


@click.group()
def payouts() -> None:
    """Payouts of partners."""


@payouts.command()
def close() -> None:
    """Make the statements of every period that has ended; prints one JSON object, exits 1 where partners must wait."""
    app = application()
    with app.test_request_context():
        closing = close_due(by=SYSTEM, at=now())
    show({
        "closed": [str(period.first) for period in closing.periods],
        "statements": closing.statements,
        "waiting": len(closing.waiting),
    })  # fmt: skip
    if closing.waiting:
        raise SystemExit(1)
