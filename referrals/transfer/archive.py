"""Files that hold a whole programme: a zip of a manifest, the secret key that is kept with the data, and the rest.

Whoever has one has everything, so it is readable for its owner alone; it appears whole or not at all.
"""

import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from referrals.config import ROOT, Config
from referrals.db import reading, session
from referrals.errors import RuleBroken

MANIFEST, SECRET = "manifest.json", "secret.key"
FORMAT = 1


class NotAnArchive(RuleBroken):
    """The file was not written by us, or it is damaged."""

    sentence = "This file was not written by Referrals for this purpose, or it is damaged."


class NewerArchive(RuleBroken):
    """Databases go forward only."""

    sentence = "The file was written by a newer version of Referrals; read it with that one."


class DatabaseInUse(RuleBroken):
    """Nothing is ever overwritten."""

    sentence = "The database is not empty: this goes into an empty one."


@contextmanager
def new_archive(file: Path) -> Iterator[zipfile.ZipFile]:
    """A zip that takes its place at `file` once it is whole and on disk."""
    with drafted(file) as draft, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        yield archive


@contextmanager
def drafted(file: Path) -> Iterator[Path]:
    """A private file beside `file` that takes its place at the end."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        yield draft
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(draft, file)
    finally:
        draft.unlink(missing_ok=True)


def describe(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest, with what every archive says of itself; answers it."""
    whole = {"format": FORMAT, "schema": schema(), **manifest}
    archive.writestr(MANIFEST, json.dumps(whole))
    return whole


@contextmanager
def opened(file: Path, kind: str) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """An archive of this kind and its manifest; raises NotAnArchive, NewerArchive."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.testzip() is not None:
                raise NotAnArchive
            manifest = json.loads(archive.read(MANIFEST))
            if manifest["kind"] != kind:
                raise NotAnArchive
            if manifest["format"] != FORMAT or manifest["schema"] not in known_schemas():
                raise NewerArchive
            yield archive, manifest
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, sqlite3.DatabaseError):
        raise NotAnArchive from None


def schema() -> str:
    """The newest migration that this database has had."""
    with reading():
        return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def known_schemas() -> set[str]:
    """Every schema that this version can bring up to date."""
    return {file.name.partition("_")[0] for file in (ROOT / "migrations" / "versions").glob("*.py")}


def refuse_a_database_in_use() -> None:
    """Raises DatabaseInUse where there is anybody."""
    with reading():
        if session.execute(text("SELECT 1 FROM persons LIMIT 1")).first() is not None:
            raise DatabaseInUse


def add_secret(archive: zipfile.ZipFile, config: Config) -> None:
    """Take along the secret key that is kept with the data, if it is."""
    if (config.data_dir / SECRET).exists():
        archive.write(config.data_dir / SECRET, SECRET)


def take_secret(archive: zipfile.ZipFile, config: Config) -> None:
    """Put the archive's secret key in the place of this folder's; one that is set from outside goes before both."""
    if SECRET in archive.namelist():
        with drafted(config.data_dir / SECRET) as draft:
            draft.write_bytes(archive.read(SECRET))
