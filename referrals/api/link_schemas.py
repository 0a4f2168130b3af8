"""What calls about links, clicks, customers and relations take and give."""

from marshmallow import EXCLUDE, Schema, fields, validate

from referrals.api.plain import Flag, Moment
from referrals.links.models import LINK_KINDS, OUTCOMES
from referrals.shops.models import BINDINGS

VISITOR = validate.Length(max=255)


class LinkIn(Schema):
    """What to share."""

    target = fields.String(
        required=True,
        metadata={"description": "shop, product:SKU, article:ID, or the address of a page on a host of the shop."},
    )
    kind = fields.String(load_default="link", validate=validate.OneOf(LINK_KINDS))
    shared_at = Moment(allow_none=True)


class LinkOut(Schema):
    """A link; QR codes and links of permanent validity never expire."""

    code = fields.String()
    url = fields.String()
    expires_at = Moment(allow_none=True)
    kind = fields.String(validate=validate.OneOf(LINK_KINDS))
    target = fields.String()
    target_url = fields.String()


class ClickIn(Schema):
    """A click that the shop's own server saw."""

    code = fields.String(required=True)
    visitor = fields.String(allow_none=True, validate=VISITOR, metadata={"description": "By whom, as the shop tells."})
    occurred_at = Moment(allow_none=True)


class ClickOut(Schema):
    """What came of a click; `id` is the `ref` that an order may carry."""

    id = fields.String()
    bound = Flag()
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))


class CustomerIn(Schema):
    """By what a customer is known; any of them."""

    id = fields.String(allow_none=True)
    email = fields.String(allow_none=True)
    phone = fields.String(allow_none=True, metadata={"description": "With its country code."})


class IdentifyIn(Schema):
    """Who is behind a visitor, or behind the click that a `ref` names."""

    customer = fields.Nested(CustomerIn, allow_none=True)
    visitor = fields.String(allow_none=True, validate=VISITOR)
    ref = fields.String(allow_none=True, validate=VISITOR)
    occurred_at = Moment(allow_none=True)


class RelationOut(Schema):
    """Whose customer it is in [from, until), and the click and rule that made it so."""

    salesperson = fields.String()
    # `from` is a word of Python's own.
    start = Moment(data_key="from")
    until = Moment(allow_none=True)
    click = fields.String()
    rule = fields.String(validate=validate.OneOf(BINDINGS))


class IdentifyOut(Schema):
    """The customer, whose they are at that moment, and why the `ref` counted for nothing, if so."""

    customer = fields.String()
    relation = fields.Nested(RelationOut, allow_none=True)
    ref_problem = fields.String(allow_none=True, validate=validate.OneOf(["unknown", "later"]))


class RelationsQuery(Schema):
    """Whom to ask about, and for which moment; all intervals where no moment is named."""

    class Meta:
        unknown = EXCLUDE

    customer_id = fields.String()
    email = fields.String()
    phone = fields.String()
    order = fields.String(metadata={"description": "Answered by what was known when the order was received."})
    at = Moment()


class Relations(Schema):
    """The intervals in order of time."""

    items = fields.List(fields.Nested(RelationOut))
    next = fields.String(allow_none=True)
