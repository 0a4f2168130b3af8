"""What calls about orders take and give."""

from marshmallow import Schema, fields, validate

from referrals.api.link_schemas import CustomerIn
from referrals.api.plain import Flag, Moment, Whole
from referrals.api.schemas import Money
from referrals.commissions.lifecycle import COMMISSION
from referrals.orders.models import EVENTS, REASONS, VIA
from referrals.orders.rules import STAGES
from referrals.shops.models import COLLECTORS

ID = validate.Length(1, 255)


class LineIn(Schema):
    """A line of an order."""

    id = fields.String(required=True, validate=ID)
    sku = fields.String(load_default="")
    title = fields.String(load_default="")
    quantity = Whole(load_default=1, validate=validate.Range(1, 10**9))
    amount = fields.Nested(
        Money,
        required=True,
        metadata={"description": "Paid for the whole line after all discounts, without tax and shipping."},
    )


class Lines(Schema):
    """All lines of an order."""

    lines = fields.List(fields.Nested(LineIn), required=True)


class OrderIn(Schema):
    """An order, and what is known to have happened to it."""

    external_id = fields.String(required=True, validate=ID)
    placed_at = Moment(required=True)
    currency = fields.String(required=True)
    payment_method = fields.String(load_default="", allow_none=True)
    collected_by = fields.String(
        allow_none=True,
        validate=validate.OneOf(COLLECTORS),
        metadata={"description": "Who collects the money; follows from the payment method where it is missing."},
    )
    customer = fields.Nested(CustomerIn, allow_none=True)
    ref = fields.String(allow_none=True, metadata={"description": "The id of a click."})
    visitor = fields.String(allow_none=True)
    coupon_codes = fields.List(fields.String(), allow_none=True)
    test = Flag(load_default=False)
    requires_shipping = Flag(load_default=True)
    group_buy = fields.String(allow_none=True)
    shipping = fields.Nested(Money, allow_none=True)
    tax = fields.Nested(Money, allow_none=True)
    lines = fields.List(fields.Nested(LineIn), required=True, validate=validate.Length(1, 5000))
    paid_at = Moment(allow_none=True)
    shipped_at = Moment(allow_none=True, metadata={"description": "When the last of it left."})
    completed_at = Moment(allow_none=True)
    cancelled_at = Moment(allow_none=True)


class RefundedLine(Schema):
    """What of a line was given back."""

    id = fields.String(required=True, validate=ID)
    amount = fields.Nested(Money, required=True)


class EventIn(Schema):
    """Something that happened to an order."""

    id = fields.String(required=True, validate=ID)
    type = fields.String(required=True, validate=validate.OneOf(EVENTS))
    occurred_at = Moment(required=True)
    amount = fields.Nested(Money, allow_none=True, metadata={"description": "Of a refund or cashback: of the goods."})
    lines = fields.List(
        fields.Raw(),
        allow_none=True,
        validate=validate.Length(max=5000),
        metadata={"description": "Of a refund `{id, amount}`, summing to its amount; of an amendment all lines anew."},
    )


class EventOut(Schema):
    """An event as it is recorded; `waiting` while its order is not known."""

    id = fields.String()
    type = fields.String(validate=validate.OneOf(EVENTS))
    occurred_at = Moment()
    amount = fields.Nested(Money, allow_none=True)
    lines = fields.List(fields.Raw())
    order = fields.String()
    waiting = Flag()


class AttributionOut(Schema):
    """Whose the order is and by which click, or the one reason why nobody's."""

    salesperson = fields.String(allow_none=True)
    click = fields.String(allow_none=True)
    via = fields.String(allow_none=True, validate=validate.OneOf(VIA))
    reason = fields.String(allow_none=True, validate=validate.OneOf(REASONS))


class OrderCommission(Schema):
    """What the order earns its salesperson."""

    id = fields.String()
    status = fields.String(validate=validate.OneOf(COMMISSION.states))
    reason = fields.String(allow_none=True)
    amount = fields.Nested(Money)
    clawed_back = fields.Nested(Money)
    due_at = Moment(allow_none=True)
    settled_at = Moment(allow_none=True)


class OrderOut(OrderIn):
    """An order as it stands; `completed_at` is when it counts as completed."""

    ref_problem = fields.String(allow_none=True, metadata={"description": "Why the ref counted for nothing."})
    status = fields.String(validate=validate.OneOf(STAGES))
    goods = fields.Nested(Money)
    left = fields.Nested(Money, metadata={"description": "Of the goods, after refunds."})
    refunded = fields.Nested(Money)
    excess = fields.Nested(Money, metadata={"description": "Refunded beyond the order."})
    events = fields.List(fields.Nested(EventOut))
    attribution = fields.Nested(AttributionOut)
    commission = fields.Nested(OrderCommission, allow_none=True)
