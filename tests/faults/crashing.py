"""Kills a working process before each of its SQL statements in turn, and looks at what it left behind.

The work runs in a fork of the test, on a database file (or server) that outlives it. Step n is the n-th statement,
COMMIT, or moment just after a COMMIT. After each death the census of the database must fit, nothing may be half
there, and the same work, done again, must end as if nothing had happened.
"""

import json
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from flask import Flask
from sqlalchemy import NullPool, create_engine, event, make_url

from referrals.db import db, session
from tests.faults.wholeness import Census, census, faults_of

# Names one step for a replay: REFERRALS_TEST_CRASH_AT=17 pytest …
ONLY = int(os.environ.get("REFERRALS_TEST_CRASH_AT", "0"))
PATIENCE_SECONDS = 60
# Done once in the test itself, so that the forks inherit its compiled statements and templates.
REHEARSAL = 999_999
DOES_NOT_WORK = "does not work even when it is left alone"
Work = Callable[[int], object]
# What an undisturbed run adds to the database, what this one left; answers what is wrong with it, or nothing.
Fits = Callable[[Census, Census], str]


@dataclass(frozen=True)
class Ending:
    """How a run in a process of its own ended, and the steps it had come to."""

    killed: bool
    answer: Any = None
    error: str = ""
    steps: list[str] = field(default_factory=list)

    @property
    def committed(self) -> int:
        """How many commits had come back when it ended."""
        return self.steps.count("after COMMIT")


@dataclass(frozen=True)
class Look:
    """How a database is looked at: what there is of everything, and what is wrong."""

    census: Callable[[str], Census]
    faults: Callable[[str], list[str]]


LEADS = Look(census, faults_of)


def all_or_nothing(whole: Census, left: Census) -> str:
    """One transaction: everything or nothing."""
    return "" if left in ({}, whole) else f"neither everything nor nothing: {left} of {whole}"


def crash_everywhere(
    app: Flask,
    work: Work,
    *,
    fits: Fits = all_or_nothing,
    first: int = 1,
    every: int = 1,
    look: Look = LEADS,
    put_back_servers: bool = False,
) -> Iterator[str]:
    """Run `work(n)` once for each of its steps, each time killed before that step; yields what is found wrong.

    `work` commits what it does, on another prospect for each number, and answers the same whether it did everything
    itself or found it done. It runs in the app's context, in a session of its own. A database file is put back before
    each run, one on a server where that is asked for: then each number may mean the same. `first` and `every`: with
    which steps it begins and goes on.
    """
    url = app.extensions["referrals"].config.database_url
    work(REHEARSAL)
    restore = keep(url, servers=put_back_servers)
    before = look.census(url)
    smooth = attempt(app, work, 0)
    if smooth.error or smooth.killed:
        yield f"{DOES_NOT_WORK}: {smooth.error}"
        return
    whole = look.census(url) - before
    yield from look.faults(url)
    for step in (ONLY,) if ONLY else count(first, every):
        before = before if restore() else look.census(url)
        ending = attempt(app, work, step, crash_at=step)
        if not ending.killed:
            if ending.answer != smooth.answer:
                yield f"ends otherwise: {ending}"
            return
        wrong = [*after_the_crash(url, look, before, whole, ending, smooth, fits)]
        again = attempt(app, work, step)
        if again.answer != smooth.answer:
            wrong.append(f"done again it ends otherwise: {again.answer} {again.error}")
        made = look.census(url) - before
        if made != whole:
            wrong.append(f"done again it makes {made} instead of {whole}")
        wrong += look.faults(url)
        yield from (f"{place(step, ending)}: {one}\n{replay(step)}" for one in dict.fromkeys(wrong))


def keep(url: str, *, servers: bool) -> Callable[[], bool]:
    """Remember a database as it is; the answer puts it back. Without `servers` one there goes on with what it has."""
    session.remove()
    db.engine.dispose()
    if not url.startswith("sqlite"):
        return keep_on_server(url) if servers else lambda: False
    file = Path(url.removeprefix("sqlite:///"))
    content = file.read_bytes()

    def restore() -> bool:
        for leftover in file.parent.glob(f"{file.name}-*"):
            leftover.unlink()
        file.write_bytes(content)
        return True

    return restore


def keep_on_server(url: str) -> Callable[[], bool]:
    name = make_url(url).database
    server = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)

    def command(*statements: str) -> None:
        with server.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    command(f"CREATE DATABASE {name}_kept TEMPLATE {name}")

    def restore() -> bool:
        session.remove()
        db.engine.dispose()
        command(f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {name}_kept")
        return True

    return restore


def after_the_crash(
    url: str, look: Look, before: Census, whole: Census, ending: Ending, smooth: Ending, fits: Fits
) -> Iterator[str]:
    yield from look.faults(url)
    left = look.census(url) - before
    complaint = fits(whole, left)
    if complaint:
        yield complaint
    if ending.committed == smooth.committed and left != whole:
        yield "what was committed is lost"


def attempt(app: Flask, work: Work, number: int, *, crash_at: int = 0) -> Ending:
    """Do the work in a fork; with `crash_at` it kills itself before that step, if it comes so far."""
    session.remove()
    db.engine.dispose()
    hears, tells = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hears)
        live(work, number, crash_at, tells)
    os.close(tells)
    with os.fdopen(hears, encoding="utf-8") as stream:
        told = [json.loads(line) for line in stream]
    _, status = os.waitpid(child, 0)
    steps = [line["step"] for line in told if "step" in line]
    if os.WIFSIGNALED(status):
        died_of = signal.Signals(os.WTERMSIG(status))
        if died_of != signal.SIGKILL:
            return Ending(False, error=f"died of {died_of.name} after {steps[-3:]}", steps=steps)
        return Ending(True, steps=steps)
    return Ending(False, told[-1].get("answer"), told[-1].get("error", ""), steps)


def live(work: Work, number: int, crash_at: int, tells: int) -> NoReturn:
    """What the forked process does; it never comes back."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE_SECONDS)
    passed = count(1)

    def tell(line: dict[str, Any]) -> None:
        os.write(tells, json.dumps(line).encode() + b"\n")

    def step(name: str) -> None:
        tell({"step": name})
        if next(passed) == crash_at:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        watch(step)
        tell({"answer": work(number)})
    except BaseException:
        tell({"error": traceback.format_exc()})
    os._exit(0)


def watch(step: Callable[[str], None]) -> None:
    """Call `step` before every statement and COMMIT of this process, and after every COMMIT."""
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: step(statement))
    event.listen(db.engine, "commit", lambda _connection: step("COMMIT"))
    event.listen(session, "after_commit", lambda _session: step("after COMMIT"))


def place(step: int, ending: Ending) -> str:
    return f"killed at step {step}, before {' '.join(ending.steps[-1].split())[:90]!r}"


def replay(step: int) -> str:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
    return f"    again: REFERRALS_TEST_CRASH_AT={step} python -m pytest '{test}'"
