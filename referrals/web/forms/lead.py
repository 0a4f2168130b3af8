"""The form of a lead: made from the product's field definitions, read by the same rules as API and imports."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms import Field as FormField

from referrals.clock import now
from referrals.leads.catalogue import Programme
from referrals.leads.fields import BUSINESS, CONTACT, REQUEST, Field, Reading, all_fields, own_fields, read_all
from referrals.leads.models import Product
from referrals.values import COUNTRIES
from referrals.web import words
from referrals.web.amounts import plain_amount
from referrals.web.choices import by_label
from referrals.web.filters import country
from referrals.web.forms import Form, options

INPUT = {"email": "email", "phone": "tel", "url": "text", "domain": "text", "date": "date"}
AUTOCOMPLETE_OFF = {"autocomplete": "off"}


class LeadForm(Form):
    """One lead of one product. `parts` groups the fields as people read them."""

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product = product
        self.specs = all_fields(product.fields)
        self.values: dict[str, Any] = {}

    @property
    def parts(self) -> list[tuple[str, list[FormField]]]:
        groups: list[tuple[str, Sequence[Field]]] = [
            (gettext("The business"), (*BUSINESS, *own_fields(self.product.fields))),
            (gettext("The contact"), CONTACT),
            (gettext("What you ask of us"), REQUEST),
        ]
        return [(title, [self[one.name] for one in fields]) for title, fields in groups]

    def read(self, settings: Programme) -> bool:
        """Turn what was typed into `values`, or set sentences beside the fields; answers whether all could be read."""
        raw = {one.name: request.form.get(one.name, "") for one in self.specs}
        raw["expected_value"] = plain_amount(raw["expected_value"])
        reads = read_all(self.specs, raw, Reading(today=now().date(), currency=settings.currency))
        for name, broken in reads.errors.items():
            self[name].errors = [words.say(broken)]
        self.values = reads.values
        return not reads.errors


def lead_form(product: Product, typed: MultiDict[str, str] | None, settings: Programme) -> LeadForm:
    """An empty form of the product, or one with what was typed."""
    fields = {one.name: form_field(one, settings) for one in all_fields(product.fields)}
    made = type("ProductLeadForm", (LeadForm,), fields)
    form: LeadForm = made(formdata=typed, product=product)
    return form


def form_field(one: Field, settings: Programme) -> Any:
    label, hint = words.own_words(one.label), words.own_words(one.hint)
    extras: dict[str, Any] = {"required": one.required} if one.required else {}
    if one.name == "sales_support":
        label = gettext("Request sales support")
    match one.kind:
        case "yes_no":
            return BooleanField(label, description=hint, false_values=("", "n", "no", "false"))
        case "long_text":
            return TextAreaField(label, description=hint, render_kw={"rows": 4, "maxlength": one.longest, **extras})
        case "choice":
            offered = [("", gettext("Not known")), *((value, words.own_words(text)) for value, text in one.choices)]
            return SelectField(
                label, choices=options(offered), description=hint, validate_choice=False, render_kw=extras
            )
        case "country":
            offered = [("", gettext("Choose a country")), *by_label((code, country(code)) for code in COUNTRIES)]
            return SelectField(
                label, choices=options(offered), description=hint, validate_choice=False, render_kw=extras
            )
        case "whole_number":
            return StringField(label, description=hint, render_kw={"inputmode": "numeric", **extras})
        case "money":
            label = gettext("%(label)s in %(currency)s", label=label, currency=settings.currency)
            return StringField(label, description=hint, render_kw={"inputmode": "decimal", **extras})
    kind = INPUT.get(one.kind, "text")
    return StringField(
        label, description=hint, render_kw={"type": kind, "maxlength": 2000, **AUTOCOMPLETE_OFF, **extras}
    )
