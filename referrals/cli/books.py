"""Commands that prove: the books as a whole, and a single commission."""

import sys

import click

from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.commissions.queries import get_commission
from referrals.db import reading, session
from referrals.errors import NotFound
from referrals.explanations.commission import explain
from referrals.explanations.telling import as_lines, as_values
from referrals.ledger.checking import check_books
from referrals.people.rules import SYSTEM
from referrals.values import parse_id


@click.group()
def ledger() -> None:
    """The books."""


@ledger.command()
def check() -> None:
    """Prove all books on the live database; ends with 1 and names the first wrong row where they are not good."""
    with application().app_context():
        finding = check_books(at=now())
        session.commit()
    problem = str(finding.first_problem) if finding.first_problem else None
    show({"ok": finding.ok, "entries": finding.entries, "postings": finding.postings, "first_problem": problem})
    sys.exit(0 if finding.ok else 1)


@click.command("explain")
@click.argument("commission_id")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
def explain_command(commission_id: str, as_json: bool) -> None:
    """Retell a commission from the click to the books, to the smallest unit; ends with 1 if anything is in doubt."""
    with application().app_context(), reading():
        try:
            told = explain(get_commission(SYSTEM, parse_id(commission_id)))
        except NotFound:
            raise click.ClickException("There is no commission with this id.") from None
        if as_json:
            show(as_values(told))
        else:
            click.echo("\n".join(as_lines(told)))
    sys.exit(0 if told.agrees else 1)
