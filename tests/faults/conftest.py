"""What work there is to be disturbed, and servers on data folders of their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from referrals.cli import imports as commands
from referrals.transfer import operations as imports
from tests.faults.served import Server
from tests.faults.works import PORTION, Works
from tests.making import Making
from tests.settlement.selling import Selling
from tests.test_cli import Shell


@pytest.fixture
def works(app: Flask, make: Making, monkeypatch: pytest.MonkeyPatch) -> Works:
    """Ways by which leads come in; imports take in portions of two lines."""
    monkeypatch.setattr(commands, "PORTION", PORTION)
    monkeypatch.setattr(imports, "PORTION", PORTION)
    return Works(app, make)


@pytest.fixture
def sales_on_both(make_on_both: Making) -> Selling:
    return Selling(make_on_both)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with a representative and a partner, made by the commands, and the partner's key."""
    folder = tmp_path_factory.mktemp("furnished")
    shell = Shell(folder)
    passphrase = "a good long passphrase\n"
    shell.json("create-rep", "rita@example.org", "Rita Romero", "--password-stdin", text=passphrase)
    made = shell.json("create-partner", "North", "anna@example.org", "--password-stdin", text=passphrase)
    return folder, made["api_key"]


@pytest.fixture
def server(furnished: tuple[Path, str], tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers on one copy of that folder: `server()`, or with settings as keywords; none is started yet."""
    folder, key = furnished
    shutil.copytree(folder, tmp_path / "data")
    made: list[Server] = []

    def make(**settings: str) -> Server:
        made.append(Server(tmp_path / "data", key, **settings))
        return made[-1]

    yield make
    for one in made:
        one.end()
