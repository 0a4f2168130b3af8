"""What tests share: an application on a file database that is copied from a migrated template for each test."""

import itertools
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine

from referrals import create_app
from referrals.config import Config
from referrals.db import db, session
from referrals.serving import bring_up_to_date
from tests import quick_files
from tests.making import Making
from tests.postgres import NoServer, running

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STRICT = os.environ.get("REFERRALS_TEST_STRICT") == "1"
quick_files.use()


def missing(what: str) -> None:
    """Skip for want of a tool; on the gate, where everything is installed, that is a failure."""
    if STRICT:
        pytest.fail(f"missing: {what}")
    pytest.skip(f"missing: {what}")


def config_for(database_url: str, data_dir: Path, **changes: object) -> Config:
    """Settings as an operator would have them, with hashing at its cheapest and no limits on use."""
    settings: dict[str, object] = {
        "database_url": database_url,
        "data_dir": data_dir,
        "secret_key": "for-tests-alone",
        "base_url": "http://127.0.0.1:8000",
        "second_factor": "optional",
        "scheduler": False,
        "cheap_hashing": True,
        "limits": False,
    }
    return Config(**(settings | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def template_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, made once per worker and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    file = folder / "template.db"
    app = create_app(config_for(f"sqlite:///{file}", folder))
    bring_up_to_date(app)
    with app.app_context():
        db.engine.dispose()
    return file


@pytest.fixture(scope="session")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """One application per worker; its database file is replaced for each test."""
    folder = tmp_path_factory.mktemp("app")
    return create_app(config_for(f"sqlite:///{folder / 'referrals.db'}", folder))


@pytest.fixture
def app(shared_app: Flask, template_database: Path) -> Iterator[Flask]:
    """The application on a fresh database, inside its context."""
    config: Config = shared_app.extensions["referrals"].config
    file = Path(config.database_url.removeprefix("sqlite:///"))
    with shared_app.app_context():
        session.remove()
        db.engine.dispose()
        for leftover in file.parent.glob(f"{file.name}*"):
            leftover.unlink()
        shutil.copyfile(template_database, file)
        yield shared_app
        session.remove()


@pytest.fixture
def at() -> datetime:
    """The moment at which a test plays."""
    return NOW


@pytest.fixture
def make(app: Flask, at: datetime) -> Making:
    """Makes partners, people and leads."""
    return Making(app, at)


class Postgres:
    """A server with a migrated template database, copied for each test."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self.numbers = itertools.count(1)
        self.prefix = f"t{os.getpid()}"
        self.template = f"{self.prefix}_template"
        self.command(f"CREATE DATABASE {self.template}")
        app = create_app(config_for(self.url(self.template), folder))
        bring_up_to_date(app)
        with app.app_context():
            db.engine.dispose()

    def url(self, name: str) -> str:
        return self.address.replace("{}", name) if "{}" in self.address else f"{self.address}/{name}"

    def command(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def fresh(self) -> str:
        """The URL of a new, migrated database."""
        name = f"{self.prefix}_{next(self.numbers)}"
        self.command(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server, one per worker."""
    try:
        with running() as address:
            yield Postgres(address, tmp_path_factory.mktemp("pg"))
    except NoServer:
        missing("a PostgreSQL server")


@pytest.fixture(params=["sqlite", "postgresql"])
def app_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application of its own on a fresh database: a test that asks for it runs on both databases."""
    if request.param == "sqlite":
        file = tmp_path / "referrals.db"
        shutil.copyfile(request.getfixturevalue("template_database"), file)
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("postgres").fresh()
    made = create_app(config_for(url, tmp_path))
    with made.app_context():
        yield made
        session.remove()
        db.engine.dispose()


@pytest.fixture
def make_on_both(app_on_both: Flask, at: datetime) -> Making:
    """Makes partners, people and leads on the database under test."""
    return Making(app_on_both, at)
