"""The real server as a process of its own on a data folder, and a partner's program that calls it."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from referrals.config import ROOT

READY_WITHIN_SECONDS = 5
# On a machine so slow that importing the application alone takes longer, ready is measured against that.
READY_WITHIN_IMPORTS = 3
PATIENCE_SECONDS = 30


@cache
def ready_within() -> float:
    """Seconds in which a server must be ready here: five, or some times what importing it takes."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import referrals.cli"], check=True, cwd=ROOT)
    return max(READY_WITHIN_SECONDS, READY_WITHIN_IMPORTS * (time.monotonic() - began))


class NoAnswer(Exception):
    """The connection ended before a whole answer had come."""


@dataclass(frozen=True)
class Answer:
    """What came back: its status, and its body read as JSON."""

    status: int
    body: Any


class Server:
    """`referrals serve` on a data folder; it can be killed and started again."""

    def __init__(self, folder: Path, key: str, *, program: str = "referrals.cli", **settings: str) -> None:
        self.folder = folder
        self.key = key
        self.program = program
        self.database = f"sqlite:///{folder / 'referrals.db'}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REFERRALS_")},
            "REFERRALS_DATA_DIR": str(folder),
            **settings,
        }
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def start(self) -> float:
        """Start, wait until it is ready, and answer how many seconds that took, without those on a busy machine."""
        began = time.monotonic()
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.program, "serve", "--port", "0"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment, cwd=ROOT,
            )  # fmt: skip
        assert self.process.stdout
        told = self.process.stdout.readline()
        assert "http://" in told, f"it does not start: {told}{(self.folder / 'log').read_text()[-2000:]}"
        self.address = urlsplit(told.split()[-1]).netloc
        while not self.is_ready():
            assert time.monotonic() - began < PATIENCE_SECONDS, "it does not become ready"
            time.sleep(0.02)
        return time.monotonic() - began - self.seconds_without_a_core()

    def seconds_without_a_core(self) -> float:
        """How long it could have worked while every core was busy with something else, where the system counts that."""
        try:
            return int(Path(f"/proc/{self.running.pid}/schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz").status == 200
        except NoAnswer:
            return False

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Call with the partner's key. Raises NoAnswer when there is none, or half a one."""
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        status, _, told = self.send(method, path, None if body is None else json.dumps(body).encode(), sent)
        return Answer(status, json.loads(told))

    def send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send these bytes; answers status, headers and body. Raises NoAnswer when there is none, or half a one."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(repr(error)) from None
        finally:
            connection.close()

    def submit(self, name: str) -> Answer:
        """Submit the prospect of this name, under an Idempotency-Key of the same name."""
        body = {
            "product": "plus",
            "contact_name": "Ana",
            "contact_email": f"{name}@example.org",
            "business_name": name,
            "country": "PL",
            "sales_support": True,
        }
        return self.call("POST", "/api/v1/leads", body, **{"Idempotency-Key": name})

    def leads(self) -> list[tuple[str, str]]:
        """Reference and business name of all leads, page after page."""
        found: list[tuple[str, str]] = []
        path = "/api/v1/leads?sort=submitted_at"
        while path:
            page = self.call("GET", path).body
            found += [(lead["ref"], lead["business_name"]) for lead in page["items"]]
            path = f"/api/v1/leads?sort=submitted_at&cursor={page['next']}" if page["next"] else ""
        return found

    def kill(self) -> None:
        """Like a power cut for this process alone: it does nothing any more."""
        self.running.kill()
        self.running.wait()

    def ask_to_stop(self) -> None:
        self.running.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Ask it to stop; answers its exit code."""
        self.ask_to_stop()
        return self.running.wait(PATIENCE_SECONDS)

    def end(self) -> None:
        """Whatever became of it, leave no process behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.process is not None and self.process.stdout:
            with contextlib.suppress(OSError):
                self.process.stdout.close()
