"""Everything out of one instance and into another, on whichever databases they are."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from referrals import create_app
from referrals.config import Config
from referrals.db import Base, db, session
from referrals.demo import fill_demo
from referrals.leads.models import Lead
from referrals.people.passwords import Passwords
from referrals.transfer.archive import DatabaseInUse, NotAnArchive
from referrals.transfer.portable import export_everything, load_everything
from tests.conftest import NOW, config_for
from tests.making import Making

NewApp = Callable[[str], Flask]


def config_of(app: Flask) -> Config:
    config: Config = app.extensions["referrals"].config
    return config


@pytest.fixture
def new_app(request: pytest.FixtureRequest, template_database: Path, tmp_path: Path) -> Iterator[NewApp]:
    """Makes applications, each on an empty database of the kind that is named."""
    numbers, made = count(1), []

    def make_app(kind: str) -> Flask:
        folder = tmp_path / f"instance{next(numbers)}"
        folder.mkdir()
        if kind == "sqlite":
            shutil.copyfile(template_database, folder / "referrals.db")
            url = f"sqlite:///{folder / 'referrals.db'}"
        else:
            url = request.getfixturevalue("postgres").fresh()
        made.append(create_app(config_for(url, folder)))
        return made[-1]

    yield make_app
    for app in made:
        with app.app_context():
            session.remove()
            db.engine.dispose()


def everything() -> dict[str, list[Any]]:
    """All rows of all tables; counts of nothing are no counts."""
    found = {}
    for table in Base.metadata.sorted_tables:
        rows = session.execute(select(table).order_by(*table.primary_key)).all()
        found[table.name] = [row for row in rows if table.name != "lead_counts" or row.leads]
    return found


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_everything_arrives_in_the_other_instance(new_app: NewApp, tmp_path: Path, source: str, target: str) -> None:
    first, second = new_app(source), new_app(target)
    with first.app_context():
        fill_demo(Passwords(cheap=True), at=NOW)
        session.commit()
        before = everything()
        export_everything(config_of(first), tmp_path / "all.zip", at=NOW)
        session.remove()
    assert len(before["leads"]) > 40

    with second.app_context():
        load_everything(config_of(second), tmp_path / "all.zip")
        session.commit()
        after = everything()
        assert after.keys() == before.keys()
        for name, rows in before.items():
            assert after[name] == rows, name
        make = Making(second, NOW)
        newcomer = make.lead(make.member(), business_name="บ้านใหม่")
        assert newcomer.id > max(row.id for row in before["leads"]), "ids go on where they stood"
        assert found("บ้าน") == session.scalar(
            select(func.count()).select_from(Lead).where(Lead.search_text.contains("บ้าน"))
        )


def found(term: str) -> int:
    """How many leads the search knows by this term, asked of its index."""
    from referrals.leads.search import count_candidates, search_term

    return count_candidates(search_term(term), None)


def test_loading_never_overwrites(app: Flask, make: Making, tmp_path: Path) -> None:
    make.member()
    export_everything(config_of(app), tmp_path / "all.zip", at=NOW)
    with pytest.raises(DatabaseInUse):
        load_everything(config_of(app), tmp_path / "all.zip")


def test_an_archive_that_lacks_rows_loads_nothing(app: Flask, new_app: NewApp, make: Making, tmp_path: Path) -> None:
    make.lead(make.member())
    export_everything(config_of(app), tmp_path / "all.zip", at=NOW)
    with zipfile.ZipFile(tmp_path / "all.zip") as whole, zipfile.ZipFile(tmp_path / "less.zip", "w") as less:
        for name in whole.namelist():
            less.writestr(name, b"" if name == "tables/leads.jsonl" else whole.read(name))
    empty = new_app("sqlite")
    with empty.app_context():
        with pytest.raises(NotAnArchive):
            load_everything(config_of(empty), tmp_path / "less.zip")
        session.rollback()
        assert session.scalar(text("SELECT count(*) FROM persons")) == 0
        assert session.scalar(text("SELECT count(*) FROM products")) == 2, "what was there still is"


def test_an_archive_is_lines_of_json(app: Flask, make: Making, tmp_path: Path) -> None:
    lead = make.lead(make.member(), business_name="Zażółć")
    manifest = export_everything(config_of(app), tmp_path / "all.zip", at=NOW)
    assert manifest["rows"]["leads"] == 1
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        (line,) = archive.read("tables/leads.jsonl").decode().splitlines()
    assert json.loads(line)["business_name"] == "Zażółć"
    assert json.loads(line)["ref"] == lead.ref
