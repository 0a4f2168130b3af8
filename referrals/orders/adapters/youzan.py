"""Youzan's trade pushes: an envelope whose `msg` is the URL-encoded JSON of an order or of what happened to it."""

from datetime import datetime
from typing import Any
from urllib.parse import unquote, unquote_plus
from zoneinfo import ZoneInfo

from referrals.links.joins import readable_keys
from referrals.orders.adapters.reading import Ignored, Part, Unreadable, first_filled, whole_of
from referrals.orders.incoming import (
    TOLD_BY_PLATFORMS,
    Arrival,
    IncomingCustomer,
    IncomingEvent,
    IncomingLine,
    IncomingOrder,
)
from referrals.strict_json import read_json

CHINA = ZoneInfo("Asia/Shanghai")
# Push type -> what it tells, where it does not bring the order itself.
TOLD_BY_TYPE = {
    "trade_tradepaid": "paid",
    "trade_tradebuyerpay": "paid",
    "trade_tradesellership": "shipped",
    "trade_tradesuccess": "completed",
    "trade_tradeclose": "cancelled",
}
REFUNDED = {
    "trade_refund_refundsuccess",
    "trade_refund_refundselleragree",
    "trade_refund_sysrefund",
    "youzan_trade_refundsuccess",
    "youzan_trade_refundselleragree",
}
TRADES = {"trade_tradecreate", "trade_tradepartlysellership", *TOLD_BY_TYPE}


def read(topic: str, told: Any, currency: str) -> Arrival | Ignored:
    """What a push tells; `currency` is the shop's. Raises Unreadable."""
    envelope = whole_of(told)
    type_ = (first_filled(topic, envelope.text("type")) or "").casefold()
    if type_ in REFUNDED:
        return read_refund(envelope, message_of(envelope), currency)
    if type_ not in TRADES:
        return Ignored("other_topic")
    message = message_of(envelope)
    if message.part("full_order_info").found:
        return read_order(type_, envelope, message)
    return read_event(type_, envelope, message)


def message_of(envelope: Part) -> Part:
    """The message, decoded; newer types send it as an object."""
    message = envelope.found.get("msg")
    if message is None or message == "":
        return Part({}, "msg")
    if isinstance(message, str):
        for decode in (unquote, unquote_plus):
            try:
                message = read_json(decode(message, errors="strict"))
                break
            except (ValueError, UnicodeDecodeError):
                continue
    if not isinstance(message, dict):
        raise Unreadable(place="msg")
    return Part(message, "msg")


def read_event(type_: str, envelope: Part, message: Part) -> Arrival | Ignored:
    """A push that names the order and what happened, and no more."""
    if type_ not in TOLD_BY_TYPE:
        return Ignored("nothing_told")
    tid = first_filled(message.text("tid"), envelope.text("id"))
    if tid is None:
        raise Unreadable(place="id")
    moment = message.optional_moment("update_time", CHINA) or version_of(envelope)
    return Arrival(tid, None, (seen(TOLD_BY_TYPE[type_], moment),))


def read_order(type_: str, envelope: Part, message: Part) -> Arrival:
    full = message.part("full_order_info")
    info, pay = full.part("order_info"), full.part("pay_info")
    updated_at = info.optional_moment("update_time", CHINA) or version_of(envelope)
    order = IncomingOrder(
        external_id=info.id("tid"),
        placed_at=info.moment("created", CHINA),
        currency="CNY",
        payment_method=first_filled(info.text("pay_type_str"), info.text("pay_type")) or "",
        customer=customer_of(full),
        ref=ref_of(full),
        coupon_codes=coupons_of(message),
        test=envelope.found.get("test") is True,
        requires_shipping=ships(full),
        shipping_minor=pay.amount_or_nothing("post_fee", "CNY"),
        group_buy=group_buy_of(info),
        lines=tuple(read_line(line) for line in full.parts("orders")),
        tells=TOLD_BY_PLATFORMS,
        lines_as_of=updated_at,
    )
    return Arrival(order.external_id, order, tuple(events_of(type_, info, updated_at)))


