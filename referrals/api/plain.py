"""Moments and money as JSON writes them, read strictly (`API`): RFC 3339, and amounts in the shop's own currency."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from referrals import money
from referrals.api.problems import Invalid, sentence_of
from referrals.errors import RuleBroken
from referrals.values import UnreadableCharacters, clean_text
from referrals.wording import N_

RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class WrongCurrency(RuleBroken):
    """An amount in another currency than the shop's."""

    sentence = N_("Amounts are in %(currency)s.")


class Moment(fields.Field):  # type: ignore[type-arg]
    """A moment with its offset, to the microsecond, as `2026-11-23T09:00:00Z`; read into UTC."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.metadata = {"type": "string", "format": "date-time", **self.metadata}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:  # noqa: ARG002
        found = read_moment(value)
        if found is None:
            raise ValidationError("Write a time with its offset, like 2026-11-23T09:00:00Z.")
        return found


class Flag(fields.Boolean):
    """true or false, and nothing that could pass for it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002
        if not isinstance(value, bool):
            raise ValidationError("Write true or false.")
        return value


class Whole(fields.Integer):
    """A whole number in digits; true is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:  # noqa: ARG002
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("Write a whole number.")
        return value


class Readable(fields.String):
    """A text of which everything can be stored and shown; with `lines` of several lines."""

    def __init__(self, *, lines: bool = False, **more: Any) -> None:
        super().__init__(**more)
        self.lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return clean_text(super()._deserialize(value, attr, data, **kwargs), lines=self.lines)
        except UnreadableCharacters as broken:
            raise ValidationError(sentence_of(broken)) from None


def read_moment(value: Any) -> datetime | None:
    """The moment that a text names; None where it names none, or one that no clock of ours will show."""
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        return None
    # Python reads six decimals; what is finer is cut off.
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.upper().replace(" ", "T"))
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment < LATEST else None


def moment_json(moment: datetime | None) -> str | None:
    """A moment as JSON shows it."""
    return moment.isoformat() if moment is not None else None


def money_json(minor: int, currency: str) -> dict[str, str]:
    """An amount as JSON shows it, with exactly the currency's decimals."""
    return {"amount": money.plain(money.Money(minor, currency)), "currency": currency}


def read_money(value: Any, currency: str, name: str) -> int:
    """The minor units of `{"amount": "88.00", "currency": "CNY"}`; raises Invalid, naming the field."""
    try:
        return minor_of(value, currency)
    except RuleBroken as broken:
        raise Invalid({name: sentence_of(broken)}) from None


def minor_of(value: Any, currency: str) -> int:
    """The minor units of an amount in this currency; raises NotAnAmount, TooManyDecimals, WrongCurrency …"""
    if not isinstance(value, Mapping) or not isinstance(value.get("amount"), str):
        raise money.NotAnAmount
    if value.get("currency") != currency:
        raise WrongCurrency(currency=currency)
    return money.parse(value["amount"], currency).minor
