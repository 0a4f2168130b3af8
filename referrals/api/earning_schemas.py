"""What the API gives of earnings."""

from marshmallow import Schema, fields, validate

from referrals.api.schemas import Money
from referrals.earnings.earning_list import STATES
from referrals.earnings.models import EARNING_KINDS, TERMS_KINDS
from referrals.partners.lifecycle import CATEGORIES, REVENUE_KINDS


class EarningFacts(Schema):
    """An amount that was earned, or taken back."""

    id = fields.String()
    referral = fields.String()
    merchant = fields.String()
    category = fields.String(validate=validate.OneOf(CATEGORIES))
    kind = fields.String(validate=validate.OneOf(EARNING_KINDS))
    month = fields.String(allow_none=True, metadata={"example": "2026-11"})
    amount = fields.Nested(Money)
    earned_at = fields.String()
    payout = fields.String(allow_none=True, metadata={"description": "The payout that holds it."})


class EarningOut(EarningFacts):
    """A row of the list."""

    state = fields.String(validate=validate.OneOf(STATES))


class Earnings(Schema):
    """A page of earnings; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(EarningOut))
    next = fields.String(allow_none=True)


class EarningQuery(Schema):
    """What to list."""

    q = fields.String(metadata={"description": "Part of merchant or domain."})
    category = fields.String()
    kind = fields.String()
    state = fields.String()
    referral = fields.String(metadata={"description": "Id of a referral."})
    sort = fields.String(metadata={"description": "A column of the list; - in front for descending."})
    cursor = fields.String(metadata={"description": "`next` of the page before."})


class TermsTold(Schema):
    """The terms that were promised."""

    version = fields.Integer()
    kind = fields.String(validate=validate.OneOf(TERMS_KINDS))
    starts_at = fields.String()
    rate_bp = fields.Integer(allow_none=True)
    months = fields.Integer(allow_none=True)
    amount = fields.Nested(Money, allow_none=True)
    plans = fields.List(fields.String())
    excluded_plans = fields.List(fields.String())
    min_locations = fields.Integer(allow_none=True)


class RowNamed(Schema):
    """A revenue row of the month."""

    id = fields.String()
    amount = fields.Nested(Money)


class RowTold(RowNamed):
    """The revenue row that earned it."""

    kind = fields.String(validate=validate.OneOf(REVENUE_KINDS))


class RevenueTold(Schema):
    """From the row that came in to what it adds to the share of its month."""

    row = fields.Nested(RowTold)
    rows = fields.List(fields.Nested(RowNamed))
    month_sum = fields.Nested(Money)
    rate_bp = fields.Integer()
    fraction = fields.String(metadata={"description": "The share before it is rounded, in minor units."})
    rounding = fields.String(validate=validate.OneOf(["exact", "up", "down"]))
    share = fields.Nested(Money)
    before = fields.Nested(Money)


class EntryTold(Schema):
    """The entry in the books."""

    number = fields.Integer()
    reference = fields.String()
    hash = fields.String()


class EarningWhy(EarningFacts):
    """An earning retold to the cent."""

    terms = fields.Nested(TermsTold)
    promised_at = fields.String()
    revenue = fields.Nested(RevenueTold, allow_none=True)
    computed = fields.Nested(Money)
    booked = fields.Nested(Money)
    agrees = fields.Boolean()
    entry = fields.Nested(EntryTold, allow_none=True)
    reverses = fields.String(allow_none=True)
    reversed_by = fields.String(allow_none=True)
