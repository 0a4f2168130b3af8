"""Whether an incoming order or event can be meant as it stands, and its values in the form that is stored."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from referrals.errors import RuleBroken
from referrals.money import AmountTooLarge
from referrals.orders.incoming import IncomingCustomer, IncomingEvent, IncomingLine, IncomingOrder
from referrals.orders.models import EVENTS
from referrals.orders.rules import CLOCK_SKEW
from referrals.shops.models import COLLECTORS
from referrals.values import NotAnEmail, NotAPhone, UnreadableCharacters, clean_text, parse_email, parse_phone
from referrals.wording import N_

LONGEST_ID = 255
LONGEST_TEXT = 1000
MOST_LINES = 5000
MOST_PIECES = 10**9
# Sums of many such amounts still fit into 64 bits.
LARGEST_AMOUNT = 10**15
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)


class NotAnId(RuleBroken):
    """Empty, too long, or with characters that no id has."""

    sentence = N_("An id has 1 to 255 characters that can be seen.")


class TextTooLong(RuleBroken):
    """A text that is longer than its place."""

    sentence = N_("This text is too long.")


class WrongCurrency(RuleBroken):
    """Another currency than the shop's."""

    sentence = N_("The shop's currency is %(currency)s.")


class NegativeAmount(RuleBroken):
    """Less than nothing was paid."""

    sentence = N_("An amount cannot be negative.")


class NotAQuantity(RuleBroken):
    """No number of pieces."""

    sentence = N_("A quantity is a whole number from 1 on.")


class NotYet(RuleBroken):
    """A moment that has not come; a clock that is five minutes fast is forgiven."""

    sentence = N_("This moment is in the future.")


class TooLongAgo(RuleBroken):
    """A moment before there were shops like these."""

    sentence = N_("This moment is too long ago.")


class LineTwice(RuleBroken):
    """Two lines with one id."""

    sentence = N_("Line %(line)s appears twice.")


class TooManyLines(RuleBroken):
    """More lines than an order can have."""

    sentence = N_("An order has %(most)s lines at most.")


class NotACollector(RuleBroken):
    """Nobody who could collect the money."""

    sentence = N_("The money is collected by platform, merchant or cash_on_delivery.")


class NotAnEvent(RuleBroken):
    """Nothing that happens to orders."""

    sentence = N_("An event is paid, shipped, completed, cancelled, refunded, amended or cashback.")


class AmountMissing(RuleBroken):
    """A refund or cashback of nobody knows how much."""

    sentence = N_("Say the amount.")


class WrongSum(RuleBroken):
    """The parts of a refund are more or less than the whole."""

    sentence = N_("The lines of a refund must sum to its amount.")


def checked_order(order: IncomingOrder, currency: str, *, at: datetime) -> IncomingOrder:
    """The order in the form that is stored; raises what is wrong with it, beside the field."""
    if order.currency != currency:
        raise WrongCurrency(field="currency", currency=currency)
    if order.collected_by is not None and order.collected_by not in COLLECTORS:
        raise NotACollector(field="collected_by")
    return replace(
        order,
        external_id=checked_id(order.external_id, "external_id"),
        payment_method=checked_text(order.payment_method, "payment_method", longest=LONGEST_ID),
        customer=checked_customer(order.customer),
        ref=optional_text(order.ref, "ref"),
        visitor=optional_text(order.visitor, "visitor"),
        coupon_codes=tuple(filter(None, (checked_text(code, "coupon_codes") for code in order.coupon_codes[:100]))),
        group_buy=optional_id(order.group_buy, "group_buy"),
        shipping_minor=checked_amount(order.shipping_minor, "shipping"),
        tax_minor=checked_amount(order.tax_minor, "tax"),
        lines=checked_lines(order.lines),
        placed_at=checked_moment(order.placed_at, "placed_at", at=at),
        lines_as_of=optional_moment(order.lines_as_of, "lines_as_of", at=at),
        paid_at=optional_moment(order.paid_at, "paid_at", at=at),
        shipped_at=optional_moment(order.shipped_at, "shipped_at", at=at),
        completed_at=optional_moment(order.completed_at, "completed_at", at=at),
        cancelled_at=optional_moment(order.cancelled_at, "cancelled_at", at=at),
    )


