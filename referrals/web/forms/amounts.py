"""Fields of forms for amounts of money, rates in percent, and moments."""

from datetime import UTC, datetime
from typing import Any

from wtforms import StringField
from wtforms.validators import StopValidation

from referrals.errors import RuleBroken
from referrals.money import parse
from referrals.web import words
from referrals.web.amounts import basis_points, plain_amount, written_amount, written_percentage
from referrals.web.filters import zone
from referrals.web.forms import Filled, Fits, Form
from referrals.wording import N_


class NotAMoment(RuleBroken):
    """The text is no day with a time."""

    sentence = N_("Write a day and a time, like 2026-11-30 09:00.")


class NotPositive(RuleBroken):
    """An amount that must be more than nothing."""

    sentence = N_("Write an amount of more than zero.")


class ValueField(StringField):  # type: ignore[misc]
    """A text field that keeps what was typed, and beside it what that means: `value`, None for nothing."""

    value: Any = None

    def pre_validate(self, form: Form) -> None:
        """Read what was typed; its sentence stands beside the field where it means nothing."""
        self.value = None
        typed = (self.data or "").strip()
        if not typed or self.errors:
            return
        try:
            self.value = self.means(typed, form)
        except RuleBroken as broken:
            raise StopValidation(words.say(broken)) from None

    def means(self, typed: str, form: Form) -> Any:
        """The value of what was typed; raises a broken rule."""
        raise NotImplementedError


class AmountField(ValueField):
    """An amount in the form's currency, in the signs of the reader's language; `value` is in minor units."""

    def means(self, typed: str, form: Form) -> int:
        """Minor units; amounts may be negative where the field says so."""
        found = parse(plain_amount(typed), form.currency).minor
        if found < 0 and not (self.render_kw or {}).get("data-signed"):
            raise NotPositive
        return found

    def write(self, minor: int | None, currency: str) -> None:
        """Put an amount into the field."""
        self.data = written_amount(minor, currency)


class PercentField(ValueField):
    """A rate in percent; `value` is in basis points."""

    def means(self, typed: str, form: Form) -> int:  # noqa: ARG002
        """Basis points."""
        return basis_points(typed)

    def write(self, bp: int | None) -> None:
        """Put a rate into the field."""
        self.data = written_percentage(bp)


class MomentField(ValueField):
    """A day and a time in the reader's zone; `value` is the moment."""

    def means(self, typed: str, form: Form) -> datetime:  # noqa: ARG002
        """The moment in UTC."""
        try:
            found = datetime.fromisoformat(typed)
            return (found if found.tzinfo else found.replace(tzinfo=zone())).astimezone(UTC)
        except (ValueError, OverflowError):
            raise NotAMoment from None


def amount(label: str, *, required: bool = True, **kwargs: Any) -> AmountField:
    """A field for an amount of money."""
    return AmountField(label, [*([Filled()] if required else []), Fits(40)], **typed_in_digits(kwargs))


def percent(label: str, *, required: bool = True, **kwargs: Any) -> PercentField:
    """A field for a rate."""
    return PercentField(label, [*([Filled()] if required else []), Fits(20)], **typed_in_digits(kwargs))


def moment(label: str, **kwargs: Any) -> MomentField:
    """A field for a moment; it may stay empty."""
    render = {"type": "datetime-local", **kwargs.pop("render_kw", {})}
    return MomentField(label, [Fits(40)], render_kw=render, **kwargs)


def typed_in_digits(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {**kwargs, "render_kw": {"inputmode": "decimal", "autocomplete": "off", **kwargs.get("render_kw", {})}}
