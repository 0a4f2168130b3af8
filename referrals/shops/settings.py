"""Changing the settings of a shop: each change is a version with a start time (`SPEC §5`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.money import LARGEST
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.shops.history import latest_trace, refuse_to_change_history
from referrals.shops.models import APPLICATIONS, BINDINGS, REFUND_RULES, VALIDITIES, SettingsVersion, Shop
from referrals.shops.rules import HIGHEST_RATE_BP, SETTINGS
from referrals.shops.typed import cleaned
from referrals.wording import N_

CHOICES = {
    "applications": APPLICATIONS,
    "validity": VALIDITIES,
    "binding": BINDINGS,
    "refunds_after_settlement": REFUND_RULES,
}
SWITCHES = ("programme", "auto_settle", "own_purchases_earn", "leaderboard")
TEXTS = ("recruitment_text", "commission_note")
LONGEST_TEXT = 10_000


class NoSuchSetting(RuleBroken):
    """A setting that the programme does not have."""

    sentence = N_("There is no such setting.")


class NotARate(RuleBroken):
    """A rate outside of 0 to 90 %."""

    sentence = N_("A rate is between 0.00 % and 90.00 %.")


class NotProtectDays(RuleBroken):
    """A number of days outside of 1 to 3650."""

    sentence = N_("Write a number of days from 1 to 3650.")


class NotCompletionDays(RuleBroken):
    """A number of days outside of 0 to 365."""

    sentence = N_("Write a number of days from 0 to 365.")


class NotASwitch(RuleBroken):
    """Neither on nor off."""

    sentence = N_("This is either on or off.")


class NotAChoice(RuleBroken):
    """None of the values that there are."""

    sentence = N_("Choose one of the values offered.")


class NotAMinimum(RuleBroken):
    """A negative or immense amount."""

    sentence = N_("Write an amount of 0 or more.")


class TextTooLong(RuleBroken):
    """More than anybody reads."""

    sentence = N_("Write at most 10000 characters.")


NUMBERS: dict[str, tuple[int, int, type[RuleBroken]]] = {
    "rate_bp": (0, HIGHEST_RATE_BP, NotARate),
    "protect_days": (1, 3650, NotProtectDays),
    "completion_days": (0, 365, NotCompletionDays),
    "minimum_withdrawal_minor": (0, LARGEST, NotAMinimum),
}


def change_settings(
    shop: Shop, changes: Mapping[str, Any], *, effective_at: datetime | None = None, by: Actor, at: datetime
) -> SettingsVersion | None:
    """Set these settings from a moment on (now where none is named); answers the new version, None for no changes.

    Raises HistoryExists for a past moment that links, clicks or orders came after, and what `checked_changes` does.
    """
    by.require("manage")
    values = checked_changes(changes)
    if not values:
        return None
    lock_names([f"settings:{shop.id}"])
    effective_at = effective_at or at
    refuse_to_change_history(latest_trace(shop.id), effective_at, at=at)
    version = SettingsVersion(
        shop_id=shop.id, effective_at=effective_at, created_at=at, by_person_id=by.person_id, **values
    )
    session.add(version)
    session.flush()
    audit.record("settings_changed", by=by, at=at, subject=shop.slug, settings=sorted(values))
    return version


def versions_listed(shop_id: int) -> Sequence[SettingsVersion]:
    """Every change of a shop's settings, the latest first."""
    return session.scalars(
        select(SettingsVersion)
        .where(SettingsVersion.shop_id == shop_id)
        .order_by(SettingsVersion.effective_at.desc(), SettingsVersion.id.desc())
    ).all()


def checked_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Raises NoSuchSetting, or what is wrong with the first one that is wrong."""
    return {name: checked(name, value) for name, value in changes.items()}


def checked(name: str, value: Any) -> Any:
    if name not in SETTINGS:
        raise NoSuchSetting(field=name)
    if name in NUMBERS:
        return checked_number(name, value)
    if name in SWITCHES:
        if not isinstance(value, bool):
            raise NotASwitch(field=name)
        return value
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise NotAChoice(field=name)
        return value
    return checked_text(name, value)


def checked_number(name: str, value: Any) -> int:
    lowest, highest, broken = NUMBERS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise broken(field=name)
    return value


def checked_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise NotAChoice(field=name)
    text = cleaned(value, name, lines=True)
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(field=name)
    return text
