"""Backups: one file that holds the whole database and the secret key, taken while the server works (P18).

An archive is a zip of `manifest.json`, `secret.key` (where one is kept with the data) and the database: a SQLite file,
or what pg_dump writes. Whoever has it has everything, so it is readable for its owner alone.
"""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from referrals.config import ROOT, Config
from referrals.db import db, reading, session
from referrals.errors import RuleBroken

MANIFEST, SECRET = "manifest.json", "secret.key"
DATABASES = {"sqlite": "referrals.db", "postgresql": "referrals.dump"}
FORMAT = 1


class NotABackup(RuleBroken):
    """The file was not written by `referrals backup`, or it is damaged."""

    sentence = "This file is not a backup of Referrals, or it is damaged."


class OtherDatabase(RuleBroken):
    """A backup goes back into the kind of database that it was taken from."""

    sentence = "The backup was taken from another kind of database: %(theirs)s, and this one is %(ours)s."


class NewerBackup(RuleBroken):
    """Databases go forward only."""

    sentence = "The backup was taken by a newer version of Referrals; restore it with that one."


class DatabaseInUse(RuleBroken):
    """Restoring never overwrites anything."""

    sentence = "The database is not empty: a backup is restored into an empty one."


class ToolMissing(RuleBroken):
    """PostgreSQL's own programs do the work there."""

    sentence = "%(program)s is not installed or did not succeed: %(told)s"


def write_backup(config: Config, file: Path, *, at: datetime) -> dict[str, Any]:
    """Write the archive, whole or not at all; answers its manifest. Other processes go on reading and writing."""
    kind = kind_of(config)
    with drafted(file) as draft, tempfile.TemporaryDirectory(dir=file.parent) as folder:
        copy = Path(folder) / DATABASES[kind]
        (copy_sqlite if kind == "sqlite" else dump_postgresql)(config, copy)
        manifest = {
            "format": FORMAT,
            "database": kind,
            "schema": schema(),
            "made_at": at.isoformat(),
            "bytes": copy.stat().st_size,
        }
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(MANIFEST, json.dumps(manifest))
            archive.write(copy, copy.name)
            if (config.data_dir / SECRET).exists():
                archive.write(config.data_dir / SECRET, SECRET)
    return manifest


def restore_backup(config: Config, file: Path) -> dict[str, Any]:
    """Fill the empty database; raises NotABackup, OtherDatabase, DatabaseInUse, ToolMissing. Answers the manifest.

    The secret key of the backup takes the place of this folder's, unless one is set from outside.
    """
    kind = kind_of(config)
    with opened(file) as archive, tempfile.TemporaryDirectory(dir=config.data_dir) as folder:
        manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
        if manifest["database"] != kind:
            raise OtherDatabase(theirs=manifest["database"], ours=kind)
        if manifest["format"] > FORMAT or manifest["schema"] not in known_schemas():
            raise NewerBackup
        if holds_people():
            raise DatabaseInUse
        copy = Path(archive.extract(DATABASES[kind], folder))
        db.engine.dispose()
        (fill_sqlite if kind == "sqlite" else fill_postgresql)(config, copy)
        if SECRET in archive.namelist():
            keep_secret(config.data_dir / SECRET, archive.read(SECRET))
    return manifest


def kind_of(config: Config) -> str:
    return make_url(config.database_url).get_backend_name()


def schema() -> str:
    with reading():
        return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def known_schemas() -> set[str]:
    """Every schema that this version can bring up to date."""
    return {file.name.partition("_")[0] for file in (ROOT / "migrations" / "versions").glob("*.py")}


def holds_people() -> bool:
    with reading():
        return session.execute(text("SELECT 1 FROM persons LIMIT 1")).first() is not None


@contextmanager
def drafted(file: Path) -> Iterator[Path]:
    """A file beside `file`, private, that takes its place once it is whole and on disk."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        yield draft
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.testzip() is not None or MANIFEST not in archive.namelist():
                raise NotABackup
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, KeyError, json.JSONDecodeError, sqlite3.DatabaseError):
        raise NotABackup from None


def copy_sqlite(config: Config, copy: Path) -> None:
    """One step of SQLite's online backup: a snapshot, while others write."""
    with closing(sqlite3.connect(sqlite_file(config))) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def fill_sqlite(config: Config, copy: Path) -> None:
    """Through SQLite itself, so that a process that has the empty database open sees the full one."""
    with closing(sqlite3.connect(copy)) as source:
        if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise NotABackup
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


def keep_secret(file: Path, secret: bytes) -> None:
    with drafted(file) as draft:
        draft.write_bytes(secret)
