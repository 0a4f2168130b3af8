"""Forms about a shop itself: made, named, and who may act for it."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField

from referrals.people.rules import SHOP_PERMISSIONS
from referrals.shops.models import Shop
from referrals.shops.operations import NotAShopCurrency, NotASlug
from referrals.values import login_email
from referrals.web.forms import Form, OneOf, Reads, line, lines, options
from referrals.web.forms.people import EMAIL, time_zones
from referrals.web.words import SHOP_PERMISSIONS as MAY


class NewShopForm(Form):
    """A shop, and the first of those who run it, who is invited."""

    name = line(_l("Name"))
    slug = line(_l("Short name"), longest=63, description=_l(NotASlug.sentence), render_kw={"autocapitalize": "none"})
    currency = line(_l("Currency"), longest=3, description=_l(NotAShopCurrency.sentence))
    hosts = lines(
        _l("Addresses, one a line"),
        required=True,
        description=_l("Like shop.example.org. Links lead nowhere else."),
        render_kw={"rows": 3},
    )
    email = line(_l("E-mail of the first member"), Reads(login_email), longest=254, render_kw=EMAIL)

    def addresses(self) -> list[str]:
        """The lines of addresses that are not empty."""
        return [host.strip() for host in self.hosts.data.split("\n") if host.strip()]


class MayForm(Form):
    """What a member of the merchant may do."""

    manage = BooleanField(_l(MAY["manage"]))
    finance = BooleanField(_l(MAY["finance"]))

    def granted(self) -> frozenset[str]:
        """The permissions that are ticked."""
        return frozenset(name for name in SHOP_PERMISSIONS if self[name].data)


class MerchantForm(MayForm):
    """Somebody to invite into the shop, and what they may do."""

    email = line(_l("E-mail"), Reads(login_email), longest=254, render_kw=EMAIL)


class ShopForm(Form):
    """What the shop is called, and by which clocks its days begin."""

    name = line(_l("Name"))
    time_zone = SelectField(
        _l("Time zone"), [OneOf()], validate_choice=False, description=_l("By its clocks the days of the shop begin.")
    )

    def offer(self, shop: Shop) -> "ShopForm":
        """Fill in what can be chosen; the present zone among it, whatever it is."""
        offered = time_zones()
        known = (shop.time_zone, shop.time_zone)
        self.time_zone.choices = options(offered if known in offered else [known, *offered])
        return self
