"""The serving process killed under the load of a shop: what was answered is there, what was not is sent again (P4)."""

import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.money_served import KINDS, TOP_UP_MINOR, Shopfront, ShopServer, furnish
from tests.faults.money_wholeness import money_census, money_faults_of
from tests.faults.served import NoAnswer, ready_within
from tests.faults.test_kill import SEED, replay
from tests.test_cli import Shell

ROUNDS = 8
PER_CLIENT = 1_000
Serve = Callable[..., ShopServer]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Shopfront:
    return furnish(tmp_path_factory.mktemp("front"))


@pytest.fixture
def server(front: Shopfront, tmp_path: Path) -> Iterator[Serve]:
    """Makes servers on one copy of the shop's folder."""
    shutil.copytree(front.folder, tmp_path / "data")
    made: list[ShopServer] = []

    def make(**more: str) -> ShopServer:
        made.append(ShopServer(front, tmp_path / "data", **more))
        return made[-1]

    yield make
    for one in made:
        one.end()


class ShopLoad:
    """The platform, buyers and the merchant, as fast as they can, until nobody answers."""

    def __init__(self, server: ShopServer, round_: int) -> None:
        self.server = server
        self.first = round_ * PER_CLIENT * len(KINDS)
        self.stored: list[tuple[str, str]] = []
        self.unanswered: list[tuple[str, int]] = []
        self.refused: list[tuple[str, int]] = []
        self.threads = [threading.Thread(target=self.work, args=(client,)) for client in range(len(KINDS))]

    def work(self, client: int) -> None:
        kind, first = KINDS[client], self.first + client * PER_CLIENT
        for number in range(first, first + PER_CLIENT):
            try:
                status, trace = self.server.do(kind, number)
            except NoAnswer:
                self.unanswered.append((kind, number))
                return
            if not 200 <= status < 300:
                self.refused.append((kind, status))
                return
            self.stored.append((kind, trace))

    def __enter__(self) -> "ShopLoad":
        for thread in self.threads:
            thread.start()
        while {kind for kind, _ in self.stored} != set(KINDS) and any(thread.is_alive() for thread in self.threads):
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self.threads:
            thread.join()


def settle(server: ShopServer, load: ShopLoad) -> None:
    """After the crash: what was answered is there, and what was not is sent again and then answered."""
    known = server.traces()
    for kind, trace in load.stored:
        assert trace in known[kind], f"the {kind} {trace} was answered and is gone; {replay()}"
    for kind, number in load.unanswered:
        if kind != "click":
            status, trace = server.do(kind, number)
            assert 200 <= status < 300, f"{kind} {number}: {status}; {replay()}"
            load.stored.append((kind, trace))


def loads_with_kills(server: ShopServer, rounds: int) -> Iterator[ShopLoad]:
    """Load and kill the server, start it again and settle, so many times; it runs in the end."""
    chance = random.Random(SEED)
    server.start()
    for round_ in range(rounds):
        with ShopLoad(server, round_) as load:
            time.sleep(chance.uniform(0, 0.4))
            server.kill()
        assert load.refused == [], replay()
        seconds = server.start()
        assert seconds < ready_within(), f"ready after {seconds:.1f} s; {replay()}"
        settle(server, load)
        yield load


def test_orders_clicks_and_money_survive_kills_and_runs_go_on(server: Serve) -> None:
    here = server()
    stored: set[tuple[str, str]] = set()
    for load in loads_with_kills(here, ROUNDS):
        stored.update(load.stored)
    assert here.stop() == 0
    shell = Shell(here.folder)
    shell.json("settle", "--shop", "tea")
    assert shell.json("ledger", "check")["ok"] is True
    assert money_faults_of(here.database) == [], replay()
    orders, top_ups = (len({trace for kind, trace in stored if kind == one}) for one in ("webhook", "top_up"))
    census = money_census(here.database)
    assert (census["orders"], census["commissions"], census["deliveries"]) == (orders, orders, orders), replay()
    assert census["held by outside"] == -top_ups * TOP_UP_MINOR, replay()
    assert census["settled "] == min(orders, top_ups * TOP_UP_MINOR // 1_750), replay()


def test_the_harness_notices_answers_that_come_before_their_commit(server: Serve) -> None:
    with pytest.raises(AssertionError, match="is gone"):
        list(loads_with_kills(server(program="tests.faults.answering_too_early"), 5))
