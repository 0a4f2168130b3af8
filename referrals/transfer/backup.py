"""Backups: one file that holds the whole database, taken while the server works (P18).

The database in it is a SQLite file, or what pg_dump writes; it goes back into the kind that it came from.
"""

import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from referrals.config import Config
from referrals.db import db
from referrals.errors import RuleBroken
from referrals.transfer.archive import (
    NotAnArchive,
    add_secret,
    describe,
    new_archive,
    opened,
    refuse_a_database_in_use,
    take_secret,
)

DATABASES = {"sqlite": "referrals.db", "postgresql": "referrals.dump"}


class OtherDatabase(RuleBroken):
    """A backup goes back into the kind of database that it was taken from."""

    sentence = (
        "The backup is of %(theirs)s, and this database is %(ours)s. To go from one to the other, use export and load."
    )


class ToolMissing(RuleBroken):
    """PostgreSQL's own programs do the work there."""

    sentence = "%(program)s is not installed or did not succeed: %(told)s"


def write_backup(config: Config, file: Path, *, at: datetime) -> dict[str, Any]:
    """Write the archive; answers its manifest. Other processes go on reading and writing. Raises ToolMissing."""
    kind = kind_of(config)
    with new_archive(file) as archive, tempfile.TemporaryDirectory(dir=file.parent) as folder:
        copy = Path(folder) / DATABASES[kind]
        (copy_sqlite if kind == "sqlite" else dump_postgresql)(config, copy)
        archive.write(copy, copy.name)
        add_secret(archive, config)
        return describe(archive, {"kind": "backup", "database": kind, "made_at": at.isoformat()})


def restore_backup(config: Config, file: Path) -> dict[str, Any]:
    """Fill the empty database; answers the manifest.

    Raises NotAnArchive, NewerArchive, OtherDatabase, DatabaseInUse, ToolMissing.
    """
    kind = kind_of(config)
    with opened(file, "backup") as (archive, manifest), tempfile.TemporaryDirectory(dir=config.data_dir) as folder:
        if manifest["database"] != kind:
            raise OtherDatabase(theirs=manifest["database"], ours=kind)
        refuse_a_database_in_use()
        copy = Path(archive.extract(DATABASES[kind], folder))
        db.engine.dispose()
        (fill_sqlite if kind == "sqlite" else fill_postgresql)(config, copy)
        take_secret(archive, config)
    return manifest


def kind_of(config: Config) -> str:
    return make_url(config.database_url).get_backend_name()


def copy_sqlite(config: Config, copy: Path) -> None:
    """One step of SQLite's online backup: a snapshot, while others write."""
    with closing(sqlite3.connect(sqlite_file(config))) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def fill_sqlite(config: Config, copy: Path) -> None:
    """Through SQLite itself, so that a process that has the empty database open sees the full one."""
    with closing(sqlite3.connect(copy)) as source:
        if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise NotAnArchive
        with closing(sqlite3.connect(sqlite_file(config))) as target:
            source.backup(target)


def sqlite_file(config: Config) -> str:
    return make_url(config.database_url).database or ""


def dump_postgresql(config: Config, copy: Path) -> None:
    run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={copy}", plain_url(config))


def fill_postgresql(config: Config, copy: Path) -> None:
    """Drops the empty tables first, in one transaction with the filling."""
    run(
        "pg_restore", "--single-transaction", "--clean", "--if-exists", "--no-owner", "--no-privileges",
        f"--dbname={plain_url(config)}", str(copy),
    )  # fmt: skip


def plain_url(config: Config) -> str:
    """As PostgreSQL's own programs read it, without the name of our driver."""
    return make_url(config.database_url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(program: str, *words: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise ToolMissing(program=program, told="no such program")
    done = subprocess.run([found, *words], capture_output=True, text=True)  # noqa: S603 - no shell, our own words
    if done.returncode:
        raise ToolMissing(program=program, told=done.stderr.strip()[-400:])
