"""Forms: they turn what was typed into values, and hold a sentence beside each field that could not be read."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import request
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from werkzeug.datastructures import CombinedMultiDict
from wtforms import Field, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation

from referrals.errors import RuleBroken
from referrals.leads.fields import Missing, TooLong
from referrals.values import clean_text
from referrals.web import words


class Translations:
    """The library's own sentences, from our catalogues."""

    def gettext(self, sentence: str) -> str:
        return str(gettext(sentence))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return str(ngettext(one, many, number))


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose token is checked for every request at once, and whose sentences are ours."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        csrf = False

        def wrap_formdata(self, _form: Any, formdata: Any) -> Any:
            """Only what a form was sent with; the library would also take JSON."""
            if formdata is not _Auto:
                return formdata
            if request.method in {"GET", "HEAD"}:
                return None
            return CombinedMultiDict((request.files, request.form))

        def get_translations(self, _form: Any) -> Translations:
            return Translations()

    def put(self, broken: RuleBroken, default: str = "") -> None:
        """Set a broken rule beside the field it names, or beside the default one, or above the form."""
        name = broken.field if broken.field in self else default
        if name in self:
            self[name].errors = [*self[name].errors, words.say(broken)]
        else:
            self.form_errors.append(words.say(broken))

    @property
    def has_errors(self) -> bool:
        return bool(self.errors)


class Reads:
    """A validator that replaces what was typed by the value it means, or says why it means none."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        self.parse = parse

    def __call__(self, _form: Form, field: Field) -> None:
        if not field.data:
            return
        try:
            field.data = self.parse(field.data)
        except RuleBroken as broken:
            raise StopValidation(words.say(broken)) from None


class Filled:
    """The field must not be empty."""

    field_flags = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        if not (field.data and (not isinstance(field.data, str) or field.data.strip())):
            field.errors = []
            raise StopValidation(words.say(Missing()))


class Fits:
    """Text of at most so many characters, without what cannot be shown."""

    def __init__(self, longest: int, *, lines: bool = False) -> None:
        self.longest = longest
        self.lines = lines
        self.field_flags = {"maxlength": longest}

    def __call__(self, _form: Form, field: Field) -> None:
        try:
            field.data = fitting(field.data or "", self.longest, lines=self.lines)
        except RuleBroken as broken:
            raise StopValidation(words.say(broken)) from None


def fitting(typed: str, longest: int, *, lines: bool = False) -> str:
    """The text without what surrounds it; raises TooLong and UnreadableCharacters."""
    if len(typed) > longest:
        raise TooLong(most=longest, length=len(typed))
    return clean_text(typed, lines=lines)


class OneOf:
    """One of the offered values, which may change from request to request."""

    def __call__(self, _form: Form, field: Any) -> None:
        offered = {str(choice.value) for choice in field.choices}
        if str(field.data) not in offered:
            raise StopValidation(gettext("Choose one of the options."))


def line(label: str, *more: Any, required: bool = True, longest: int = 200, **kwargs: Any) -> StringField:
    """A one-line text field."""
    return StringField(label, [Fits(longest), *([Filled()] if required else []), *more], **kwargs)


def lines(label: str, *more: Any, required: bool = False, longest: int = 5000, **kwargs: Any) -> TextAreaField:
    """A text field of several lines."""
    return TextAreaField(label, [Fits(longest, lines=True), *([Filled()] if required else []), *more], **kwargs)


def options(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Pairs of value and label, as fields to choose from take them."""
    return [SelectChoice(value, label) for value, label in pairs]
