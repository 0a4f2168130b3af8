"""The commands that take tables in whose rows stand for themselves: one for each such kind of import."""

from pathlib import Path

import click

from referrals.cli.ground import application, show
from referrals.cli.imports import named_partner, run_import, summary
from referrals.clock import now
from referrals.transfer.kinds import ImportJob
from referrals.transfer.lead_columns import rename
from referrals.transfer.operations import understand_as
from referrals.transfer.row_import import ColumnMissing, RowKind


def command_for(kind: RowKind, told: str) -> click.Command:
    """`referrals import KIND FILE`; `told` is what its help says."""

    def take(file: Path, pairs: tuple[str, ...], dry_run: bool, partner_name: str = "") -> None:
        with application().app_context():
            job = job_for(kind, file, pairs, partner_name)
            importer = kind.importer(job)
            show(summary(importer.dry_run(job.table) if dry_run else run_import(importer, job.table.lines)))

    given = [
        click.Argument(["file"], type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.Option(["--map", "pairs"], multiple=True, metavar="THEIRS=OURS", help="Read a column as one of ours."),
        click.Option(["--dry-run"], is_flag=True, help="Say what would happen, and write nothing."),
    ]
    if kind.partner:
        given.append(click.Option(["--partner", "partner_name"], default="", help="For rows that name no partner."))
    return click.Command(kind.code, params=given, callback=take, help=told)


def job_for(kind: RowKind, file: Path, pairs: tuple[str, ...], partner_name: str) -> ImportJob:
    found = understand_as(kind, file.read_bytes(), file.name, {})
    try:
        mapping = rename(found.mapping, found.table.header, pairs)
        kind.require_columns(mapping)
    except ValueError as error:
        raise click.ClickException(f"--map {error}: the file has no such column.") from None
    except ColumnMissing as missing:
        raise click.ClickException(f"{missing} Name it with --map.") from None
    partner_id = named_partner(partner_name).id if partner_name else None
    return ImportJob(found.table, found.dialect, mapping, {}, partner_id, now())
