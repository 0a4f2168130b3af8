"""What the API takes and gives of referrals and revenue."""

from marshmallow import Schema, fields, validate

from referrals.api.plain import Readable
from referrals.api.schemas import Money
from referrals.partners.lifecycle import CATEGORIES, REFERRAL, REVENUE_KINDS

MOST_ROWS = 1000


class ReferralIn(Schema):
    """A referral that the platform reports; the same merchant, partner and category again is the one on record."""

    partner = Readable(required=True, metadata={"description": "Name of the partner, or the code of its link."})
    merchant = Readable(
        load_default="", validate=validate.Length(max=200), metadata={"description": "Required without a domain."}
    )
    domain = Readable(load_default="", metadata={"example": "shop.example.org"})
    referred_at = Readable(required=True, metadata={"description": "RFC 3339, or a date."})
    plan = Readable(load_default="", metadata={"description": "Code of the plan; another one than before corrects it."})
    category = fields.String(load_default="affiliate_link", validate=validate.OneOf(CATEGORIES))
    status = fields.String(load_default="", validate=validate.OneOf(("", *REFERRAL.states)))


class ReferralOut(Schema):
    """A referral as it stands. Money stands there for keys that may see it."""

    id = fields.String()
    merchant = fields.String()
    domain = fields.String(allow_none=True)
    category = fields.String(validate=validate.OneOf(CATEGORIES))
    plan = fields.String(allow_none=True)
    status = fields.String(validate=validate.OneOf(REFERRAL.states))
    referred_at = fields.String()
    closed_at = fields.String(allow_none=True)
    lead = fields.String(allow_none=True, metadata={"description": "Reference of the lead that it came from."})
    partner = fields.String(metadata={"description": "For the operator alone."})
    revenue = fields.Nested(Money)
    last_month = fields.Nested(Money)


class Referrals(Schema):
    """A page of referrals; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(ReferralOut))
    next = fields.String(allow_none=True)


class ReferralQuery(Schema):
    """What to list."""

    q = fields.String(metadata={"description": "Part of merchant or domain."})
    category = fields.String()
    status = fields.String()
    plan = fields.String()
    sort = fields.String(metadata={"description": "A column of the list; - in front for descending."})
    cursor = fields.String(metadata={"description": "`next` of the page before."})


class RevenueRowIn(Schema):
    """What a merchant paid in a month, or a signed correction of that."""

    id = Readable(metadata={"description": "The platform's own id of the row. Required."})
    merchant = Readable(metadata={"description": "Domain or name. Required."})
    month = Readable(metadata={"example": "2026-11", "description": "Required."})
    amount = fields.Raw(metadata={"description": 'As {"amount": "88.00", "currency": "USD"}, or as text. Required.'})
    currency = Readable(metadata={"description": "Of an amount that is written as text."})
    kind = fields.String(load_default="platform_fee", validate=validate.OneOf(REVENUE_KINDS))
    partner = Readable(load_default="", metadata={"description": "Where several partners brought this merchant."})
    category = fields.String(load_default="", validate=validate.OneOf(("", *CATEGORIES)))


class RevenueIn(RevenueRowIn):
    """One row, or many in `rows`, which are taken all or none."""

    rows = fields.List(fields.Nested(RevenueRowIn), validate=validate.Length(min=1, max=MOST_ROWS))


class RevenueOut(Schema):
    """A revenue row as it is recorded."""

    id = fields.String()
    referral = fields.String()
    month = fields.String()
    kind = fields.String(validate=validate.OneOf(REVENUE_KINDS))
    amount = fields.Nested(Money)
    items = fields.List(fields.Nested("RevenueOut"), metadata={"description": "Instead, where rows were sent."})
