"""Forms of merchants about money: top-ups, what is settled by hand, withdrawals."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import RadioField

from referrals.web.forms import Filled, Form, OneOf, line, lines, options
from referrals.web.forms.amounts import AmountField, amount, moment
from referrals.web.forms.shop import CurrencyForm
from referrals.web.shop_words import PAID_FROM
from referrals.web.words import own_words


class TopUpForm(CurrencyForm):
    """Money that goes into the store balance, or out of it again."""

    amount = amount(_l("Amount"))
    note = line(_l("Note"), required=False, longest=300)


class ByHandForm(CurrencyForm):
    """What merchant and salesperson agreed on."""

    amount = AmountField(
        _l("Amount agreed on"),
        [Filled()],
        description=_l("Negative: the salesperson gives something back."),
        render_kw={"inputmode": "decimal", "autocomplete": "off", "data-signed": "y"},
    )
    paid_from = RadioField(_l("How it is paid"), [OneOf()], validate_choice=False, default="balance")
    note = lines(_l("Note"), longest=1000, render_kw={"rows": 2})

    def offer(self) -> "ByHandForm":
        """Fill in what can be chosen."""
        self.paid_from.choices = options([(value, own_words(label)) for value, label in PAID_FROM.items()])
        return self


class PaymentForm(CurrencyForm):
    """A withdrawal was paid."""

    fee = amount(_l("Fee"), required=False)
    reference = line(_l("Reference of the payment"), required=False, longest=200)


class RefusalForm(Form):
    """A withdrawal is refused."""

    reason = line(_l("Reason; the salesperson reads it"), longest=300)


class ResultsForm(Form):
    """What became of many withdrawals."""

    file = FileField(
        _l("File"),
        description=_l("The list above, with “paid” or “refused” under status, and fee, reference or reason."),
        render_kw={"accept": ".csv,.xlsx"},
    )


class HoldForm(Form):
    """A commission is held back."""

    reason = line(_l("Reason"), longest=300)


class RunForm(Form):
    """A settlement run, as if at a moment."""

    as_of = moment(_l("As of"), description=_l("Empty: now. A past moment sees only what had happened by then."))
