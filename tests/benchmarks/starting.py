"""How long a start takes until the first page, and how much memory the serving process holds."""

import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from flask import Flask

from referrals.config import ROOT
from tests.benchmarks.measuring import Figure, alternately, ms

# What a serving process has loaded of others, found by asking one; Python's own modules come with them.
LIST = """
import sys
from pathlib import Path
import referrals.cli, referrals.serving
from referrals import create_app
from tests.conftest import config_for
folder = Path(sys.argv[1])
create_app(config_for(f"sqlite:///{folder / 'empty.db'}", folder)).test_client().get("/healthz")
print("\\n".join(name for name in sys.modules if name.partition(".")[0] not in {"referrals", "tests", "__main__"}))
"""
IMPORT = """
import importlib, sys
for name in open(sys.argv[1]).read().split():
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def starting(app: Flask) -> Iterator[Figure]:
    """S12: from nothing to the first page against importing the dependencies; resident memory after some pages."""
    database = app.config["SQLALCHEMY_DATABASE_URI"]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "modules"
        listed.write_text(run(LIST, folder))
        resident: list[int] = []
        start, imports = alternately(
            lambda: resident.append(first_page(database, folder)), lambda: run(IMPORT, str(listed)), rounds=9
        )
        yield Figure("S12", "start to first page against imports", 1.3, start / imports, f"{ms(start)} : {ms(imports)}")
        yield Figure("S12", "resident memory while serving", 80, max(resident) / 1024, unit="MiB")


def run(program: str, argument: str) -> str:
    command = [sys.executable, "-c", program, argument]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def first_page(database: str, folder: str) -> int:
    """Serve, fetch the login page, stop; the resident memory of the server in KiB."""
    environment = {
        "REFERRALS_DATABASE_URL": database,
        "REFERRALS_DATA_DIR": folder,
        "REFERRALS_SECRET_KEY": "for-benchmarks-alone-and-long-enough",
        "REFERRALS_BASE_URL": "http://127.0.0.1:8000",
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", "referrals.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().rsplit(maxsplit=1)[-1]
        with urllib.request.urlopen(f"{address}/login") as answer:
            assert answer.status == 200
        status = Path(f"/proc/{server.pid}/status").read_text()
        server.terminate()
    return int(status.partition("VmRSS:")[2].split()[0])