def events_of(type_: str, info: Part, updated_at: datetime) -> list[IncomingEvent]:
    closed = info.text("status") == "TRADE_CLOSED"
    times = {
        "paid": info.optional_moment("pay_time", CHINA),
        "shipped": info.optional_moment("consign_time", CHINA) if is_sent(info) else None,
        "completed": info.optional_moment("success_time", CHINA),
        "cancelled": updated_at if closed else None,
    }
    told = TOLD_BY_TYPE.get(type_)
    if told is not None and times[told] is None:
        times[told] = updated_at
    return [seen(name, moment) for name, moment in times.items() if moment is not None]


def is_sent(info: Part) -> bool:
    """Whether all of it is on its way; `consign_time` is set by the first parcel."""
    return info.text("status") in {"WAIT_BUYER_CONFIRM_GOODS", "TRADE_SUCCESS", "TRADE_CLOSED", ""}


def seen(type_: str, moment: datetime) -> IncomingEvent:
    """An event known from the order's state; each moment has an id of its own, and the earliest counts."""
    return IncomingEvent(f"{type_}@{moment.isoformat()}", type_, moment, observed=True)


def version_of(envelope: Part) -> datetime:
    """When a push was made, by its version: seconds, or milliseconds, since 1970."""
    version = envelope.number("version")
    seconds = version // 1000 if version > 10**11 else version
    try:
        return datetime.fromtimestamp(seconds, CHINA)
    except (ValueError, OverflowError, OSError):
        raise envelope.unreadable("version") from None


def read_line(line: Part) -> IncomingLine:
    sku = first_filled(line.text("outer_sku_id"), line.text("outer_item_id"), line.text("sku_no")) or ""
    paid = "payment" if line.text("payment").strip() else "total_fee"
    amount = max(0, line.amount(paid, "CNY"))
    return IncomingLine(line.id("oid"), sku[:255], line.text("title")[:500], max(1, line.number("num")), amount)


def read_refund(envelope: Part, message: Part, currency: str) -> Arrival | Ignored:
    """Money that went back; of one line where it is named."""
    amount = message.amount("refunded_fee", currency)
    if not amount:
        return Ignored("nothing_refunded")
    tid = first_filled(message.text("tid"), envelope.text("id"))
    if tid is None:
        raise message.unreadable("tid")
    occurred_at = message.optional_moment("update_time", CHINA) or version_of(envelope)
    oid = message.text("oid").strip()
    lines = ((oid, amount),) if oid and oid != "0" else ()
    refund_id = message.id("refund_id")
    # Agreement and success of one refund are two pushes, each with a moment of its own: the earlier one counts.
    name = f"{refund_id}@{occurred_at.isoformat()}"
    event = IncomingEvent(name, "refunded", occurred_at, amount, lines, observed=True, summary_of=refund_id)
    return Arrival(tid, None, (event,))


def customer_of(full: Part) -> IncomingCustomer:
    """The buyer; Youzan locks phones, and a locked one is none."""
    buyer, address = full.part("buyer_info"), full.part("address_info")
    buyer_id = first_filled(buyer.text("yz_open_id"), buyer.text("buyer_id").strip("0") and buyer.text("buyer_id"))
    phone = first_filled(buyer.text("buyer_phone"), address.text("receiver_tel"))
    keys = readable_keys(buyer_id, None, phone, "CN")
    return IncomingCustomer(keys.id, keys.email, keys.phone)


def ref_of(full: Part) -> str | None:
    extra = full.part("order_info").part("order_extra")
    return first_filled(extra.text("ref"), full.part("source_info").text("ref"))


def coupons_of(message: Part) -> tuple[str, ...]:
    promotions = message.part("order_promotion").parts("order")
    found = (first_filled(one.text("coupon_code"), one.text("coupon_id")) for one in promotions)
    return tuple(code for code in found if code)


def ships(full: Part) -> bool:
    """Virtual goods and cards for use in the shop go nowhere."""
    info = full.part("order_info")
    tags = info.part("order_tags")
    return not (tags.found.get("is_virtual") is True or info.text("express_type") == "9")


def group_buy_of(info: Part) -> str | None:
    """The campaign of an order bought together."""
    extra = info.part("order_extra")
    return first_filled(extra.text("group_buy_id"), extra.text("activity_id"))
