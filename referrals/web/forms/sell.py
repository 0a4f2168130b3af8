"""Forms of salespeople: phone and code, profile, pages to share, withdrawals."""

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from referrals.people.shop_members import LONGEST_NICKNAME
from referrals.values import LONGEST_URL, parse_email, parse_phone
from referrals.web.forms import Filled, Fits, Form, OneOf, Reads, line, lines, options
from referrals.web.forms.amounts import amount
from referrals.web.forms.people import EMAIL, ProfileForm
from referrals.web.language import SPELLINGS, chosen_language
from referrals.wording import N_

COUNTRY_OF_LANGUAGE = {"th": "TH", "pl": "PL", "vi": "VN", "tr": "TR", "zh": "CN"}
METHODS = {
    "bank": N_("Bank transfer"),
    "alipay": N_("Alipay"),
    "wechat": N_("WeChat Pay"),
    "paypal": N_("PayPal"),
    "other": N_("Another way"),
}


def own_country() -> str:
    """Where a phone number without a country code belongs: to the region that the browser names, else the language."""
    for tag, _quality in request.accept_languages:
        language, _, region = tag.replace("_", "-").rpartition("-")
        if language and len(region) == 2 and tag.lower() not in SPELLINGS:
            return region.upper()
    return COUNTRY_OF_LANGUAGE.get(chosen_language(), "")


def read_phone(text: str) -> str:
    """A phone number in E.164, as people of here write it; raises NotAPhone."""
    return parse_phone(text, own_country())


class PhoneForm(Form):
    """The phone number to which a code goes."""

    phone = line(
        _l("Phone"),
        Reads(read_phone),
        longest=40,
        render_kw={"type": "tel", "autocomplete": "tel", "placeholder": "+86 139 1234 2210", "autofocus": True},
    )


class PhoneCodeForm(Form):
    """The code that came to the phone."""

    code = StringField(
        _l("One-time code"),
        [Filled(), Fits(20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True},
    )


class NicknameForm(Form):
    """How a salesperson wants to be shown."""

    nickname = line(_l("Nickname"), required=False, longest=LONGEST_NICKNAME, render_kw={"autocomplete": "nickname"})


class SellerForm(ProfileForm):
    """What a salesperson sets for themselves."""

    name = None
    nickname = line(_l("Nickname"), required=False, longest=LONGEST_NICKNAME, render_kw={"autocomplete": "nickname"})
    email = line(_l("E-mail"), Reads(parse_email), required=False, longest=254, render_kw=EMAIL)


class PageForm(Form):
    """The address of a page of the shop."""

    target = line(
        _l("Address of the page"),
        longest=LONGEST_URL,
        render_kw={"type": "url", "inputmode": "url", "autocomplete": "off"},
    )


class WithdrawalForm(Form):
    """How much to withdraw, in the currency of the shop, and whereto."""

    currency = ""
    amount = amount(_l("Amount"))
    method = SelectField(_l("Way of payment"), [OneOf()], validate_choice=False)
    payout_details = lines(
        _l("Where to pay it"),
        required=True,
        longest=500,
        description=_l("Name, account and bank, or the account of the payment service. Stored encrypted."),
        render_kw={"rows": 3, "autocomplete": "off"},
    )

    def offer(self) -> "WithdrawalForm":
        """Fill in what can be chosen."""
        self.method.choices = options((value, gettext(label)) for value, label in METHODS.items())
        return self
