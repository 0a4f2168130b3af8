"""A real server in a process of its own, and a real Chromium before it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from referrals import create_app
from referrals.config import ROOT
from referrals.db import db, session
from tests.conftest import config_for, missing
from tests.making import PASSWORD, Making

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser itself."""
    if not CHROMIUM:
        missing("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Site:
    """A running server: its address, its data folder, and a workshop on its database."""

    url: str
    folder: Path
    make: Making
    process: subprocess.Popen[str]


def start(
    folder: Path, port: int = 0, module: str = "referrals.cli", **settings: str
) -> tuple[subprocess.Popen[str], str]:
    """Start `referrals serve`; answers the process and its address once it can be asked."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REFERRALS_")}
    environment |= {
        "REFERRALS_DATA_DIR": str(folder),
        "REFERRALS_SECRET_KEY": "for-tests-alone",
        "REFERRALS_SECOND_FACTOR": "optional",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=(folder / "log").open("w"), text=True,
    )  # fmt: skip
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found, (folder / "log").read_text()
    return process, found.group()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, template_database: Path) -> Iterator[Site]:
    """One server for all browser tests; each test makes its own people."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copyfile(template_database, folder / "referrals.db")
    process, url = start(folder)
    app = create_app(config_for(f"sqlite:///{folder / 'referrals.db'}", folder))
    with app.app_context():
        yield Site(url, folder, Making(app, datetime.now(UTC)), process)
        session.remove()
        db.engine.dispose()
    process.terminate()
    process.wait(20)


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Opens a page in a browser of its own, signed in as somebody where an e-mail is given."""
    contexts: list[BrowserContext] = []

    def open_page(email: str = "", path: str = "/", **context: Any) -> Page:
        made = chromium.new_context(
            base_url=site.url, **{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"} | context
        )
        contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(15_000)
        page.errors = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
        page.on("console", lambda line: page.errors.append(line.text) if line.type == "error" else None)  # type: ignore[attr-defined]
        if email:
            page.goto("/login")
            page.fill("#email", email)
            page.fill("#password", PASSWORD)
            page.click("main button.primary")
            page.wait_for_url(re.compile(r"/(?!login)"))
        page.goto(path)
        return page

    yield open_page
    session.rollback()
    for context in contexts:
        context.close()


def wait_for(condition: Callable[[], Any], seconds: float = 15) -> Any:
    """Ask again and again until there is an answer."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("waited in vain")
