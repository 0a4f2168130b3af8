"""What administrators set up: products with their own fields, reasons of refusal, the programme's settings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import Conflict, NotFound, RuleBroken
from referrals.leads.fields import COLUMNS, KINDS
from referrals.leads.models import FLOWS, Product, ProgrammeSetting, Reason
from referrals.leads.rules import SHARED_HOSTS
from referrals.money import CURRENCIES
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.wording import N_

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class CodeTaken(Conflict):
    """Another one has this code."""

    sentence = N_("This code is already in use.")


class NotACode(RuleBroken):
    """Codes are small Latin letters, digits and underscores."""

    sentence = N_("A code has small Latin letters, digits and underscores, and begins with a letter.")


class BadDefinition(RuleBroken):
    """A field definition is incomplete, doubled, or of an unknown kind."""

    sentence = N_("Each field needs its own code, a label and a kind; a choice needs at least two options.")


class NotDays(RuleBroken):
    """No number of days that makes sense."""

    sentence = N_("Write a number of days from 1 to 3650.")


class NotACurrency(RuleBroken):
    """No ISO 4217 code."""

    sentence = N_("Write the code of a currency, like USD.")


class NotATimeZone(RuleBroken):
    """No zone of the database of time zones."""

    sentence = N_("Choose a time zone from the list.")


class NotAMinimum(RuleBroken):
    """A smallest payout is nothing or more."""

    sentence = N_("Write an amount of zero or more.")


@dataclass(frozen=True)
class Programme:
    """The settings of the partner programme. `ownership_days`: how long the first to submit owns a prospect.

    By the calendar of `time_zone` payout periods end; `minimum_payout_minor` is in minor units of `currency`.
    Partners' referral links lead to `signup_url`; while it is empty, to nowhere.
    Of which plans owners can be invited to upgrade stands in `upgradable_plans`; empty: of every one but Plus.
    """

    ownership_days: int = 90
    currency: str = "USD"
    shared_hosts: tuple[str, ...] = tuple(SHARED_HOSTS)
    time_zone: str = "UTC"
    minimum_payout_minor: int = 2500
    signup_url: str = ""
    upgradable_plans: tuple[str, ...] = ()


def programme() -> Programme:
    """The settings in force."""
    stored = {row.name: row.value["is"] for row in session.scalars(select(ProgrammeSetting))}
    for several in {"shared_hosts", "upgradable_plans"} & stored.keys():
        stored[several] = tuple(stored[several])
    return Programme(**{name: value for name, value in stored.items() if name in Programme.__dataclass_fields__})


def change_programme(wanted: Programme, *, by: Actor, at: datetime) -> None:
    """Set the programme's settings. Raises NotDays, NotACurrency, NotATimeZone, NotAMinimum."""
    by.require("configure")
    if not 1 <= wanted.ownership_days <= 3650:
        raise NotDays(field="ownership_days")
    if wanted.currency not in CURRENCIES:
        raise NotACurrency(field="currency")
    if wanted.time_zone not in available_timezones():
        raise NotATimeZone(field="time_zone")
    if wanted.minimum_payout_minor < 0:
        raise NotAMinimum(field="minimum_payout")
    before = programme()
    for name in Programme.__dataclass_fields__:
        value = getattr(wanted, name)
        session.merge(ProgrammeSetting(name=name, value={"is": list(value) if isinstance(value, tuple) else value}))
        if value != getattr(before, name):
            audit.record("programme_changed", by=by, at=at, subject=name)


def products(*, active_only: bool = True) -> Sequence[Product]:
    """The products, in the operator's order."""
    statement = select(Product).order_by(Product.position, Product.id)
    return session.scalars(statement.where(Product.active) if active_only else statement).all()


def get_product(code: str, *, active_only: bool = False) -> Product:
    """The product with this code; raises NotFound."""
    product = session.scalar(select(Product).where(Product.code == code)) if CODE.fullmatch(code) else None
    if product is None or (active_only and not product.active):
        raise NotFound
    return product


def save_product(
    product: Product | None,
    code: str,
    *,
    name: str,
    flow: str,
    active: bool,
    fields: list[Any],
    by: Actor,
    at: datetime,
) -> Product:
    """Make or change a product. A code is for ever. Raises NotACode, CodeTaken, BadDefinition."""
    by.require("configure")
    if product is None:
        if not CODE.fullmatch(code):
            raise NotACode(field="code")
        if session.scalar(select(Product.id).where(Product.code == code)):
            raise CodeTaken(field="code")
        position = (session.scalar(select(func.max(Product.position))) or 0) + 1
        product = Product(code=code, texts={}, position=position)
        session.add(product)
    if flow not in FLOWS:
        raise BadDefinition(field="flow")
    check_definitions(fields)
    product.name, product.flow, product.active, product.fields = name, flow, active, fields
    session.flush()
    audit.record("product_saved", by=by, at=at, subject=product.code)
    return product


def check_definitions(definitions: Sequence[Mapping[str, Any]]) -> None:
    seen: set[str] = set(COLUMNS)
    for definition in definitions:
        name, kind, choices = definition.get("name", ""), definition.get("kind"), definition.get("choices", [])
        whole = CODE.fullmatch(name) and definition.get("label") and kind in KINDS
        if not whole or name in seen or (kind == "choice" and len(choices) < 2):
            raise BadDefinition(field="fields", name=name)
        seen.add(name)


def save_texts(product: Product, language: str, texts: Mapping[str, str], *, by: Actor, at: datetime) -> None:
    """Set the operator's own words for what the statuses of a product mean, in one language."""
    by.require("configure")
    kept = {key: text for key, text in texts.items() if text}
    product.texts = {**product.texts, language: kept}
    audit.record("product_texts_saved", by=by, at=at, subject=product.code, language=language)


def reasons(*, active_only: bool = True) -> Sequence[Reason]:
    """The reasons of refusal, in the operator's order."""
    statement = select(Reason).order_by(Reason.position, Reason.id)
    return session.scalars(statement.where(Reason.active) if active_only else statement).all()


def find_reason(code: str) -> Reason | None:
    """The reason with this code, also when it is not offered any more."""
    return session.scalar(select(Reason).where(Reason.code == code)) if CODE.fullmatch(code) else None


def get_reason(code: str) -> Reason:
    """The reason with this code; raises NotFound."""
    reason = find_reason(code)
    if reason is None:
        raise NotFound
    return reason


def save_reason(
    reason: Reason | None, code: str, *, label: str, sentence: str, active: bool, by: Actor, at: datetime
) -> Reason:
    """Make or change a reason of refusal. Raises NotACode, CodeTaken."""
    by.require("configure")
    if reason is None:
        if not CODE.fullmatch(code):
            raise NotACode(field="code")
        if find_reason(code) is not None:
            raise CodeTaken(field="code")
        reason = Reason(code=code, position=(session.scalar(select(func.max(Reason.position))) or 0) + 1)
        session.add(reason)
    reason.label, reason.sentence, reason.active = label, sentence, active
    session.flush()
    audit.record("reason_saved", by=by, at=at, subject=reason.code)
    return reason
