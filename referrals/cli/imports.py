"""Commands that take tables in."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from referrals.cli.ground import application, show
from referrals.clock import now
from referrals.db import reading, session
from referrals.errors import NotFound
from referrals.leads.catalogue import get_product
from referrals.partners.models import Partner
from referrals.partners.queries import all_partners, find_partner_by_name
from referrals.people.rules import SYSTEM
from referrals.transfer.kinds import Importer
from referrals.transfer.lead_columns import rename
from referrals.transfer.lead_import import PAUSE_SECONDS, PORTION, LeadImport
from referrals.transfer.operations import understand
from referrals.transfer.report import Outcome
from referrals.transfer.tables import Line, Table


@click.group("import")
def import_group() -> None:
    """Take tables in; repeating an import changes nothing."""


@import_group.command("leads")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--partner", "partner_name", default="", help="Whose leads these are.")
@click.option("--product", "product_code", default="plus", show_default=True, help="For rows that name none.")
@click.option("--map", "pairs", multiple=True, metavar="THEIRS=OURS", help="Read a column as one of our fields.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
def import_leads(file: Path, partner_name: str, product_code: str, pairs: tuple[str, ...], dry_run: bool) -> None:
    """Import leads from CSV or XLSX; tables from Salesforce and HubSpot are recognised."""
    with application().app_context():
        if dry_run:
            with reading():
                importer, table = importer_for(file, partner_name, product_code, pairs)
                outcome = importer.dry_run(table)
        else:
            importer, table = importer_for(file, partner_name, product_code, pairs)
            outcome = run_import(importer, table.lines)
        show(summary(outcome))


def importer_for(file: Path, partner_name: str, product_code: str, pairs: tuple[str, ...]) -> tuple[LeadImport, Table]:
    partner = named_partner(partner_name)
    try:
        product = get_product(product_code)
        found = understand(file.read_bytes(), file.name, product)
        mapping = rename(found.mapping, found.table.header, pairs)
    except NotFound:
        raise click.ClickException(f"There is no product {product_code}.") from None
    except ValueError as error:
        raise click.ClickException(f"--map {error}: the file has no such column.") from None
    return LeadImport(partner, mapping, found.dialect, product, at=now()), found.table


def named_partner(name: str) -> Partner:
    if name:
        partner = find_partner_by_name(name)
        if partner is None:
            raise click.ClickException(f"There is no partner {name}.")
        return partner
    partners = all_partners(SYSTEM)
    if len(partners) != 1:
        raise click.ClickException("Say whose leads these are: --partner NAME.")
    return partners[0]


def run_import(importer: Importer, lines: Sequence[Line]) -> Outcome:
    total = Outcome()
    portions = range(0, len(lines), PORTION)
    with click.progressbar(portions, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
        for start in progress:
            began = time.monotonic()
            done = importer.run(lines[start : start + PORTION], by=SYSTEM)
            session.commit()
            time.sleep(min(PAUSE_SECONDS, time.monotonic() - began))
            total.add(done)
    return total


def summary(outcome: Outcome) -> dict[str, Any]:
    report = [
        {
            "line": remark.line,
            "outcome": remark.outcome,
            "column": remark.column,
            "why": remark.sentence % remark.params if remark.params else remark.sentence,
        }
        for remark in outcome.remarks
    ]
    counts = {name: getattr(outcome, name) for name in ("read", "created", "unchanged", "refused")}
    if outcome.changed:
        counts["changed"] = outcome.changed
    return {**counts, "report": report}
