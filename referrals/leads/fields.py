"""The fields of a lead: typed definitions, and how each turns what was typed or sent into a value (`SPEC §2, §18`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from referrals import money
from referrals.errors import RuleBroken
from referrals.values import (
    NotAPhone,
    clean_text,
    parse_country,
    parse_domain,
    parse_email,
    parse_phone,
    parse_website,
)
from referrals.wording import N_

KINDS = ("text", "long_text", "whole_number", "date", "choice", "yes_no")
LARGEST_NUMBER = 1_000_000
TRUE_WORDS = frozenset({"y", "yes", "true", "1", "on"})
FALSE_WORDS = frozenset({"", "n", "no", "false", "0", "off"})


class Missing(RuleBroken):
    """A required field is empty."""

    sentence = N_("Please fill this in.")


class TooLong(RuleBroken):
    """More characters than the field takes."""

    sentence = N_("Please shorten this to %(most)s characters. It has %(length)s.")


class NotAChoice(RuleBroken):
    """The value is none of those offered."""

    sentence = N_("Choose one of the options.")


class NotAWholeNumber(RuleBroken):
    """No whole number from 0 upwards."""

    sentence = N_("Write a whole number, in digits.")


class NumberTooLarge(RuleBroken):
    """A number beyond anything real."""

    sentence = N_("This number is too large. The most is %(most)s.")


class NotADate(RuleBroken):
    """No date of the calendar."""

    sentence = N_("Write a date like 2026-11-30.")


class DateFarOff(RuleBroken):
    """A date more than ten years from now."""

    sentence = N_("This date is more than ten years away.")


class AmountBelowZero(RuleBroken):
    """A negative amount where there can be none."""

    sentence = N_("An amount cannot be less than zero.")


@dataclass(frozen=True)
class Field:
    """What a form field is called, takes, and demands. `choices` are pairs of value and label."""

    name: str
    kind: str
    label: str
    required: bool = False
    longest: int = 200
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""


@dataclass(frozen=True)
class Reading:
    """What else a field's meaning depends on: the country (for phones), today, the currency of amounts."""

    today: date
    country: str = ""
    currency: str = "USD"


CONTACT = (
    Field("contact_name", "text", N_("Contact name"), required=True),
    Field("contact_email", "email", N_("Contact e-mail"), required=True),
    Field("contact_phone", "phone", N_("Contact phone"), hint=N_("With country code, or as dialled in the country.")),
)
BUSINESS = (
    Field("business_name", "text", N_("Business name"), required=True),
    Field("website_url", "url", N_("Website URL")),
    Field("country", "country", N_("Country"), required=True),
    Field("current_platform", "text", N_("Current platform"), hint=N_("What they sell with today.")),
    Field("store_domain", "domain", N_("Existing store domain"), hint=N_("If they already have a store with us.")),
)
REQUEST = (
    Field("expected_value", "money", N_("Expected value"), hint=N_("What the merchant may bring in a year.")),
    Field("sales_support", "yes_no", N_("Sales support")),
    Field("notes", "long_text", N_("Notes"), longest=5000, hint=N_("Anything the sales team should know.")),
)
COLUMNS = tuple(one.name for one in (*CONTACT, *BUSINESS, *REQUEST))


def own_field(definition: Mapping[str, Any]) -> Field:
    """The field that a product's stored definition describes."""
    return Field(
        name=definition["name"],
        kind=definition["kind"],
        label=definition["label"],
        required=bool(definition.get("required")),
        longest=5000 if definition["kind"] == "long_text" else 200,
        choices=tuple((choice["value"], choice["label"]) for choice in definition.get("choices", ())),
        hint=definition.get("hint", ""),
    )


def own_fields(definitions: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """The fields that a product adds to the common ones."""
    return tuple(own_field(definition) for definition in definitions)


def all_fields(definitions: Sequence[Mapping[str, Any]]) -> tuple[Field, ...]:
    """Every field of a product's form, in the order in which people read them."""
    return (*BUSINESS, *CONTACT, *own_fields(definitions), *REQUEST)


def read(one: Field, raw: Any, reading: Reading) -> Any:
    """The value of a field from text or JSON; `""` or None for an empty one. Raises the rule it breaks."""
    if one.kind == "yes_no":
        return read_yes_no(raw)
    if raw is None or raw == "":
        if one.required:
            raise Missing
        return None if one.kind in {"whole_number", "date", "money"} else ""
    if isinstance(raw, bool) or not isinstance(raw, (str, int)):
        raise WRONG_SHAPE.get(one.kind, NotAChoice)()
    return read_filled(one, str(raw), reading)


def read_filled(one: Field, raw: str, reading: Reading) -> Any:
    text = clean_text(raw[: one.longest + 20_000], lines=one.kind == "long_text")
    if not text:
        return read(one, "", reading)
    if len(text) > one.longest and one.kind != "url":
        raise TooLong(most=one.longest, length=len(raw))
    match one.kind:
        case "email":
            return parse_email(text)
        case "phone":
            return parse_phone(text, reading.country)
        case "url":
            return parse_website(text)
        case "domain":
            return parse_domain(text)
        case "country":
            return parse_country(text)
        case "choice":
            return read_choice(one, text)
        case "whole_number":
            return read_whole_number(text)
        case "date":
            return read_date(text, reading.today)
        case "money":
            return read_amount(text, reading.currency)
    return text


def read_yes_no(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw if raw is not None else "").strip().lower()
    if word not in TRUE_WORDS | FALSE_WORDS:
        raise NotAChoice
    return word in TRUE_WORDS


def read_choice(one: Field, text: str) -> str:
    if text not in {value for value, _ in one.choices}:
        raise NotAChoice
    return text


def read_whole_number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise NotAWholeNumber
    if len(text) > 12 or int(text) > LARGEST_NUMBER:
        raise NumberTooLarge(most=LARGEST_NUMBER)
    return int(text)


def read_date(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise NotADate from None
    if len(text) != 10:
        raise NotADate
    if abs(found - today) > timedelta(days=3653):
        raise DateFarOff
    return found


def read_amount(text: str, currency: str) -> int:
    amount = money.parse(text, currency)
    if amount.minor < 0:
        raise AmountBelowZero
    return amount.minor


WRONG_SHAPE: dict[str, type[RuleBroken]] = {
    "whole_number": NotAWholeNumber,
    "date": NotADate,
    "money": money.NotAnAmount,
}


@dataclass
class Reads:
    """The outcome of reading a whole form: values by field name, and the broken rule beside each bad field."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, RuleBroken] = field(default_factory=dict)


def read_all(fields: Sequence[Field], raw: Mapping[str, Any], reading: Reading) -> Reads:
    """Read every field; phones are understood in the country that the form names."""
    reads = Reads()
    country = str(raw.get("country") or "").strip().upper()
    reading = Reading(reading.today, country if country.isalpha() and len(country) == 2 else "", reading.currency)
    for one in fields:
        try:
            reads.values[one.name] = read(one, raw.get(one.name), reading)
        except RuleBroken as broken:
            reads.errors[one.name] = broken
    if "country" in reads.errors and isinstance(reads.errors.get("contact_phone"), NotAPhone):
        # Without the country we cannot tell what is wrong with a number, so the country alone is asked for.
        del reads.errors["contact_phone"]
    return reads


def storable(value: Any) -> Any:
    """A value as it stands in a JSON column."""
    return value.isoformat() if isinstance(value, date) else value
