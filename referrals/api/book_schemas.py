"""What calls about books and explanations take and give."""

from marshmallow import INCLUDE, Schema, fields, validate

from referrals.api.plain import Flag, Moment, Whole
from referrals.api.schemas import Money
from referrals.api.shop_schemas import SettingsOut
from referrals.ledger.models import ACCOUNTS
from referrals.ledger.queries import ENTRY_KINDS
from referrals.orders.models import REASONS


class EntryQuery(Schema):
    """Which entries to list."""

    class Meta:
        unknown = INCLUDE

    kind = fields.String(validate=validate.OneOf(ENTRY_KINDS))
    cursor = fields.String(metadata={"description": "`next` of the page before."})


class PostingOut(Schema):
    """What an entry does to an account; those of an entry sum to zero."""

    account = fields.String(validate=validate.OneOf(ACCOUNTS))
    salesperson = fields.String(allow_none=True)
    amount = fields.Nested(Money)


class EntryOut(Schema):
    """An entry of the books; `hash` covers it and the one before."""

    number = Whole()
    kind = fields.String(validate=validate.OneOf(ENTRY_KINDS))
    reference = fields.String()
    about = fields.String(metadata={"description": "Like `commission:7`."})
    at = Moment()
    hash = fields.String()
    postings = fields.List(fields.Nested(PostingOut))


class EntriesOut(Schema):
    """A page of entries; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(EntryOut))
    next = fields.String(allow_none=True)


class BooksProof(Schema):
    """What a proof of the books found; `hash` is that of the latest entry."""

    ok = Flag()
    entries = Whole()
    postings = Whole()
    hash = fields.String()
    first_problem = fields.String(allow_none=True)


class LineExplained(Schema):
    """A line of the order, what is left of it, and its rate."""

    id = fields.String()
    sku = fields.String()
    title = fields.String()
    quantity = Whole()
    amount = fields.Nested(Money)
    refunded = fields.Nested(Money)
    left = fields.Nested(Money)
    rate_bp = Whole()
    rate_source = fields.String(validate=validate.OneOf(["product", "salesperson", "group", "shop"]))
    rate_version = fields.String(allow_none=True)
    rate_since = Moment(allow_none=True)


class ExplanationOut(Schema):
    """A commission retold from stored facts, to the minor unit."""

    class Meta:
        unknown = INCLUDE

    commission = fields.String(allow_none=True, metadata={"description": "null: the order is nobody's."})
    order = fields.String()
    salesperson = fields.String()
    status = fields.String()
    reason = fields.String(allow_none=True)
    amount = fields.Nested(Money, metadata={"description": "As booked, or the estimate."})
    computed = fields.Nested(Money, metadata={"description": "What the formula makes of the stored facts."})
    estimate = Flag()
    agrees = Flag(metadata={"description": "Whether everything booked follows from the facts."})
    doubts = fields.List(fields.String())
    attribution = fields.Dict(allow_none=True)
    settings = fields.Dict()
    lines = fields.List(fields.Nested(LineExplained))
    refunds = fields.List(fields.Dict())
    cashback = fields.Dict(allow_none=True)
    base = fields.Nested(Money)
    factor = fields.String(allow_none=True, metadata={"description": "Base by what is left of the lines."})
    fraction = fields.String(metadata={"description": "The exact amount in minor units, before rounding."})
    rounding = fields.String(validate=validate.OneOf(["exact", "up", "down"]))
    settled_at = Moment(allow_none=True)
    run = fields.Dict(allow_none=True)
    entry = fields.Dict(allow_none=True)
    clawbacks = fields.List(fields.Dict())
    by_hand = fields.List(fields.Dict())
    remaining = fields.Nested(Money)


class WhyNotOut(Schema):
    """Why an order is nobody's, or the explanation of its commission."""

    class Meta:
        unknown = INCLUDE

    order = fields.String()
    commission = fields.String(allow_none=True)
    reason = fields.String(allow_none=True, validate=validate.OneOf(REASONS))
    questions = fields.List(fields.Dict())
    clicks = fields.List(fields.Dict())
    bindings = fields.List(fields.Dict())


class SettingsTry(SettingsOut):
    """The settings to try on the orders of a time that is past."""

    since = Moment(data_key="from", required=True, metadata={"description": "As if they had held from then on."})
    until = Moment(data_key="to", metadata={"description": "Orders placed before; now where it is missing."})


class SalespersonDifference(Schema):
    """What one salesperson would have earned more, or less."""

    salesperson = fields.String()
    difference = fields.Nested(Money)


class DifferenceOut(Schema):
    """What the settings would have changed."""

    orders = Whole(metadata={"description": "Orders that were judged again."})
    orders_changed = Whole(metadata={"description": "Those that would be another's, or earn another amount."})
    per_salesperson = fields.List(fields.Nested(SalespersonDifference))
    total = fields.Nested(Money)