def checked_event(event: IncomingEvent, *, at: datetime) -> IncomingEvent:
    """The event in the form that is stored; raises what is wrong with it, beside the field."""
    if event.type not in EVENTS:
        raise NotAnEvent(field="type")
    counts = event.type in {"refunded", "cashback"}
    if counts and event.amount_minor is None:
        raise AmountMissing(field="amount")
    amount = checked_amount(event.amount_minor or 0, "amount") if counts else None
    parts = merged_parts(event.lines) if event.type == "refunded" else ()
    if parts and sum(part for _, part in parts) != amount:
        raise WrongSum(field="lines")
    return replace(
        event,
        id=checked_id(event.id, "id"),
        occurred_at=checked_moment(event.occurred_at, "occurred_at", at=at),
        amount_minor=amount,
        lines=parts,
        new_lines=checked_lines(event.new_lines) if event.type == "amended" else (),
    )


def checked_lines(lines: Iterable[IncomingLine]) -> tuple[IncomingLine, ...]:
    found = tuple(checked_line(line) for line in lines)
    if len(found) > MOST_LINES:
        raise TooManyLines(field="lines", most=MOST_LINES)
    seen: set[str] = set()
    for line in found:
        if line.id in seen:
            raise LineTwice(field="lines", line=line.id)
        seen.add(line.id)
    checked_amount(sum(line.amount_minor for line in found), "lines")
    return found


def checked_line(line: IncomingLine) -> IncomingLine:
    if not 1 <= line.quantity <= MOST_PIECES:
        raise NotAQuantity(field="lines")
    return IncomingLine(
        checked_id(line.id, "lines"),
        checked_text(line.sku, "lines", longest=LONGEST_ID),
        checked_text(line.title, "lines"),
        line.quantity,
        checked_amount(line.amount_minor, "lines"),
    )


def merged_parts(parts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """What a refund takes from each line, by line id."""
    found: dict[str, int] = {}
    for line_id, amount in parts:
        name = checked_id(line_id, "lines")
        found[name] = found.get(name, 0) + checked_amount(amount, "lines")
    return tuple(sorted(found.items()))


def checked_customer(customer: IncomingCustomer) -> IncomingCustomer:
    """The keys in the form by which customers are found. Raises NotAnEmail, NotAPhone, NotAnId."""
    email, phone = customer.email or "", customer.phone or ""
    try:
        email = parse_email(email).casefold() if email.strip() else ""
        phone = parse_phone(phone) if phone.strip() else ""
    except NotAnEmail:
        raise NotAnEmail(field="customer.email") from None
    except NotAPhone:
        raise NotAPhone(field="customer.phone") from None
    return IncomingCustomer(optional_id(customer.id, "customer.id"), email or None, phone or None)


def checked_id(text: str, field: str) -> str:
    """An id of somebody else's: what is seen of it, at most 255 characters."""
    try:
        name = clean_text(text)
    except UnreadableCharacters:
        raise NotAnId(field=field) from None
    if not name or len(name) > LONGEST_ID:
        raise NotAnId(field=field)
    return name


def optional_id(text: str | None, field: str) -> str | None:
    return checked_id(text, field) if text is not None and text.strip() else None


def checked_text(text: str, field: str, *, longest: int = LONGEST_TEXT) -> str:
    try:
        found = clean_text(text)
    except UnreadableCharacters:
        raise UnreadableCharacters(field=field) from None
    if len(found) > longest:
        raise TextTooLong(field=field)
    return found


def optional_text(text: str | None, field: str) -> str | None:
    return checked_text(text, field, longest=LONGEST_ID) or None if text is not None else None


def checked_amount(minor: int, field: str) -> int:
    if minor < 0:
        raise NegativeAmount(field=field)
    if minor > LARGEST_AMOUNT:
        raise AmountTooLarge(field=field)
    return minor


def checked_moment(moment: datetime, field: str, *, at: datetime) -> datetime:
    """The moment in UTC; raises NotYet, TooLongAgo."""
    if moment.year < EARLIEST.year:
        raise TooLongAgo(field=field)
    if moment.year > at.year + 1 or moment > at + CLOCK_SKEW:
        raise NotYet(field=field)
    return moment.astimezone(UTC)


def optional_moment(moment: datetime | None, field: str, *, at: datetime) -> datetime | None:
    return checked_moment(moment, field, at=at) if moment is not None else None
