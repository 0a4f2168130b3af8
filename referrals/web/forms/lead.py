"""The form of a lead: made from the product's field definitions, read by the same rules as API and imports."""

from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms import Field as FormField

from referrals.clock import now
from referrals.errors import RuleBroken
from referrals.invitations.rules import PRODUCT
from referrals.leads.catalogue import Programme
from referrals.leads.fields import BUSINESS, CONTACT, REQUEST, Field, Reading, all_fields, own_fields, read_all
from referrals.leads.models import Product
from referrals.values import COUNTRIES
from referrals.web import words
from referrals.web.amounts import plain_amount
from referrals.web.choices import by_label
from referrals.web.filters import country
from referrals.web.forms import Form, fitting, options

INPUT = {"email": "email", "phone": "tel", "url": "text", "domain": "text", "date": "date"}
AUTOCOMPLETE_OFF = {"autocomplete": "off"}
LONGEST_MESSAGE = 2000
# While the domain is typed, its store is looked up.
CHECKED_LIVE = {
    "hx-get": f"/leads/new/{PRODUCT}/eligibility",
    "hx-trigger": "input changed delay:500ms, change",
    "hx-target": "#eligibility",
    "hx-swap": "outerHTML",
    "hx-sync": "this:replace",
}


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
        return self.read_message() and not reads.errors

    @property
    def invites(self) -> bool:
        """Whether the owner of the store is to get an upgrade invitation."""
        return "send_invitation" in self and bool(self["send_invitation"].data)

    @property
    def message(self) -> str:
        """What the owner is to read in it."""
        return str(self["invitation_message"].data or "") if self.invites else ""

    def read_message(self) -> bool:
        """Bring the message into its form, or set a sentence beside it."""
        if self.invites:
            try:
                self["invitation_message"].data = fitting(self.message, LONGEST_MESSAGE, lines=True)
            except RuleBroken as broken:
                self["invitation_message"].errors = [words.say(broken)]
                return False
        return True


def lead_form(product: Product, typed: MultiDict[str, str] | None, settings: Programme) -> LeadForm:
    """An empty form of the product, or one with what was typed."""
    fields = {one.name: form_field(one, settings) for one in all_fields(product.fields)}
    if product.code == PRODUCT:
        fields |= invitation_fields()
        fields["store_domain"].kwargs["render_kw"] |= CHECKED_LIVE
    made = type("ProductLeadForm", (LeadForm,), fields)
    form: LeadForm = made(formdata=typed, product=product)
    return form


def invitation_fields() -> dict[str, Any]:
    """What a lead of a store that can be upgraded at once is also asked."""
    return {
        "send_invitation": BooleanField(
            gettext("Send an upgrade invitation"),
            description=gettext("The owner of the store gets an e-mail with the terms and conditions to accept."),
            false_values=("", "n", "no", "false"),
        ),
        "invitation_message": TextAreaField(
            gettext("Message to the owner"),
            description=gettext("It stands in the e-mail."),
            render_kw={"rows": 3, "maxlength": LONGEST_MESSAGE},
        ),
    }


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
