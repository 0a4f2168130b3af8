"""Several things at the same moment, as several people at several servers would do them."""

import threading
from collections.abc import Callable

from flask import Flask

from referrals.db import session
from referrals.errors import RuleBroken


def at_once(app: Flask, works: list[Callable[[], object]]) -> list[str]:
    """Do all of these at the same moment, each in a thread and session of its own; answers what became of each."""
    session.rollback()
    barrier = threading.Barrier(len(works))
    results: list[str] = []

    def run(work: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                work()
                session.commit()
                results.append("stored")
            except RuleBroken as broken:
                session.rollback()
                results.append(type(broken).__name__)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results
