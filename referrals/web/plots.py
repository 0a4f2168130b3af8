"""Plots as SVG: bars by day, with the period before soft behind them. Heights are whole points of the drawing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from babel import dates

from referrals.web.filters import dates_locale
from referrals.web.filters import day as spoken_day

HEIGHT = 146
BASE = 172
WIDE, NARROW = 44, 30


@dataclass(frozen=True)
class Bar:
    """One day: where it stands, how high, and what it says."""

    day: str
    label: str
    x: int
    height: int
    height_before: int
    shown: str
    shown_before: str


@dataclass(frozen=True)
class Line:
    """A thin line across the plot that says how much its height is."""

    y: int
    label: str


@dataclass(frozen=True)
class Plot:
    """A plot, ready to be drawn by `ui/plot.html`."""

    title: str
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    step: int = WIDE
    base: int = BASE

    @property
    def width(self) -> int:
        """How wide the drawing is, in its own points."""
        return self.step * len(self.bars) + 4

    @property
    def bar_width(self) -> int:
        """How wide a bar is."""
        return self.step * 3 // 10


def bars(
    title: str,
    days: Sequence[date],
    values: Sequence[int],
    before: Sequence[int],
    shown: Callable[[int], str],
    *,
    step: int = WIDE,
) -> Plot:
    """A plot of a value by day; `shown` tells a value in words, `step` is how wide a day is drawn."""
    top = max(*values, *before, 1)
    made = tuple(
        Bar(
            spoken_day(day),
            dates.format_skeleton("d", day, locale=dates_locale()),
            step // 5 + place * step,
            height_of(values[place], top),
            height_of(before[place], top),
            shown(values[place]),
            shown(before[place]),
        )
        for place, day in enumerate(days)
    )
    busy = any(values) or any(before)
    return Plot(title, made, (Line(BASE - HEIGHT, shown(top)),) if busy else (), step)


def height_of(value: int, top: int) -> int:
    # What is more than nothing is seen, however little it is.
    return max(2, value * HEIGHT // top) if value > 0 else 0
