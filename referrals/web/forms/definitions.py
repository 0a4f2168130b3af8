"""The rows of a product form that define its own fields: read, and told beside each input what is wrong with it."""

from typing import Any

from flask import request

from referrals.errors import RuleBroken
from referrals.leads.fields import TooLong
from referrals.web import words
from referrals.web.forms import fitting

ROWS = 12
LONGEST_OPTION = 100
LONGEST = {"name": 40, "label": 100, "kind": 40, "choices": 5000}


def typed_definitions() -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The field definitions that were typed, and sentences by the input they belong beside.

    Rows are `field_name_0`, `field_kind_0` …; empty ones are left out, and the others move up.
    """
    found: list[dict[str, Any]] = []
    wrong: dict[str, str] = {}
    for number in range(ROWS):
        row = {part: request.form.get(f"field_{part}_{number}", "") for part in LONGEST}
        if not any(row[part].strip() for part in ("name", "label", "choices")):
            continue
        for part, longest in LONGEST.items():
            try:
                row[part] = fitting(row[part], longest, lines=part == "choices")
                check_options(row[part] if part == "choices" else "")
            except RuleBroken as broken:
                wrong[f"field_{part}_{len(found)}"] = words.say(broken)
        found.append(definition_of(row, required=request.form.get(f"field_required_{number}") == "y"))
    return found, wrong


def check_options(text: str) -> None:
    for option in typed_options(text):
        length = max(len(option["value"]), len(option["label"]))
        if length > LONGEST_OPTION:
            raise TooLong(most=LONGEST_OPTION, length=length)


def definition_of(row: dict[str, str], *, required: bool) -> dict[str, Any]:
    definition: dict[str, Any] = {name: row[name] for name in ("name", "label", "kind")}
    if required:
        definition["required"] = True
    if row["kind"] == "choice":
        definition["choices"] = typed_options(row["choices"])
    return definition


def typed_options(text: str) -> list[dict[str, str]]:
    """Options, one a line: `value = label`, or a label alone."""
    found = []
    for row in text.splitlines():
        value, separator, label = (part.strip() for part in row.partition("="))
        if value:
            found.append({"value": value, "label": label if separator else value})
    return found


def written_options(definition: dict[str, Any]) -> str:
    """The options of a choice as they are typed."""
    return "\n".join(f"{one['value']} = {one['label']}" for one in definition.get("choices", []))
