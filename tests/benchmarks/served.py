"""Servers as processes of their own, and many who ask them at once."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Barrier
from time import perf_counter
from urllib.parse import urlsplit

from flask import Flask

from referrals.config import ROOT

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
OURS = ("referrals.cli", "serve", "--port", "0")
Ask = Callable[[], bytes]


@contextmanager
def serving(app: Flask, module: str, *arguments: str, scheduler: bool = False) -> Iterator[str]:
    """A process that serves the database of this application; answers its host and port."""
    config = app.extensions["referrals"].config
    environment = {
        "REFERRALS_DATABASE_URL": config.database_url,
        "REFERRALS_DATA_DIR": str(config.data_dir),
        "REFERRALS_SECRET_KEY": config.secret_key,
        "REFERRALS_BASE_URL": "http://127.0.0.1:8000",
        "REFERRALS_SCHEDULER": "on" if scheduler else "off",
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-m", module, *arguments]
    log = Path(config.data_dir) / "log"
    with (
        log.open("a") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as server,
    ):
        assert server.stdout is not None
        told = server.stdout.readline()
        assert "http://" in told, log.read_text()[-2000:]
        try:
            yield urlsplit(told.split()[-1]).netloc
        finally:
            server.terminate()


class Connection:
    """One who asks, over a connection that stays open."""

    def __init__(self, address: str) -> None:
        host, _, port = address.partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self.socket.close()

    def ask(self, request: bytes, status: bytes) -> float:
        """Seconds until the whole answer is there; it must have this status."""
        began = perf_counter()
        self.socket.sendall(request)
        answer = b""
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self.receive()
        length = LENGTH.search(answer)
        while length and len(answer) < end + 4 + int(length[1]):
            answer += self.receive()
        assert answer.split(b" ", 2)[1] == status, answer
        return perf_counter() - began

    def receive(self) -> bytes:
        received = self.socket.recv(65536)
        assert received, "the server closed the connection"
        return received


@dataclass(frozen=True)
class Kind:
    """A kind of request: whom it asks, with what, and the status that answers it."""

    address: str
    ask: Ask
    status: bytes


@dataclass
class Times:
    """Seconds of each request, and for each portion of requests seconds that one took of all."""

    each: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Seconds a request, with so many asking at once: the median of the portions."""
        return median(self.shares)

    def percentile(self, percent: float) -> float:
        ordered = sorted(self.each)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def in_turn(
    kinds: Mapping[str, Kind], clients: int, requests: int, *, portion: int = 25, until: Callable[[], bool] = bool
) -> dict[str, Times]:
    """Ask portions of each kind in turn, so many clients at once, until there are enough or `until` says so.

    The first portion of each is for warming up.
    """
    found = {name: Times() for name in kinds}
    with ExitStack() as stack, ThreadPoolExecutor(clients) as pool:
        gate = Barrier(clients + 1)
        lines = {
            name: [stack.enter_context(closing(Connection(kind.address))) for _ in range(clients)]
            for name, kind in kinds.items()
        }
        for turn in range(1 + -(-requests // (portion * clients))):
            for name, kind in kinds.items():
                asked = [pool.submit(ask_portion, line, kind, portion, gate) for line in lines[name]]
                gate.wait()
                began = perf_counter()
                each = [seconds for one in asked for seconds in one.result()]
                if turn:
                    found[name].each += each
                    found[name].shares.append((perf_counter() - began) / len(each))
            if turn > 1 and until():
                break
    return found


def ask_portion(line: Connection, kind: Kind, portion: int, gate: Barrier) -> list[float]:
    # Made before the clock runs: signing an order costs as much as asking for a page.
    requests = [kind.ask() for _ in range(portion)]
    gate.wait()
    return [line.ask(request, kind.status) for request in requests]


def request_of(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as it goes over the line."""
    told = {"Host": "127.0.0.1", "User-Agent": "Mozilla/5.0 (iPhone)", **headers}
    if body:
        told |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
