"""Forms of payouts: where to pay, that it was paid, that it failed, results of many."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import PasswordField

from referrals.payouts.methods import parse_recipient
from referrals.web.forms import Filled, Form, Reads, line


class MethodForm(Form):
    """The address of a PayPal account, and the password of who sets it."""

    email = line(
        _l("E-mail of your PayPal account"),
        Reads(parse_recipient),
        longest=254,
        render_kw={"type": "email", "autocomplete": "off"},
    )
    password = PasswordField(
        _l("Your password"),
        [Filled()],
        description=_l("Of your account here, so that nobody else can change where your money goes."),
        render_kw={"autocomplete": "current-password"},
    )


class PaidForm(Form):
    """A payout was paid by hand."""

    reference = line(_l("Reference of the payment"), required=False)


class FailedForm(Form):
    """A payout failed, or came back."""

    reason = line(_l("Reason; the partner reads it"), longest=300)


class PayoutResultsForm(Form):
    """What became of many payouts."""

    file = FileField(
        _l("File"),
        description=_l("CSV or XLSX with a reference id and a status: paid or failed, with a reason."),
        render_kw={"accept": ".csv,.xlsx"},
    )
