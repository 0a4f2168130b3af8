"""Commands that take everything out of an instance and put it into another."""

from pathlib import Path

import click

from referrals.cli.ground import application, show, telling_of
from referrals.clock import now
from referrals.db import session
from referrals.transfer.backup import restore_backup, write_backup
from referrals.transfer.portable import export_everything, load_everything


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database and the secret key to FILE, while the server works."""
    app = application()
    with app.app_context(), telling_of(file):
        show(write_backup(app.extensions["referrals"].config, file.absolute(), at=now()))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill an empty database from FILE, and bring it up to date; start the server afterwards."""
    app = application()
    with app.app_context():
        manifest = restore_backup(app.extensions["referrals"].config, file)
    application()
    show(manifest)


@click.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
def export(archive: Path) -> None:
    """Write everything to ARCHIVE, for another instance, also one on another kind of database."""
    app = application()
    with app.app_context(), telling_of(archive):
        show(export_everything(app.extensions["referrals"].config, archive.absolute(), at=now()))


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(archive: Path) -> None:
    """Fill an empty database from ARCHIVE; start the server afterwards."""
    app = application()
    with app.app_context():
        manifest = load_everything(app.extensions["referrals"].config, archive)
        session.commit()
    show(manifest)
