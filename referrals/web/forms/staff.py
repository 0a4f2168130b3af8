"""Forms of staff: decisions, reasons, products, rules, the programme's settings, imports."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import StopValidation

from referrals.leads.assignment import representatives
from referrals.leads.catalogue import products
from referrals.leads.fields import Missing
from referrals.leads.ownership import DECISIONS
from referrals.transfer.every_kind import KINDS
from referrals.values import COUNTRIES
from referrals.web import words
from referrals.web.choices import by_label
from referrals.web.filters import country
from referrals.web.forms import Filled, Form, OneOf, line, lines, options


class DecisionForm(Form):
    """Whose prospect it is, and why."""

    decision = RadioField(_l("Decision"), [OneOf()], validate_choice=False)
    text = lines(_l("Why"), required=True, description=_l("Both partners read this."), render_kw={"rows": 3})

    def offer(self, called: Mapping[str, str]) -> "DecisionForm":
        """Fill in what can be chosen, and what each choice is called here."""
        self.decision.choices = options([(key, gettext(called[key])) for key in DECISIONS])
        return self


class ReasonForm(Form):
    """A reason of refusal."""

    code = line(_l("Code"), required=False, longest=40, description=_l("For programs; it never changes."))
    label = line(_l("Label"), longest=100, description=_l("What staff choose from."))
    sentence = lines(_l("Sentence for the partner"), longest=500, render_kw={"rows": 2})
    active = BooleanField(_l("Offered to staff"), default=True)


class RuleForm(Form):
    """Which leads go to which representative."""

    country = SelectField(_l("Country"), [OneOf()], validate_choice=False)
    product = SelectField(_l("Product"), [OneOf()], validate_choice=False)
    rep = SelectField(_l("Sales representative"), [Filled(), OneOf()], validate_choice=False)

    def offer(self) -> "RuleForm":
        """Fill in what can be chosen."""
        self.country.choices = options(
            [("", gettext("Any country")), *by_label((code, country(code)) for code in COUNTRIES)]
        )
        self.product.choices = options([
            ("", gettext("Any product")), *((str(one.id), words.own_words(one.name)) for one in products())
        ])  # fmt: skip
        self.rep.choices = options(
            [("", gettext("Choose")), *((str(rep.id), rep.person.name) for rep in representatives())]
        )
        return self


class ProductForm(Form):
    """A product, with rows for its own fields."""

    code = line(_l("Code"), required=False, longest=40, description=_l("Part of the form's address; it never changes."))
    name = line(_l("Product name"), longest=60)
    flow = SelectField(_l("How it pays"), [OneOf()], validate_choice=False)
    active = BooleanField(_l("Partners can submit leads for it"), default=True)

    def offer(self) -> "ProductForm":
        """Fill in what can be chosen."""
        self.flow.choices = options([(key, gettext(label)) for key, label in words.FLOWS.items()])
        return self


class Named:
    """A partner, where the kind of table needs one."""

    def __call__(self, form: Any, field: Any) -> None:
        kind = KINDS.get(form.kind.data)
        if kind is not None and kind.partner == "required" and not field.data:
            raise StopValidation(words.say(Missing()))


class UploadForm(Form):
    """A table to import: what is in it, for whom, and for which product."""

    kind = SelectField(_l("What is in the file"), [OneOf()], default="leads", validate_choice=False)
    file = FileField(_l("File"), description=_l("CSV or XLSX, with the names of the columns in the first row."))
    partner = SelectField(
        _l("Partner"), [Named(), OneOf()], validate_choice=False, description=_l("Whose leads these are.")
    )
    product = SelectField(
        _l("Product"), [OneOf()], validate_choice=False, description=_l("For leads that do not name one.")
    )

    def chosen(self) -> dict[str, str]:
        """What else the kind of table needs to be told."""
        return {"product": self.product.data} if self.kind.data == "leads" else {}
