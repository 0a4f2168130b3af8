"""Forms of merchants about people, rules and what the shop sells."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField

from referrals.errors import RuleBroken
from referrals.money import parse
from referrals.shops.catalogue import NotTiers
from referrals.values import parse_email, parse_phone
from referrals.web import shop_words
from referrals.web.amounts import plain_amount, written_amount
from referrals.web.forms import Filled, Form, OneOf, Reads, line, lines, options
from referrals.web.forms.amounts import amount, moment, percent

TIER_ROWS = 6
DIGITS = {"inputmode": "numeric", "autocomplete": "off"}


class CurrencyForm(Form):
    """A form whose amounts are in the currency of a shop."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(*args, **kwargs)


def choice(label: str, **kwargs: Any) -> RadioField:
    return RadioField(label, [OneOf()], validate_choice=False, **kwargs)


def chosen(label: str, **kwargs: Any) -> SelectField:
    return SelectField(label, [OneOf()], validate_choice=False, **kwargs)


class NewSalespersonForm(Form):
    """Somebody whom the merchant lets promote the shop."""

    phone = line(
        _l("Phone"),
        Reads(parse_phone),
        longest=40,
        description=_l("With its country code. They log in with it."),
        render_kw={"type": "tel", "autocomplete": "off"},
    )
    nickname = line(_l("Nickname"), required=False, longest=40)
    email = line(_l("E-mail"), Reads(parse_email), required=False, longest=254)
    coupon_code = line(
        _l("Coupon code"), required=False, longest=60, description=_l("Orders that carry it count for this person.")
    )


class CouponForm(Form):
    """The coupon code of a salesperson."""

    coupon_code = line(
        _l("Coupon code"), required=False, longest=60, description=_l("Orders that carry it count for this person.")
    )


class ReasonForm(Form):
    """Why something is done."""

    reason = line(_l("Reason"), required=False, longest=300)


class RateForm(Form):
    """A rate of its own, or none."""

    rate = percent(
        _l("Rate of its own, in percent"),
        required=False,
        description=_l("Empty: the next wider rate counts. 0 earns nothing."),
    )
    effective_at = moment(_l("From"), description=_l("Empty: from now on."))


class GroupForm(Form):
    """A group of salespeople."""

    name = line(_l("Name of the group"), longest=100)


class MembershipForm(Form):
    """To which group a salesperson belongs."""

    group = chosen(_l("Group"))

    def offer(self, groups: Iterable[Any]) -> "MembershipForm":
        """Fill in what can be chosen."""
        self.group.choices = options([("", gettext("No group")), *((str(one.id), one.name) for one in groups)])
        return self


class SettingsForm(CurrencyForm):
    """Every setting of the programme."""

    programme = BooleanField(_l("The salesperson programme is on"))
    applications = choice(_l("Whoever applies"))
    rate_bp = percent(_l("Commission rate, in percent"), description=_l("0.00 to 90.00"))
    validity = choice(_l("Links that are shared"))
    binding = choice(_l("Whose customer somebody is"))
    protect_days = line(_l("Days of protection"), longest=5, render_kw=DIGITS, description=_l("1 to 3650"))
    auto_settle = BooleanField(_l("Settle by itself as soon as an order is completed"))
    completion_days = line(
        _l("Days until an order is completed"),
        longest=4,
        render_kw=DIGITS,
        description=_l("After shipping; after payment when nothing ships. 0 to 365"),
    )
    own_purchases_earn = BooleanField(_l("Salespeople earn by what they buy themselves"))
    refunds_after_settlement = choice(_l("When a refund comes after the settlement"))
    minimum_withdrawal_minor = amount(_l("Smallest withdrawal"), required=False)
    leaderboard = BooleanField(_l("Salespeople see a leaderboard"))
    recruitment_text = lines(_l("Text of the recruitment page"), longest=10_000, render_kw={"rows": 4})
    commission_note = lines(
        _l("Note on commissions"),
        longest=10_000,
        description=_l("Salespeople read it beside the rate."),
        render_kw={"rows": 2},
    )
    effective_at = moment(_l("From"), description=_l("Empty: from now on. Nothing before it moves."))

    SWITCHES = ("programme", "auto_settle", "own_purchases_earn", "leaderboard")
    CHOICES = ("applications", "validity", "binding", "refunds_after_settlement")
    TEXTS = ("recruitment_text", "commission_note")

    def offer(self) -> "SettingsForm":
        """Fill in what can be chosen."""
        for name in self.CHOICES:
            self[name].choices = options([
                (value, gettext(label)) for value, label in shop_words.SETTING_VALUES[name].items()
            ])  # fmt: skip
        return self

    def show(self, settings: Any) -> "SettingsForm":
        """Put these settings into the fields."""
        for name in self.SWITCHES + self.CHOICES + self.TEXTS:
            self[name].data = getattr(settings, name)
        self.rate_bp.write(settings.rate_bp)
        self.protect_days.data, self.completion_days.data = str(settings.protect_days), str(settings.completion_days)
        self.minimum_withdrawal_minor.write(settings.minimum_withdrawal_minor, self.currency)
        return self

    def wanted(self) -> dict[str, Any]:
        """All settings as they were typed; what is no number is None, which the shop's rules refuse."""
        found = {name: self[name].data for name in self.SWITCHES + self.CHOICES}
        found |= {name: self[name].data or "" for name in self.TEXTS}
        found |= {name: whole(self[name].data) for name in ("protect_days", "completion_days")}
        found["rate_bp"] = self.rate_bp.value
        found["minimum_withdrawal_minor"] = self.minimum_withdrawal_minor.value or 0
        return found


