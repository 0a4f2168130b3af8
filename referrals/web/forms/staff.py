"""Forms of staff: decisions, reasons, products, rules, the programme's settings, imports."""

from collections.abc import Mapping

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, RadioField, SelectField, TextAreaField

from referrals.leads.assignment import representatives
from referrals.leads.catalogue import NotDays, Programme, products
from referrals.leads.ownership import DECISIONS
from referrals.values import COUNTRIES
from referrals.web import words
from referrals.web.choices import by_label
from referrals.web.filters import country
from referrals.web.forms import Filled, Fits, Form, OneOf, Reads, line, lines, options


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


def read_days(text: str) -> str:
    """A number of days in digits; raises NotDays."""
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise NotDays
    return text


class ProgrammeForm(Form):
    """The settings of the partner programme."""

    ownership_days = line(
        _l("Days of ownership"),
        Reads(read_days),
        longest=4,
        description=_l("How long the first partner to submit a business owns it."),
        render_kw={"inputmode": "numeric"},
    )
    currency = line(_l("Currency"), longest=3, description=_l("In which expected values are written, like USD."))
    shared_hosts = TextAreaField(
        _l("Hosts that many share"),
        [Fits(20_000, lines=True)],
        description=_l("One a line. On these, the first part of the path tells two businesses apart."),
        render_kw={"rows": 8},
    )

    def wanted(self) -> Programme:
        """The settings that were typed."""
        hosts = sorted(
            {host.strip().lower().removeprefix("www.") for host in self.shared_hosts.data.split("\n")} - {""}
        )
        return Programme(int(self.ownership_days.data), self.currency.data.upper(), tuple(hosts))


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


class UploadForm(Form):
    """A table to import, for whom and for which product."""

    file = FileField(_l("File"), description=_l("CSV or XLSX, with the names of the columns in the first row."))
    partner = SelectField(_l("Partner"), [Filled(), OneOf()], validate_choice=False)
    product = SelectField(
        _l("Product"), [OneOf()], validate_choice=False, description=_l("For rows that do not name one.")
    )
