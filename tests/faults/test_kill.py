"""The serving process killed, stopped and doubled under load (P4, P9 for mails, P16)."""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from tests.faults.served import Answer, NoAnswer, Server, ready_within
from tests.faults.wholeness import faults_of

ROUNDS = 20
CLIENTS = 6
WAITING, SECONDS_TO_COME_IN, SECONDS_TO_STOP_WRONGLY = 12, 1.5, 6
STOPS = 3
SEED = int(os.environ.get("REFERRALS_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
Serve = Callable[..., Server]


def replay() -> str:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
    return f"again: REFERRALS_TEST_SEED={SEED} python -m pytest '{test}'"


class Load:
    """Several partners' programs that submit leads as fast as they can, until nobody answers."""

    def __init__(self, server: Server, name: str) -> None:
        self.server = server
        self.name = name
        self.stored: dict[str, str] = {}
        self.unanswered: list[str] = []
        self.refused: list[Answer] = []
        self.threads = [threading.Thread(target=self.submit, args=(client,)) for client in range(CLIENTS)]

    def submit(self, client: int) -> None:
        for number in range(10_000):
            name = f"{self.name}-{client}-{number}"
            try:
                answer = self.server.submit(name)
            except NoAnswer:
                self.unanswered.append(name)
                return
            if answer.status != 201:
                self.refused.append(answer)
                return
            self.stored[name] = answer.body["ref"]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        while len(self.stored) < CLIENTS and any(thread.is_alive() for thread in self.threads):
            time.sleep(0.005)
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self.threads:
            thread.join()


def settle(server: Server, load: Load) -> None:
    """After the crash: what was answered is there, and what was not is sent again and then answered."""
    for name, ref in load.stored.items():
        answer = server.call("GET", f"/api/v1/leads/{ref}")
        assert answer.status == 200, f"{name} was answered 201 as {ref} and is gone: {answer}; {replay()}"
        assert answer.body["business_name"] == name, replay()
    for name in load.unanswered:
        answer = server.submit(name)
        assert answer.status == 201, f"{name}: {answer}; {replay()}"
        load.stored[name] = answer.body["ref"]


def loads_with_kills(server: Server, rounds: int) -> Iterator[Load]:
    """Load and kill the server, start it again and settle, so many times; it runs in the end."""
    chance = random.Random(SEED)
    server.start()
    for number in range(rounds):
        with Load(server, f"round{number}") as load:
            time.sleep(chance.uniform(0, 0.4))
            server.kill()
        assert load.refused == [], replay()
        seconds = server.start()
        assert seconds < ready_within(), f"ready after {seconds:.1f} s; {replay()}"
        settle(server, load)
        yield load


def test_what_was_answered_survives_twenty_kills(server: Serve) -> None:
    here = server()
    stored = {ref: name for load in loads_with_kills(here, ROUNDS) for name, ref in load.stored.items()}
    assert dict(here.leads()) == stored, replay()
    assert len(here.leads()) == len(stored) > ROUNDS * CLIENTS, replay()
    assert here.stop() == 0
    assert faults_of(here.database) == [], replay()


def test_the_harness_notices_answers_that_come_before_their_commit(server: Serve) -> None:
    with pytest.raises(AssertionError, match="is gone"):
        list(loads_with_kills(server(program="tests.faults.answering_too_early"), 5))


def test_a_server_that_is_told_to_stop_answers_what_it_has_begun(server: Serve) -> None:
    here = server()
    here.start()
    answers: dict[str, Answer | NoAnswer] = {}

    def submit(name: str) -> None:
        try:
            answers[name] = here.submit(name)
        except NoAnswer as none:
            answers[name] = none

    waiting = [threading.Thread(target=submit, args=(f"shop{number}",)) for number in range(WAITING)]
    with write_lock(here):
        for thread in waiting:
            thread.start()
        time.sleep(SECONDS_TO_COME_IN)
        here.ask_to_stop()
        time.sleep(SECONDS_TO_STOP_WRONGLY)
    for thread in waiting:
        thread.join()
    assert here.running.wait(40) == 0
    assert [getattr(answer, "status", answer) for answer in answers.values()] == [201] * WAITING


@contextmanager
def write_lock(server: Server) -> Iterator[None]:
    """Nobody else writes meanwhile, so that requests pile up."""
    with closing(sqlite3.connect(server.folder / "referrals.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def test_a_server_stopped_under_load_stores_nothing_it_did_not_answer(server: Serve) -> None:
    here = server()
    stored: dict[str, str] = {}
    for number in range(STOPS):
        here.start()
        with Load(here, f"stop{number}") as load:
            here.ask_to_stop()
        assert here.running.wait(40) == 0
        assert load.refused == []
        stored |= load.stored
    here.start()
    assert sorted(here.leads()) == sorted((ref, name) for name, ref in stored.items())
