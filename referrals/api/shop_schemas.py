"""What calls with a shop's key take and give: settings, salespeople, products, group-buys."""

from marshmallow import Schema, fields, validate

from referrals.api.plain import Flag, Moment, Whole
from referrals.api.schemas import Money
from referrals.shops.lifecycle import SALESPERSON
from referrals.shops.models import APPLICATIONS, BINDINGS, REFUND_RULES, VALIDITIES

RATE = validate.Range(0, 9000)


class SettingsOut(Schema):
    """The settings in force."""

    programme = Flag()
    applications = fields.String(validate=validate.OneOf(APPLICATIONS))
    rate_bp = Whole(validate=RATE, metadata={"description": "Basis points: 1000 is 10 %."})
    validity = fields.String(validate=validate.OneOf(VALIDITIES))
    binding = fields.String(validate=validate.OneOf(BINDINGS))
    protect_days = Whole(validate=validate.Range(1, 3650))
    auto_settle = Flag()
    completion_days = Whole(validate=validate.Range(0, 365))
    own_purchases_earn = Flag()
    refunds_after_settlement = fields.String(validate=validate.OneOf(REFUND_RULES))
    minimum_withdrawal = fields.Nested(Money)
    leaderboard = Flag()
    recruitment_text = fields.String()
    commission_note = fields.String()


class SettingsIn(SettingsOut):
    """The settings to change."""

    effective_at = Moment(
        metadata={"description": "In the past only where no link, click or order of the shop is later."}
    )


class SalespersonIn(Schema):
    """Somebody who is to promote the shop."""

    phone = fields.String(required=True, metadata={"description": "With its country code, like +48600700800."})
    nickname = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    coupon_code = fields.String(allow_none=True)
    joined_at = Moment(allow_none=True)


class SalespersonChanges(Schema):
    """What is to change about a salesperson."""

    status = fields.String(validate=validate.OneOf([state for state in SALESPERSON.states if state != "applied"]))
    rate_bp = Whole(validate=RATE, allow_none=True, metadata={"description": "null ends the rate of their own."})
    email = fields.String(allow_none=True)
    coupon_code = fields.String(allow_none=True)
    effective_at = Moment(metadata={"description": "Of status and rate; now where it is missing."})


class SalespersonShort(Schema):
    """A salesperson; `code` is that of their link to the shop."""

    id = fields.String()
    code = fields.String()
    status = fields.String(validate=validate.OneOf(SALESPERSON.states))
    name = fields.String(metadata={"description": "Nickname, or masked phone."})
    email = fields.String()
    coupon_code = fields.String(allow_none=True)
    joined_at = Moment()


class SalespersonOut(SalespersonShort):
    """A salesperson with their money."""

    rate_bp = Whole(allow_none=True, metadata={"description": "A rate of their own, if any."})
    balance = fields.Nested(Money)
    pending = fields.Nested(Money)
    settled = fields.Nested(Money)


class Salespeople(Schema):
    """A page of salespeople; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(SalespersonShort))
    next = fields.String(allow_none=True)


class ProductIn(Schema):
    """A product; what is missing stays as it is."""

    title = fields.String()
    url = fields.String(allow_none=True, metadata={"description": "Its page on one of the shop's hosts."})
    rate_bp = Whole(validate=RATE, allow_none=True, metadata={"description": "null: the rate that others have."})
    effective_at = Moment(metadata={"description": "Of the rate; now where it is missing."})


class ProductOut(Schema):
    """A product, with its own rate in force."""

    sku = fields.String()
    title = fields.String()
    url = fields.String()
    rate_bp = Whole(allow_none=True)


class Products(Schema):
    """A page of products; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(ProductOut))
    next = fields.String(allow_none=True)


class Tier(Schema):
    """From so many orders on, each pays back so much."""

    orders = Whole(required=True, validate=validate.Range(min=1))
    cashback = fields.Nested(Money, required=True)


class GroupBuyIn(Schema):
    """A campaign with its tiers, by rising numbers of orders."""

    title = fields.String()
    tiers = fields.List(fields.Nested(Tier), required=True)


class GroupBuyOut(Schema):
    """A campaign."""

    id = fields.String()
    title = fields.String()
    tiers = fields.List(fields.Nested(Tier))


class GroupBuys(Schema):
    """A page of campaigns; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(GroupBuyOut))
    next = fields.String(allow_none=True)


class PageQuery(Schema):
    """Which page of a list."""

    cursor = fields.String(metadata={"description": "`next` of the page before."})


class SalespeopleQuery(PageQuery):
    """Which salespeople to list."""

    status = fields.String(validate=validate.OneOf(SALESPERSON.states))
