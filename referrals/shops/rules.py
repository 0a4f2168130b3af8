"""What held in a shop at a moment: settings, rates, states of salespeople (`SPEC §5`). Pure functions of values.

Everything is kept as changes with a start time. A change counts from its own moment on; of two at the same moment
the later recorded one counts.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

HIGHEST_RATE_BP = 9000
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Every setting of the programme; `version_id` is the latest version behind them, None for the defaults."""

    programme: bool = False
    applications: str = "automatic"
    rate_bp: int = 1000
    validity: str = "permanent"
    binding: str = "last_click"
    protect_days: int = 30
    auto_settle: bool = True
    completion_days: int = 7
    own_purchases_earn: bool = False
    refunds_after_settlement: str = "keep"
    minimum_withdrawal_minor: int = 0
    leaderboard: bool = False
    recruitment_text: str = ""
    commission_note: str = ""
    version_id: int | None = None


DEFAULTS = Settings()
SETTINGS = tuple(one.name for one in fields(Settings) if one.name != "version_id")


@dataclass(frozen=True)
class Version:
    """What was changed from a moment on; settings that it does not name stay as they were."""

    id: int
    effective_at: datetime
    changes: Mapping[str, Any]


class Timeline(Generic[T]):
    """Values with the moment from which each holds."""

    def __init__(self, changes: Iterable[tuple[datetime, int, T]]) -> None:
        ordered = sorted(changes, key=lambda change: change[:2])
        self.moments = [moment for moment, _, _ in ordered]
        self.values = [value for _, _, value in ordered]

    def at(self, t: datetime) -> T | None:
        """The value that holds at `t`, or None before the first."""
        position = bisect_right(self.moments, t)
        return self.values[position - 1] if position else None


class SettingsHistory:
    """The settings of a shop at any moment."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self.timeline = Timeline(fold(versions))

    def at(self, t: datetime) -> Settings:
        """The settings in force at `t`; the defaults before the first version."""
        return self.timeline.at(t) or DEFAULTS


def settings_at(versions: Iterable[Version], t: datetime) -> Settings:
    """What the versions with a start up to `t` make of the defaults, in the order of (start, id)."""
    return SettingsHistory(versions).at(t)


def fold(versions: Iterable[Version]) -> Iterable[tuple[datetime, int, Settings]]:
    settings = DEFAULTS
    for version in sorted(versions, key=lambda one: (one.effective_at, one.id)):
        changes = {name: value for name, value in version.changes.items() if value is not None}
        settings = replace(settings, **changes, version_id=version.id)
        yield version.effective_at, version.id, settings


@dataclass(frozen=True)
class Override:
    """A rate of its own for a product, a salesperson or a group, from a moment on; a rate of None ends it."""

    id: int
    kind: str
    target_id: int
    rate_bp: int | None
    effective_at: datetime


@dataclass(frozen=True)
class RateUsed:
    """A rate in basis points, where it comes from (product, salesperson, group, shop), and by which row of that.

    `version_id` is an override's id, or for `shop` that of the settings version (None: the default).
    """

    bp: int
    source: str
    version_id: int | None


def rate_at(found: Sequence[Override | None], settings: Settings) -> RateUsed:
    """The rate of the first override that names one; they come from the narrowest on. Else the shop's own rate."""
    for override in found:
        if override is not None and override.rate_bp is not None:
            return RateUsed(override.rate_bp, override.kind, override.id)
    return RateUsed(settings.rate_bp, "shop", settings.version_id)


@dataclass
class RateBook:
    """All that rates of a shop depend on, loaded once: product before salesperson before group before shop."""

    settings: SettingsHistory
    products: Mapping[str, int]
    overrides: Mapping[tuple[str, int], Timeline[Override]]
    groups: Mapping[int, Timeline[int | None]] = field(default_factory=dict)

    def rate(self, sku: str, salesperson_id: int | None, t: datetime) -> RateUsed:
        """The rate of a product for a salesperson at a moment; unknown skus have the rate that others have."""
        group = self.groups.get(salesperson_id or 0)
        targets = (
            ("product", self.products.get(sku)),
            ("salesperson", salesperson_id),
            ("group", group.at(t) if group else None),
        )
        return rate_at([self.override(kind, target, t) for kind, target in targets], self.settings.at(t))

    def override(self, kind: str, target: int | None, t: datetime) -> Override | None:
        """The override of one target that is in force at a moment."""
        timeline = self.overrides.get((kind, target)) if target is not None else None
        return timeline.at(t) if timeline else None


def by_target(overrides: Iterable[Override]) -> dict[tuple[str, int], Timeline[Override]]:
    """The overrides of each target as a timeline."""
    found: dict[tuple[str, int], list[tuple[datetime, int, Override]]] = {}
    for one in overrides:
        found.setdefault((one.kind, one.target_id), []).append((one.effective_at, one.id, one))
    return {target: Timeline(changes) for target, changes in found.items()}


@dataclass
class StatusBook:
    """The states of all salespeople of a shop over time."""

    states: Mapping[int, Timeline[str]]

    def at(self, salesperson_id: int, t: datetime) -> str | None:
        """The state at a moment; None before they joined, and for whoever is not of this shop."""
        timeline = self.states.get(salesperson_id)
        return timeline.at(t) if timeline else None


def coupon_key(code: str) -> str:
    """By which a coupon code is found: letter case and space around it make no difference."""
    return code.strip().casefold()
