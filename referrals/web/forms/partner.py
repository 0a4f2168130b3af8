"""Forms about referrals and partners' links."""

from flask_babel import lazy_gettext as _l

from referrals.partners.referrals import plan_code
from referrals.web.forms import Form, Reads, line


class PlanForm(Form):
    """The plan that a merchant is on."""

    plan = line(_l("Plan"), Reads(plan_code), longest=40, description=_l("A code of the platform, like basic or plus."))
