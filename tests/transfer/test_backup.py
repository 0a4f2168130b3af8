"""Backups, taken under load and restored into an empty place (P18)."""

import dataclasses
import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from referrals import create_app
from referrals.config import Config
from referrals.db import db, session
from referrals.leads.models import Lead
from referrals.people.models import Person
from referrals.serving import bring_up_to_date
from referrals.transfer.archive import DatabaseInUse, NewerArchive, NotAnArchive
from referrals.transfer.backup import OtherDatabase, restore_backup, write_backup
from tests.conftest import NOW, Postgres, config_for, missing
from tests.making import Making

EmptyApp = Callable[[], Flask]


def config_of(app: Flask) -> Config:
    config: Config = app.extensions["referrals"].config
    return config


@pytest.fixture
def empty_app(app_on_both: Flask, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """Another application, on an empty database of the same kind."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if config_of(app_on_both).database_url.startswith("sqlite"):
        url = f"sqlite:///{folder / 'referrals.db'}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.fresh()
        if shutil.which("pg_dump") is None:
            missing("pg_dump")
    made = create_app(config_for(url, folder))
    bring_up_to_date(made)
    yield made
    with made.app_context():
        db.engine.dispose()


def test_a_backup_under_load_restores_whole(
    app_on_both: Flask, make_on_both: Making, empty_app: Flask, tmp_path: Path
) -> None:
    members = [make_on_both.member() for _ in range(2)]
    before = make_on_both.lead(members[0], business_name="Before").ref
    stop, written = threading.Event(), []

    def submit() -> None:
        with app_on_both.app_context():
            while not stop.is_set():
                written.append(make_on_both.lead(members[1], business_name=f"Business {len(written)}").ref)
                session.remove()

    writer = threading.Thread(target=submit)
    writer.start()
    try:
        while len(written) < 3:
            stop.wait(0.01)
        acknowledged = set(written)
        manifest = write_backup(config_of(app_on_both), tmp_path / "all.backup", at=NOW)
    finally:
        stop.set()
        writer.join()
    assert os.stat(tmp_path / "all.backup").st_mode & 0o077 == 0, "whoever reads a backup has everything"

    with empty_app.app_context():
        assert restore_backup(config_of(empty_app), tmp_path / "all.backup") == manifest
        bring_up_to_date(empty_app)
        found = set(session.scalars(select(Lead.ref)))
        assert acknowledged | {before} <= found <= {*written, before}
        if manifest["database"] == "sqlite":
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"


def test_a_restore_never_overwrites(app_on_both: Flask, make_on_both: Making, empty_app: Flask, tmp_path: Path) -> None:
    make_on_both.member()
    write_backup(config_of(app_on_both), tmp_path / "all.backup", at=NOW)
    with pytest.raises(DatabaseInUse):
        restore_backup(config_of(app_on_both), tmp_path / "all.backup")


def test_the_secret_key_comes_along(app: Flask, make: Making, tmp_path: Path) -> None:
    make.member()
    config = dataclasses.replace(config_of(app), data_dir=tmp_path)
    (tmp_path / "secret.key").write_text("of the first machine")
    write_backup(config, tmp_path / "all.backup", at=NOW)
    session.remove()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.key").write_text("of the second machine")
    second = create_app(config_for(f"sqlite:///{folder / 'referrals.db'}", folder))
    bring_up_to_date(second)
    with second.app_context():
        restore_backup(config_of(second), tmp_path / "all.backup")
        assert session.scalar(select(func.count()).select_from(Person)) == 1
    assert (folder / "secret.key").read_text() == "of the first machine"
    assert (folder / "secret.key").stat().st_mode & 0o077 == 0


def forged(file: Path, manifest: str) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", manifest)
        archive.writestr("referrals.db", b"not a database at all" * 100)
    return file


SQLITE = '{"kind": "backup", "format": 1, "database": "sqlite", "schema": "0001"}'


@pytest.mark.parametrize(
    ("manifest", "broken"),
    [
        ("", NotAnArchive),
        ("{}", NotAnArchive),
        (SQLITE, NotAnArchive),
        (SQLITE.replace("backup", "export"), NotAnArchive),
        (SQLITE.replace("0001", "9999"), NewerArchive),
        (SQLITE.replace("1,", "2,", 1), NewerArchive),
        (SQLITE.replace("sqlite", "postgresql"), OtherDatabase),
    ],
)
def test_a_foreign_file_changes_nothing(app: Flask, tmp_path: Path, manifest: str, broken: type[Exception]) -> None:
    before = config_of(app).data_dir.joinpath("referrals.db").read_bytes()
    with pytest.raises(broken):
        restore_backup(config_of(app), forged(tmp_path / "x.backup", manifest))
    assert config_of(app).data_dir.joinpath("referrals.db").read_bytes() == before


def test_a_torn_file_is_not_a_backup(app: Flask, make: Making, tmp_path: Path) -> None:
    write_backup(config_of(app), tmp_path / "all.backup", at=NOW)
    whole = (tmp_path / "all.backup").read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "torn.backup").write_bytes(whole[:length])
        with pytest.raises(NotAnArchive):
            restore_backup(config_of(app), tmp_path / "torn.backup")


def test_what_cannot_be_written_leaves_nothing(app: Flask, tmp_path: Path) -> None:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "all.backup").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_backup(config_of(app), place / "all.backup", at=NOW)
    assert [file.name for file in place.iterdir()] == ["all.backup"]
