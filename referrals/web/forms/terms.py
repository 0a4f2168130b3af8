"""The form of new terms."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import StopValidation

from referrals.earnings.models import EarningTerms
from referrals.earnings.promising import Wanted
from referrals.errors import RuleBroken
from referrals.partners.referrals import plan_code
from referrals.web import words
from referrals.web.earning_words import CATEGORY, TERMS_KIND
from referrals.web.forms import Fits, Form, OneOf, lines, options
from referrals.web.forms.amounts import ValueField, amount, moment, percent
from referrals.web.language import LANGUAGES
from referrals.wording import N_


class NotANumber(RuleBroken):
    """No whole number."""

    sentence = N_("Write a whole number in digits.")


class WholeField(ValueField):
    """A whole number in digits; `value` is None for nothing."""

    def means(self, typed: str, form: Form) -> int:  # noqa: ARG002
        """The number."""
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 10):
            raise NotANumber
        return int(typed)


class PlansField(StringField):  # type: ignore[misc]
    """Codes of plans, with commas or spaces between; `value` is a tuple of them."""

    value: tuple[str, ...] = ()

    def pre_validate(self, form: Form) -> None:  # noqa: ARG002
        """Read what was typed."""
        try:
            self.value = tuple(plan_code(code) for code in (self.data or "").replace(",", " ").split())
        except RuleBroken as broken:
            raise StopValidation(words.say(broken)) from None


class TermsForm(Form):
    """What a category earns from a moment on."""

    category = SelectField(_l("Category"), [OneOf()], validate_choice=False)
    kind = SelectField(_l("What is earned"), [OneOf()], validate_choice=False)
    rate_bp = percent(_l("Share in percent"), required=False, description=_l("Of the monthly platform fee."))
    months = WholeField(
        _l("For how many months"), [Fits(9)], description=_l("Empty: as long as the merchant pays."),
        render_kw={"inputmode": "numeric"},
    )  # fmt: skip
    amount_minor = amount(_l("Fixed amount"), required=False)
    plans = PlansField(_l("Only these plans"), [Fits(400)], description=_l("Codes with commas between. Empty: all."))
    excluded_plans = PlansField(_l("Not these plans"), [Fits(400)], description=_l("Codes with commas between."))
    min_locations = WholeField(_l("Locations at least"), [Fits(9)], render_kw={"inputmode": "numeric"})
    starts_at = moment(_l("From when"), description=_l("Empty: at once. Never in the past."))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(*args, **kwargs)

    def offer(self) -> "TermsForm":
        """Fill in what can be chosen."""
        self.category.choices = options([(key, gettext(label)) for key, label in CATEGORY.items()])
        self.kind.choices = options([(key, gettext(label)) for key, label in TERMS_KIND.items()])
        return self

    def show(self, terms: EarningTerms) -> "TermsForm":
        """Begin with terms that there are."""
        self.category.data, self.kind.data = terms.category, terms.kind
        self.rate_bp.write(terms.rate_bp)
        self.amount_minor.write(terms.amount_minor, terms.currency or self.currency)
        self.months.data = str(terms.months or "")
        self.min_locations.data = str(terms.min_locations or "")
        self.plans.data, self.excluded_plans.data = ", ".join(terms.plans), ", ".join(terms.excluded_plans)
        for code in LANGUAGES:
            self[f"text_{code}"].data = terms.texts.get(code, "")
        return self

    def wanted(self) -> Wanted:
        """The terms that the form asks for."""
        return Wanted(
            category=self.category.data,
            kind=self.kind.data,
            starts_at=self.starts_at.value,
            rate_bp=self.rate_bp.value,
            months=self.months.value,
            amount_minor=self.amount_minor.value,
            currency=self.currency,
            plans=self.plans.value,
            excluded_plans=self.excluded_plans.value,
            min_locations=self.min_locations.value,
            texts={code: self[f"text_{code}"].data for code in LANGUAGES},
        )

    @property
    def texts(self) -> list[Any]:
        """The fields for the operator's own words, one for each language."""
        return [self[f"text_{code}"] for code in LANGUAGES]


for _code, _name in LANGUAGES.items():
    setattr(TermsForm, f"text_{_code}", lines(_name, longest=5000, render_kw={"rows": 2, "lang": _code}))
