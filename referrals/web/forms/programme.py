"""The form of the partner programme's settings."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, TextAreaField

from referrals.leads.catalogue import NotACurrency, NotDays, Programme
from referrals.money import CURRENCIES, parse
from referrals.stores.rules import parse_plan
from referrals.values import parse_website
from referrals.web.amounts import plain_amount, written_amount
from referrals.web.forms import Fits, Form, OneOf, Reads, line, options
from referrals.web.forms.people import time_zones


def read_days(text: str) -> str:
    """A number of days in digits; raises NotDays."""
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise NotDays
    return text


def read_plans(text: str) -> str:
    """Codes of plans with commas between; raises NotAStorePlan."""
    return ", ".join(dict.fromkeys(parse_plan(part) for part in text.split(",") if part.strip()))


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

    time_zone = SelectField(
        _l("Time zone"), [OneOf()], validate_choice=False, description=_l("By its calendar payout periods end.")
    )
    minimum_payout = line(
        _l("Smallest payout"),
        longest=40,
        description=_l("In each category group of a partner. What is less is carried over to the next payout."),
        render_kw={"inputmode": "decimal"},
    )

    signup_url = line(
        _l("Where merchants sign up"),
        Reads(parse_website),
        required=False,
        longest=2000,
        description=_l("Partners' referral links lead there, with ?partner= and the partner's code."),
        render_kw={"inputmode": "url"},
    )

    upgradable_plans = line(
        _l("Plans that can be upgraded"),
        Reads(read_plans),
        required=False,
        longest=1000,
        description=_l(
            "Codes with commas between, like starter, basic. Owners of stores on them can be invited to upgrade to "
            "Plus; empty: those of every plan but Plus."
        ),
    )

    @classmethod
    def about(cls, present: Programme) -> "ProgrammeForm":
        """The form as it was sent; what was not sent stays as the settings are."""
        form = cls(
            ownership_days=str(present.ownership_days),
            currency=present.currency,
            shared_hosts="\n".join(present.shared_hosts),
            time_zone=present.time_zone,
            signup_url=present.signup_url,
            upgradable_plans=", ".join(present.upgradable_plans),
            minimum_payout=written_amount(present.minimum_payout_minor, present.currency),
        )
        form.time_zone.choices = options(time_zones())
        return form

    def wanted(self) -> dict[str, Any]:
        """The settings that were typed, by name. Raises NotACurrency and what is wrong with the amount."""
        hosts = {host.strip().lower().removeprefix("www.") for host in self.shared_hosts.data.split("\n")}
        currency = self.currency.data.upper()
        if currency not in CURRENCIES:
            raise NotACurrency(field="currency")
        return {
            "ownership_days": int(self.ownership_days.data),
            "currency": currency,
            "shared_hosts": tuple(sorted(hosts - {""})),
            "time_zone": self.time_zone.data,
            "signup_url": self.signup_url.data,
            "upgradable_plans": tuple(filter(None, self.upgradable_plans.data.split(", "))),
            "minimum_payout_minor": parse(plain_amount(self.minimum_payout.data), currency).minor,
        }
