"""Measuring two things against each other: alternately in one run, by their medians."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

Doing = Callable[[], Any]


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was compared, its goal, and the ratio that was measured."""

    promise: str
    what: str
    goal: float
    ratio: float
    more: str = ""
    at_least: bool = False
    unit: str = "×"

    @property
    def reached(self) -> bool:
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "ok  " if self.reached else "MISS"
        goal, ratio = f"{sign} {self.goal:g} {self.unit}", f"{self.ratio:.3g} {self.unit}"
        return f"{mark} {self.promise:3} {self.what:44} {goal:>9} {ratio:>9}  {self.more}"


def alternately(*doings: Doing, rounds: int = 15) -> list[float]:
    """Seconds that each takes: the median of so many rounds, in which each is done once, after one for warming up."""
    for doing in doings:
        doing()
    times: list[list[float]] = [[] for _ in doings]
    for _ in range(rounds):
        for doing, taken in zip(doings, times, strict=True):
            started = perf_counter()
            doing()
            taken.append(perf_counter() - started)
    return [median(taken) for taken in times]


def sync_seconds(folder: Path) -> float:
    """What the disk takes to keep a few pages for good: whoever is answered after that alone waits as long."""
    with (folder / "sync").open("wb", buffering=0) as file:

        def keep() -> None:
            file.write(bytes(8 * 4096))
            os.fdatasync(file.fileno())

        return alternately(keep, rounds=50)[0]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"
