"""Forms about stores."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from referrals.partners.queries import all_partners
from referrals.stores.rules import Facts, parse_plan, parse_store_domain
from referrals.values import parse_email
from referrals.web.forms import Form, OneOf, Reads, line, options
from referrals.web.language import LANGUAGES
from referrals.web.visitor import actor


class StoreForm(Form):
    """What is known of a store."""

    name = line(_l("Store name"), required=False, description=_l("As the merchant calls it."))
    plan = line(
        _l("Plan"), Reads(parse_plan), longest=40, description=_l("A code of the platform, like basic or plus.")
    )
    owner_name = line(_l("Owner name"), required=False)
    owner_email = line(_l("Owner e-mail"), Reads(parse_email), required=False, longest=254, render_kw={"type": "email"})
    owner_language = SelectField(
        _l("Owner language"),
        [OneOf()],
        choices=options(LANGUAGES.items()),
        validate_choice=False,
        description=_l("In which we write to the owner."),
    )

    def facts(self) -> Facts:
        """What was typed."""
        return Facts(
            name=self.name.data,
            owner_name=self.owner_name.data,
            owner_email=self.owner_email.data,
            owner_language=self.owner_language.data,
            plan=self.plan.data,
        )


class NewStoreForm(StoreForm):
    """A store that is not known yet."""

    domain = line(
        _l("Domain"),
        Reads(parse_store_domain),
        longest=253,
        description=_l("Like shop.example.org."),
        render_kw={"inputmode": "url"},
    )


class BuilderForm(Form):
    """Which partner builds a store."""

    partner = SelectField(_l("Partner"), [OneOf()], validate_choice=False)

    def offer(self) -> "BuilderForm":
        """Fill in what can be chosen."""
        self.partner.choices = options(
            [("", gettext("None")), *((str(one.id), one.name) for one in all_partners(actor()))]
        )
        return self