def whole(typed: str | None) -> int | None:
    """A whole number in digits, or None where it is none."""
    text = (typed or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


class ProductForm(Form):
    """A product of the shop."""

    sku = line(_l("SKU"), longest=255, description=_l("As it stands on the lines of orders."))
    title = line(_l("Title"), longest=300)
    url = line(_l("Page of the product"), required=False, longest=2000, render_kw={"type": "url"})
    rate = percent(
        _l("Rate of its own, in percent"),
        required=False,
        description=_l("Empty: the next wider rate counts. 0 earns nothing."),
    )


class GroupBuyForm(CurrencyForm):
    """A campaign with its tiers, which stand in rows `orders_0`, `cashback_0` …"""

    external_id = line(_l("Id of the campaign"), longest=255, description=_l("As orders name it."))
    title = line(_l("Title"), longest=300)

    def rows(self, tiers: Iterable[Any] = ()) -> list[tuple[str, str]]:
        """The rows as they are shown: what was typed, else what is stored; with some empty ones below."""
        if request.method == "POST":
            found = [(request.form.get(f"orders_{n}", "")[:20], request.form.get(f"cashback_{n}", "")[:40])
                     for n in range(TIER_ROWS)]  # fmt: skip
        else:
            found = [(str(orders), written_amount(minor, self.currency)) for orders, minor in tiers]
        return found + [("", "")] * (TIER_ROWS - len(found))

    def tiers(self) -> list[tuple[int, int]]:
        """The tiers that were typed; raises NotTiers where a row is incomplete or no number."""
        found = []
        for orders, cashback in self.rows():
            if not orders.strip() and not cashback.strip():
                continue
            number = whole(orders)
            try:
                minor = parse(plain_amount(cashback), self.currency).minor
            except RuleBroken:
                raise NotTiers(field="tiers") from None
            if number is None:
                raise NotTiers(field="tiers")
            found.append((number, minor))
        return found


class MaterialForm(Form):
    """Something to promote with."""

    title = line(_l("Title"), longest=200)
    text = lines(_l("Text to share"), longest=10_000, render_kw={"rows": 4})
    picture_url = line(_l("Address of a picture"), required=False, longest=2000, render_kw={"type": "url"})
    target = line(
        _l("Where its link leads"),
        required=False,
        longest=2000,
        description=_l("Empty: to the shop. Or product:SKU, article:ID, or a page of your shop."),
    )


class QuestionForm(Form):
    """A question and its answer."""

    question = line(_l("Question"), longest=200)
    answer = lines(_l("Answer"), required=True, longest=10_000, render_kw={"rows": 4})


class CollectorForm(Form):
    """Who collects the money of a payment method."""

    collected_by = chosen(_l("Collected by"))

    def offer(self, labels: Mapping[str, str]) -> "CollectorForm":
        """Fill in what can be chosen."""
        self.collected_by.choices = options([(value, gettext(label)) for value, label in labels.items()])
        return self


class HostForm(Form):
    """An address of the shop."""

    host = line(_l("Address"), longest=253, description=_l("Like shop.example.org. Links lead nowhere else."))


class ReattributionForm(Form):
    """Whose order it is after all, and why."""

    salesperson = SelectField(_l("Salesperson"), [Filled(), OneOf()], validate_choice=False)
    reason_code = SelectField(_l("Reason"), [Filled(), OneOf()], validate_choice=False)
    note = lines(_l("Note"), longest=1000, render_kw={"rows": 2})

    def offer(self, people: Iterable[tuple[int, str]]) -> "ReattributionForm":
        """Fill in what can be chosen."""
        self.salesperson.choices = options(
            [("", gettext("Choose")), ("none", gettext("No salesperson")), *((str(key), name) for key, name in people)]
        )
        self.reason_code.choices = options([
            ("", gettext("Choose")),
            *((code, gettext(label)) for code, label in shop_words.REATTRIBUTION.items()),
        ])  # fmt: skip
        return self


class RelationForm(Form):
    """Whose customer is this, and when."""

    q = line(
        _l("Customer"), longest=300, description=_l("A phone number, an e-mail, a customer id or an order number.")
    )
    at = moment(_l("At"), description=_l("Empty: now."))
