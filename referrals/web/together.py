"""Small writes of several requests in one transaction, since it is the disk that they wait for (`PROMISES`, S7)."""

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

from referrals.db import session, writing

T = TypeVar("T")
MOST = 64


class Interrupted(Exception):
    """The process ends while somebody was written."""


class Turn(Generic[T]):
    """One request's write, and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None

    def take(self) -> None:
        self.result = self.work()

    def answer(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class Together:
    """Whoever comes while another one waits for the disk is written by the first of those who wait, for all of them.

    A write is a function that can be done again: one that fails fails alone, and the others are done without it.
    Nobody is answered before their write is committed. On PostgreSQL, which does this itself, each one commits alone.
    """

    def __init__(self) -> None:
        self.gate = Lock()
        self.waiting: deque[Turn[Any]] = deque()

    def write(self, work: Callable[[], T]) -> T:
        """Do this and commit it; raises whatever it raises."""
        turn = Turn(work)
        if session.get_bind().dialect.name == "postgresql":
            self.commit([turn])
        else:
            self.waiting.append(turn)
            with self.gate:
                while not turn.done:
                    self.commit_waiting()
        found: T = turn.answer()
        return found

    def commit_waiting(self) -> None:
        batch = [self.waiting.popleft() for _ in range(min(len(self.waiting), MOST))]
        try:
            self.commit(batch)
        except Exception:
            for turn in batch:
                self.commit_alone(turn)
        except BaseException as end:
            for turn in batch:
                turn.error = Interrupted(str(end))
            raise
        finally:
            for turn in batch:
                turn.done = True

    def commit(self, batch: list[Turn[Any]]) -> None:
        with writing():
            for turn in batch:
                turn.take()
            session.commit()

    def commit_alone(self, turn: Turn[Any]) -> None:
        try:
            self.commit([turn])
        except Exception as error:
            turn.error = error
