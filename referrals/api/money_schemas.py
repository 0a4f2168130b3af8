"""What calls about commissions, balance, settlement and withdrawals take and give."""

from marshmallow import Schema, fields, validate

from referrals.api.plain import Moment, Readable, Whole
from referrals.api.schemas import Money
from referrals.api.shop_schemas import PageQuery
from referrals.commissions.lifecycle import COMMISSION, PENDING_REASONS, VOID_REASONS
from referrals.settlement.lifecycle import RUN, WITHDRAWAL


class CommissionOut(Schema):
    """What one salesperson earns by one order."""

    id = fields.String()
    status = fields.String(validate=validate.OneOf(COMMISSION.states))
    reason = fields.String(allow_none=True, validate=validate.OneOf(PENDING_REASONS + VOID_REASONS))
    amount = fields.Nested(Money, metadata={"description": "As settled, or the estimate on today's facts."})
    clawed_back = fields.Nested(Money)
    suggested = fields.Nested(Money, metadata={"description": "What the formula says of the facts known now."})
    by_hand_due = fields.Nested(Money, metadata={"description": "Still to be settled by hand; negative: given back."})
    collected_by = fields.String()
    order = fields.String(metadata={"description": "The order's external_id."})
    salesperson = fields.String()
    created_at = Moment()
    due_at = Moment(allow_none=True)
    settled_at = Moment(allow_none=True)
    settlement = fields.String(allow_none=True, metadata={"description": "The run that settled it."})
    held_reason = fields.String()
    error = fields.String()


class Commissions(Schema):
    """A page of commissions; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(CommissionOut))
    next = fields.String(allow_none=True)


class CommissionQuery(PageQuery):
    """Which commissions to list."""

    status = fields.String(validate=validate.OneOf(COMMISSION.states))
    reason = fields.String(validate=validate.OneOf(PENDING_REASONS + VOID_REASONS))
    salesperson = fields.String(metadata={"description": "A salesperson's id."})
    order = fields.String(metadata={"description": "An order's external_id."})
    by_hand_due = fields.Boolean(metadata={"description": "Only those about which something is to settle by hand."})
    sort = fields.String(metadata={"description": "created, due, settled, order, salesperson, amount; - for down."})


class ByHandIn(Schema):
    """What merchant and salesperson agreed on; negative where the salesperson gives something back."""

    amount = fields.Nested(Money, required=True)
    paid_from = fields.String(required=True, metadata={"description": "balance or outside"})
    note = Readable(lines=True, load_default="", validate=validate.Length(max=2000))


class BalanceOut(Schema):
    """How the store balance stands."""

    balance = fields.Nested(Money)
    pending = fields.Nested(Money)
    due = fields.Nested(Money, metadata={"description": "What a run now would settle with enough balance."})
    shortfall = fields.Nested(Money, metadata={"description": "The top-up that clears the list."})
    next_run_at = Moment(allow_none=True, metadata={"description": "null where the merchant starts runs."})


class TopUpIn(Schema):
    """Money put into the store balance; `id` is yours, and books it once."""

    id = Readable(required=True, validate=validate.Length(min=1, max=255))
    amount = fields.Nested(Money, required=True)
    note = Readable(lines=True, load_default="", validate=validate.Length(max=2000))


class TopUpOut(Schema):
    """A top-up, and the balance with it."""

    id = fields.String()
    amount = fields.Nested(Money)
    note = fields.String()
    at = Moment()
    balance = fields.Nested(Money)


class SettlementIn(Schema):
    """When the run is as of."""

    as_of = Moment(allow_none=True, metadata={"description": "Now where it is missing; never in the future."})


class SettlementOut(Schema):
    """A run, and the balance it left."""

    id = fields.String()
    status = fields.String(validate=validate.OneOf(RUN.states))
    as_of = Moment()
    started_at = Moment()
    finished_at = Moment(allow_none=True)
    settled = Whole()
    settled_amount = fields.Nested(Money)
    left = Whole()
    void = Whole()
    failed = Whole()
    balance = fields.Nested(Money)


class WithdrawalIn(Schema):
    """A salesperson's money to be paid out."""

    salesperson = fields.String(required=True)
    amount = fields.Nested(Money, required=True)
    method = Readable(load_default="", validate=validate.Length(max=100))


class PaymentIn(Schema):
    """How a withdrawal was paid."""

    fee = fields.Nested(Money, allow_none=True)
    reference = Readable(load_default="", validate=validate.Length(max=255))


class RefusalIn(Schema):
    """Why a withdrawal is refused; the salesperson reads it."""

    reason = Readable(lines=True, required=True, validate=validate.Length(max=2000))


class WithdrawalOut(Schema):
    """A withdrawal."""

    id = fields.String()
    salesperson = fields.String()
    amount = fields.Nested(Money)
    status = fields.String(validate=validate.OneOf(WITHDRAWAL.states))
    method = fields.String()
    requested_at = Moment()
    decided_at = Moment(allow_none=True)
    fee = fields.Nested(Money)
    reference = fields.String()
    reason = fields.String()


class Withdrawals(Schema):
    """A page of withdrawals; `next` is the cursor of the following one, or null."""

    items = fields.List(fields.Nested(WithdrawalOut))
    next = fields.String(allow_none=True)


class WithdrawalQuery(PageQuery):
    """Which withdrawals to list."""

    status = fields.String(validate=validate.OneOf(WITHDRAWAL.states))
