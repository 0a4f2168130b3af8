"""What the API takes and gives, as schemas that describe it."""

from marshmallow import INCLUDE, Schema, fields, validate

from referrals.leads.lifecycle import PAYOUT, STATUS


class Money(Schema):
    """An amount with exactly the currency's decimals."""

    amount = fields.String(required=True, metadata={"example": "1200.00"})
    currency = fields.String(required=True, metadata={"example": "USD"})


class LeadFields(Schema):
    """The fields that every lead has; products add their own."""

    contact_name = fields.String(metadata={"description": "Required when submitting."})
    contact_email = fields.String(metadata={"description": "Required when submitting."})
    contact_phone = fields.String(metadata={"description": "E.164, or as dialled in the country."})
    business_name = fields.String(metadata={"description": "Required when submitting."})
    website_url = fields.String()
    country = fields.String(metadata={"description": "ISO 3166 alpha-2; required when submitting."})
    current_platform = fields.String()
    store_domain = fields.String()
    notes = fields.String()
    sales_support = fields.Boolean()
    expected_value = fields.Nested(Money, allow_none=True)
    annual_revenue = fields.String(metadata={"description": "Of the product plus."})
    monthly_orders = fields.String(metadata={"description": "Of the product plus."})
    locations = fields.Integer(strict=True, allow_none=True, metadata={"description": "Of the product pos."})
    go_live_on = fields.String(allow_none=True, metadata={"description": "Of the product pos; a date."})


class LeadIn(LeadFields):
    """A lead to submit."""

    class Meta:
        unknown = INCLUDE

    product = fields.String(required=True, metadata={"description": "Code of the product, like plus or pos."})


class Rep(Schema):
    """The assigned sales representative."""

    name = fields.String()
    email = fields.String(allow_none=True)
    phone = fields.String()
    booking_url = fields.String()


class LeadOut(LeadFields):
    """A lead as it stands."""

    ref = fields.String()
    product = fields.String()
    status = fields.String(validate=validate.OneOf(STATUS.states))
    payout = fields.String(validate=validate.OneOf(PAYOUT.states))
    conflict = fields.Boolean(metadata={"description": "Another partner registered the business before."})
    reason = fields.String(allow_none=True, metadata={"description": "Why it was refused."})
    rep = fields.Nested(Rep, allow_none=True)
    submitted_at = fields.String()
    changed_at = fields.String()


class Leads(Schema):
    """A page of leads; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(LeadOut))
    next = fields.String(allow_none=True)


class LeadQuery(Schema):
    """What to list."""

    class Meta:
        unknown = INCLUDE

    q = fields.String(metadata={"description": "Part of contact name, e-mail, business name or website."})
    product = fields.String()
    status = fields.String()
    payout = fields.String()
    sort = fields.String(metadata={"description": "A column of the table; - in front for descending."})
    cursor = fields.String(metadata={"description": "`next` of the page before."})
