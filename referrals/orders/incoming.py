"""Orders and events as they come in, whichever way: values that no table knows of yet (`SPEC §7`)."""

from dataclasses import dataclass, field
from datetime import datetime

# What a repeated order is compared by; sources that tell less compare less.
TOLD = frozenset(
    {
        "placed_at",
        "currency",
        "payment_method",
        "collected_by",
        "customer",
        "ref",
        "visitor",
        "coupon_codes",
        "test",
        "requires_shipping",
        "group_buy",
        "shipping",
        "tax",
        "lines",
    }
)
# Platforms change the rest of an order as they please: who buys, what it is paid with, coupons.
TOLD_BY_PLATFORMS = frozenset({"placed_at", "currency", "test"})
TIMES = {
    "paid": "paid_at",
    "shipped": "shipped_at",
    "completed": "completed_at",
    "cancelled": "cancelled_at",
}


@dataclass(frozen=True)
class IncomingCustomer:
    """By what the buyer is known to the shop."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything is said of the buyer at all."""
        return bool(self.id or self.email or self.phone)


@dataclass(frozen=True)
class IncomingLine:
    """What was bought; `amount_minor` as in OrderLine."""

    id: str
    sku: str
    title: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True)
class IncomingOrder:
    """An order as a source tells it.

    `collected_by` None: follows from the payment method. `tells`: the facts that a repetition is compared by; `goods`
    stands for the sum of the lines where the source does not know line ids. `lines_as_of`: of platforms, which tell
    the lines anew with each change, as of when these lines are so; other lines at a later moment are an amendment.
    """

    external_id: str
    placed_at: datetime
    currency: str
    lines: tuple[IncomingLine, ...]
    payment_method: str = ""
    collected_by: str | None = None
    customer: IncomingCustomer = field(default_factory=IncomingCustomer)
    ref: str | None = None
    visitor: str | None = None
    coupon_codes: tuple[str, ...] = ()
    test: bool = False
    requires_shipping: bool = True
    group_buy: str | None = None
    shipping_minor: int = 0
    tax_minor: int = 0
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    tells: frozenset[str] = TOLD
    lines_as_of: datetime | None = None


@dataclass(frozen=True)
class IncomingEvent:
    """Something that happened to an order.

    `lines`: of a refund pairs of line id and minor amount; `new_lines`: of an amendment all lines. `observed`: seen in
    a later state of the order rather than told when it happened, so that it only counts where it says an earlier
    moment than is known. `summary_of` as in OrderEvent.
    """

    id: str
    type: str
    occurred_at: datetime
    amount_minor: int | None = None
    lines: tuple[tuple[str, int], ...] = ()
    new_lines: tuple[IncomingLine, ...] = ()
    observed: bool = False
    summary_of: str | None = None


@dataclass(frozen=True)
class Arrival:
    """What one delivery tells of one order: the order itself where it is there, and what happened to it."""

    external_id: str
    order: IncomingOrder | None
    events: tuple[IncomingEvent, ...] = ()


def events_of(order: IncomingOrder) -> list[IncomingEvent]:
    """The events that an order brings with it, by ids of their own (`paid@order`)."""
    told = ((type_, getattr(order, column)) for type_, column in TIMES.items())
    return [IncomingEvent(f"{type_}@order", type_, moment) for type_, moment in told if moment is not None]
