"""How payloads of platforms are read: what is not there, or of another kind, is told by its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, urlsplit

from referrals import money
from referrals.errors import RuleBroken
from referrals.wording import N_

LONGEST_REF = 255


class Unreadable(RuleBroken):
    """The payload is not what the platform says it sends."""

    sentence = N_("We cannot read “%(place)s” of this delivery.")


@dataclass(frozen=True)
class Ignored:
    """A delivery that is none of our business; `reason` is a word for the log."""

    reason: str


@dataclass(frozen=True)
class Part:
    """An object within a payload, and the way to it."""

    found: Mapping[str, Any]
    place: str = ""

    def way(self, name: str) -> str:
        """Where something stands, as a person would look for it."""
        return f"{self.place}.{name}" if self.place else name

    def unreadable(self, name: str) -> Unreadable:
        return Unreadable(place=self.way(name))

    def part(self, name: str) -> "Part":
        """The object under a name; an empty one where there is none."""
        value = self.found.get(name)
        if value is None or value == [] or value == "":
            return Part({}, self.way(name))
        if not isinstance(value, Mapping):
            raise self.unreadable(name)
        return Part(value, self.way(name))

    def parts(self, name: str) -> list["Part"]:
        """The objects of a list; none where there is no list."""
        value = self.found.get(name)
        if value is None:
            return []
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self.unreadable(name)
        found = [Part(one, f"{self.way(name)}[{number}]") for number, one in enumerate(value)]
        if not all(isinstance(one.found, Mapping) for one in found):
            raise self.unreadable(name)
        return found

    def text(self, name: str) -> str:
        """The text under a name; nothing where there is none. Numbers are texts too."""
        value = self.found.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
            raise self.unreadable(name)
        return str(value)

    def id(self, name: str) -> str:
        """The id under a name; raises Unreadable where there is none."""
        found = self.text(name).strip()
        if not found:
            raise self.unreadable(name)
        return found

    def flag(self, name: str) -> bool:
        """Whether it says yes; no where it says nothing."""
        value = self.found.get(name)
        if value not in (None, True, False):
            raise self.unreadable(name)
        return bool(value)

    def number(self, name: str) -> int:
        """A whole number, which may be negative."""
        value = self.found.get(name)
        if isinstance(value, bool):
            raise self.unreadable(name)
        try:
            written = Decimal(str(value))
        except InvalidOperation:
            raise self.unreadable(name) from None
        if not written.is_finite() or written != written.to_integral_value():
            raise self.unreadable(name)
        return int(written)

    def amount(self, name: str, currency: str) -> int:
        """An amount in minor units, which may be negative; zeros beyond the currency's decimals are let be."""
        text = self.text(name).strip()
        whole, point, decimals = text.partition(".")
        kept = decimals[: money.decimals(currency)] + decimals[money.decimals(currency) :].rstrip("0")
        try:
            return money.parse(f"{whole}.{kept}" if point and kept else whole, currency).minor
        except RuleBroken:
            raise self.unreadable(name) from None

    def amount_or_nothing(self, name: str, currency: str) -> int:
        """The same, and 0 where nothing is said."""
        return self.amount(name, currency) if self.text(name).strip() else 0

    def moment(self, name: str, zone: tzinfo | None = None) -> datetime:
        """A moment in ISO 8601; one without an offset is in `zone`."""
        found = self.optional_moment(name, zone)
        if found is None:
            raise self.unreadable(name)
        return found

    def optional_moment(self, name: str, zone: tzinfo | None = None) -> datetime | None:
        text = self.text(name).strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None and zone is not None:
                moment = moment.replace(tzinfo=zone)
            if moment.tzinfo is None:
                raise self.unreadable(name)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.unreadable(name) from None


def whole_of(told: Any) -> Part:
    """The payload as an object; raises Unreadable for anything else."""
    if not isinstance(told, Mapping):
        raise Unreadable(place="body")
    return Part(told)


def ref_in_address(address: str) -> str | None:
    """The `ref` that an address carries, if it is one that can be read."""
    try:
        found = parse_qs(urlsplit(address).query, max_num_fields=100).get("ref")
    except ValueError:
        return None
    return found[0][:LONGEST_REF] if found else None


def first_filled(*texts: str | None) -> str | None:
    """The first of these that says something."""
    return next((text for text in texts if text and text.strip()), None)
