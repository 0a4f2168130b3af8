"""Writers of one process take turns on SQLite, which by itself only looks again, every tenth of a second at worst."""

from collections import deque
from threading import Event, RLock, get_ident
from typing import Any

TURN = "turn"


class Turn:
    """What a thread holds while it writes, or waits to."""

    def __init__(self) -> None:
        self.thread = get_ident()
        self.called = Event()


class Turns:
    """One turn at a time, in the order in which they were asked for; the database's own lock is what keeps them apart.

    Who waits too long, or writes by another connection already, goes on without, and the database tells what it tells
    of writers in other processes. What is noted of a connection is its turn.
    """

    def __init__(self, patience_seconds: float) -> None:
        self.patience_seconds = patience_seconds
        # The collector may return a connection that was lost, in the middle of anything.
        self.guard = RLock()
        self.line: deque[Turn] = deque()
        self.current: Turn | None = None

    def take(self, note: dict[str, Any]) -> None:
        """Wait for the turn of this connection."""
        held = self.current
        if TURN in note or (held is not None and held.thread == get_ident()):
            return
        turn = Turn()
        with self.guard:
            self.line.append(turn)
            if self.current is None:
                self.call_next()
        try:
            turn.called.wait(self.patience_seconds)
        finally:
            with self.guard:
                if self.current is turn:
                    note[TURN] = turn
                else:
                    self.line.remove(turn)

    def give_back(self, note: dict[str, Any]) -> None:
        """The connection is done with; whoever waits longest is next."""
        if note.pop(TURN, None) is not None:
            with self.guard:
                self.current = None
                self.call_next()

    def call_next(self) -> None:
        if self.line:
            self.current = self.line.popleft()
            self.current.called.set()
