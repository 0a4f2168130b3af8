"""The rules of `SPEC §5` to §10 once more, as plainly as they can be written: lists, dicts and fractions.

Nothing here is shared with the application. It keeps no derived facts: whatever is asked is worked out anew from what
happened. The simulator does the same things to both and compares.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any

DEFAULTS: dict[str, Any] = {
    "programme": False,
    "rate_bp": 1000,
    "validity": "permanent",
    "binding": "last_click",
    "protect_days": 30,
    "completion_days": 7,
    "own_purchases_earn": False,
    "refunds_after_settlement": "keep",
}
SHORT = timedelta(days=15)
TIMES = ("paid", "shipped", "completed", "cancelled")
Lines = dict[str, tuple[str, int]]  # line id -> sku, amount


@dataclass
class Seller:
    """A salesperson: states from moments on, rates from moments on."""

    name: str
    phone: str
    email: str = ""
    coupon: str = ""
    states: list[tuple[datetime, str]] = field(default_factory=list)

    def state(self, at: datetime) -> str:
        return next((state for since, state in reversed(self.states) if since <= at), "")


@dataclass
class Link:
    """What was shared."""

    seller: Seller
    kind: str
    short: bool
    shared_at: datetime

    @property
    def ends_at(self) -> datetime | None:
        return self.shared_at + SHORT if self.short and self.kind == "link" else None

    def binds_until(self, clicked_at: datetime) -> datetime | None:
        if self.short and self.kind == "qr":
            return clicked_at + SHORT
        return self.ends_at


@dataclass
class Click:
    """One click; `number` is the order in which clicks became known."""

    number: int
    at: datetime
    visitor: str
    link: Link


@dataclass
class Interval:
    """A customer belongs to a salesperson in `[since, until)`."""

    seller: Seller
    click: Click
    since: datetime
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(eq=False)
class Customer:
    """A buyer, by the keys that they own."""

    keys: dict[str, set[str]] = field(default_factory=lambda: {"id": set(), "email": set(), "phone": set()})
    merged_into: "Customer | None" = None

    def root(self) -> "Customer":
        return self if self.merged_into is None else self.merged_into.root()


@dataclass
class Refund:
    """What was given back, of the order as a whole or of lines."""

    at: datetime
    amount: int
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Order:
    """An order, what happened to it, and whose it is."""

    number: str
    placed_at: datetime
    collected_by: str
    lines: Lines
    test: bool
    ships: bool
    campaign: str
    seller: Seller | None = None
    reason: str | None = None
    times: dict[str, list[datetime]] = field(
        default_factory=lambda: {"paid": [], "shipped": [], "completed": [], "cancelled": []}
    )
    refunds: list[Refund] = field(default_factory=list)
    amendments: list[tuple[datetime, str, Lines]] = field(default_factory=list)
    cashbacks: list[tuple[datetime, int]] = field(default_factory=list)
    commission: "Commission | None" = None

    def first(self, kind: str, until: datetime | None = None) -> datetime | None:
        return min((at for at in self.times[kind] if until is None or at <= until), default=None)

    def lines_at(self, until: datetime | None = None) -> Lines:
        known = [one for one in self.amendments if until is None or one[0] <= until]
        return max(known, key=lambda one: (one[0], one[1]))[2] if known else self.lines

    def refunds_at(self, until: datetime | None = None) -> list[Refund]:
        return [one for one in self.refunds if until is None or one.at <= until]


@dataclass(eq=False)
class Commission:
    """What became of what an order earns."""

    order: Order
    seller: Seller
    status: str = "pending"
    reason: str | None = "waiting"
    amount: int = 0
    clawed: int = 0
    cashback: int = 0
    lines: Lines = field(default_factory=dict)
    base: int = 0
    by_hand_due: int = 0
    held: bool = False


class PlainShop:
    """A shop, its rules, and its books as sums."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.settings: list[tuple[datetime, dict[str, Any]]] = []
        self.product_rates: dict[str, list[tuple[datetime, int | None]]] = {}
        self.seller_rates: dict[str, list[tuple[datetime, int | None]]] = {}
        self.sellers: dict[str, Seller] = {}
        self.campaigns: dict[str, list[tuple[int, int]]] = {}
        self.clicks: list[Click] = []
        self.customers: list[Customer] = []
        self.seen: list[tuple[datetime, int, str, Customer]] = []
        self.orders: dict[str, Order] = {}
        self.early: dict[str, list[tuple[Any, ...]]] = {}
        self.balance = 0
        self.owed: dict[str, int] = {}
        self.reserved: dict[str, int] = {}

    # Settings

    def setting(self, name: str, at: datetime) -> Any:
        value = DEFAULTS[name]
        for since, changes in sorted(self.settings, key=lambda one: one[0]):
            if since <= at and name in changes:
                value = changes[name]
        return value

    def rate(self, sku: str, seller: Seller, at: datetime) -> int:
        for versions in (self.product_rates.get(sku, []), self.seller_rates.get(seller.name, [])):
            rate = next((rate for since, rate in reversed(versions) if since <= at), None)
            if rate is not None:
                return rate
        found: int = self.setting("rate_bp", at)
        return found

    # Customers and bindings

    def owner(self, kind: str, value: str | None) -> Customer | None:
        return next((one for one in self.customers if value and value in one.keys[kind] and not one.merged_into), None)

    @staticmethod
    def may_be_one(one: dict[str, set[str]], other: dict[str, set[str]]) -> bool:
        for kind in ("id", "email"):
            if one[kind] and other[kind]:
                return bool(one[kind] & other[kind])
        return True

    def identify(self, given: dict[str, str], visitor: str | None, at: datetime) -> Customer:
        asked = {kind: {given[kind]} if given.get(kind) else set() for kind in ("id", "email", "phone")}
        chosen = self.owner("id", given.get("id"))
        for kind in ("email", "phone"):
            found = self.owner(kind, given.get(kind))
            if chosen is None and found is not None and self.may_be_one(asked, found.keys):
                chosen = found
        if chosen is None:
            chosen = Customer()
            self.customers.append(chosen)
        for kind, values in asked.items():
            for value in values:
                holder = self.owner(kind, value)
                if holder is None:
                    chosen.keys[kind].add(value)
                elif holder is not chosen and self.may_be_one(
                    {name: chosen.keys[name] | asked[name] for name in chosen.keys}, holder.keys
                ):
                    for name in chosen.keys:
                        chosen.keys[name] |= holder.keys[name]
                    holder.merged_into = chosen
        if visitor:
            self.see(visitor, chosen, at)
        return chosen

    def see(self, visitor: str, customer: Customer, at: datetime) -> None:
        self.seen.append((at, len(self.seen), visitor, customer))

    def borrower(self, click: Click) -> Customer | None:
        later = [one for one in self.seen if one[2] == click.visitor and one[0] >= click.at]
        return min(later, key=lambda one: one[:2])[3].root() if later else None

    def clicks_of(self, customer: Customer) -> list[Click]:
        mine = [click for click in self.clicks if self.borrower(click) is customer.root()]
        return sorted(mine, key=lambda click: (click.at, click.number))

    def useless(self, click: Click) -> str | None:
        if click.link.ends_at is not None and click.at >= click.link.ends_at:
            return "link_expired"
        if click.link.seller.state(click.at) != "active":
            return "salesperson_inactive"
        return None if self.setting("programme", click.at) else "programme_off"

    def intervals(self, clicks: Iterable[Click]) -> list[Interval]:
        found: list[Interval] = []
        for click in clicks:
            if self.useless(click):
                continue
            held = found[-1] if found and found[-1].holds(click.at) else None
            until = click.link.binds_until(click.at)
            if held is not None and held.seller is click.link.seller:
                until = None if held.until is None or until is None else max(held.until, until)
            elif held is not None and self.keeps(held, click):
                continue
            if held is not None:
                held.until = click.at
            found.append(Interval(click.link.seller, click, click.at, until))
        return [one for one in found if one.until is None or one.since < one.until]

    def keeps(self, held: Interval, click: Click) -> bool:
        rule = self.setting("binding", click.at)
        if rule == "first_click":
            return True
        days = timedelta(days=self.setting("protect_days", click.at))
        return bool(rule == "protected" and click.at < held.since + days)

    def bound_to(self, customer: Customer, at: datetime) -> Interval | None:
        return next((one for one in self.intervals(self.clicks_of(customer)) if one.holds(at)), None)

    # Orders

    def place(
        self, order: Order, given: dict[str, str], visitor: str | None, ref: Click | None, coupons: list[str]
    ) -> None:
        at = order.placed_at
        if order.test:
            order.reason = "test_order"
        else:
            usable = ref is not None and ref.at <= at
            visitors = {visitor, ref.visitor if ref is not None and usable else None} - {None}
            customer = self.identify(given, None, at)
            for name in sorted(str(one) for one in visitors):
                self.see(name, customer, at)
            self.attribute(order, customer, coupons)
        self.orders[order.number] = order
        for event in self.early.pop(order.number, []):
            self.note(order, *event)
        if order.seller is not None:
            order.commission = Commission(order, order.seller)
        self.restate(order)

    def attribute(self, order: Order, customer: Customer, coupons: list[str]) -> None:
        at = order.placed_at
        if order.collected_by == "cash_on_delivery":
            order.reason = "cash_on_delivery"
        elif not self.setting("programme", at):
            order.reason = "programme_off"
        if order.reason:
            return
        seller = self.coupon_seller(coupons, at)
        if seller is None:
            found = self.intervals(self.clicks_of(customer))
            held = next((one for one in found if one.holds(at)), None)
            if held is None:
                order.reason = "binding_expired" if any(one.since <= at for one in found) else "no_click"
                return
            seller = held.seller
            if seller.state(at) != "active":
                order.reason = "salesperson_inactive"
                return
        own = seller.phone in customer.root().keys["phone"] or seller.email in customer.root().keys["email"]
        if own and not self.setting("own_purchases_earn", at):
            order.reason = "own_purchase"
            return
        order.seller = seller

    def coupon_seller(self, coupons: list[str], at: datetime) -> Seller | None:
        for coupon in coupons:
            for seller in self.sellers.values():
                if seller.coupon and seller.coupon.casefold() == coupon.casefold() and seller.state(at) == "active":
                    return seller
        return None

    def happen(self, number: str, kind: str, at: datetime, ident: str, amount: int = 0, lines: Any = None) -> None:
        order = self.orders.get(number)
        if order is None:
            self.early.setdefault(number, []).append((kind, at, ident, amount, lines))
            return
        self.note(order, kind, at, ident, amount, lines)
        self.restate(order)

    def note(self, order: Order, kind: str, at: datetime, ident: str, amount: int, lines: Any) -> None:
        if kind == "refunded":
            order.refunds.append(Refund(at, amount, lines or {}))
        elif kind == "amended":
            order.amendments.append((at, ident, lines))
        elif kind == "cashback":
            order.cashbacks.append((at, amount))
        else:
            order.times[kind].append(at)

    def completed_at(self, order: Order, until: datetime | None = None) -> datetime | None:
        paid = order.first("paid", until)
        if paid is None:
            return None
        days = timedelta(days=self.setting("completion_days", order.placed_at))
        base = order.first("shipped", until) if order.ships else paid
        ways = [order.first("completed", until), base + days if base else None]
        known = [at for at in ways if at is not None]
        return max(paid, min(known)) if known else None

    def counted(self, campaign: str, until: datetime | None = None) -> int:
        return sum(
            1
            for order in self.orders.values()
            if order.campaign == campaign and not order.test and order.first("paid", until) is not None
            and order.first("cancelled", until) is None
            and self.sold(order.lines_at(until), order.refunds_at(until))[1] > 0
        )  # fmt: skip

    def tier(self, campaign: str, orders: int) -> int:
        return max(((need, cashback) for need, cashback in self.campaigns[campaign] if need <= orders), default=(0, 0))[
            1
        ]

    def cashback(self, order: Order, until: datetime | None = None) -> int:
        if not order.campaign:
            return 0
        paid = [amount for at, amount in order.cashbacks if until is None or at <= until]
        return sum(paid) if paid else self.tier(order.campaign, self.counted(order.campaign, until))

    # Commissions

    @staticmethod
    def sold(lines: Lines, refunds: list[Refund]) -> tuple[dict[str, int], int]:
        """What is left of each line, and the goods still sold."""
        named: dict[str, int] = dict.fromkeys(lines, 0)
        rest = 0
        for refund in refunds:
            rest += refund.amount - sum(refund.lines.values())
            for line, amount in refund.lines.items():
                if line in named:
                    named[line] += amount
                else:
                    rest += amount
        rest += sum(max(0, named[line] - amount) for line, (_, amount) in lines.items())
        left = {line: max(0, amount - named[line]) for line, (_, amount) in lines.items()}
        return left, max(0, sum(left.values()) - rest)

    def formula(self, order: Order, seller: Seller, lines: Lines, refunds: list[Refund], cashback: int) -> int:
        left, goods = self.sold(lines, refunds)
        total = sum(left.values())
        if not total:
            return 0
        weighed = sum(amount * self.rate(lines[line][0], seller, order.placed_at) for line, amount in left.items())
        return floor(Fraction(max(0, goods - cashback) * weighed, 10_000 * total) + Fraction(1, 2))

    def restate(self, order: Order) -> None:
        made = order.commission
        if made is not None and made.status == "settled":
            self.after_settlement(made)
        elif made is not None:
            self.restate_open(made)
        if order.campaign:
            self.restate_campaign(order.campaign)

    def restate_campaign(self, campaign: str) -> None:
        for order in self.orders.values():
            if order.campaign == campaign and order.commission is not None and order.commission.status != "settled":
                self.restate_open(order.commission)

    def restate_open(self, made: Commission) -> None:
        order = made.order
        _, goods = self.sold(order.lines_at(), order.refunds)
        made.amount = self.formula(order, made.seller, order.lines_at(), order.refunds, self.cashback(order))
        if order.first("cancelled") is not None or (order.refunds and goods == 0):
            made.status, made.amount = "void", 0
        elif made.status == "void" and made.reason == "zero" and made.amount == 0:
            made.amount = 0
        elif order.collected_by == "merchant" and any(refund.amount for refund in order.refunds):
            made.status = "by_hand"
        else:
            made.status = "pending"

    def target(self, made: Commission, lines: Lines) -> int:
        if made.order.first("cancelled") is not None:
            return 0
        return self.formula(made.order, made.seller, lines, made.order.refunds, made.cashback)

    def after_settlement(self, made: Commission) -> None:
        order = made.order
        kept, now = self.target(made, made.lines), self.target(made, order.lines_at())
        if order.collected_by == "merchant":
            made.by_hand_due = now - made.base
            return
        if self.setting("refunds_after_settlement", order.placed_at) == "claw_back":
            more = max(0, made.amount - kept) - made.clawed
            if more > 0:
                made.clawed += more
                self.owed[made.seller.name] = self.owed.get(made.seller.name, 0) - more
                self.balance += more

    # Settlement

    def due(self, as_of: datetime) -> Iterator[tuple[datetime, str, Commission]]:
        for order in self.orders.values():
            made = order.commission
            if made is None or made.status == "settled" or made.held:
                continue
            completed = self.completed_at(order, as_of)
            if completed is not None and completed <= as_of:
                yield completed, order.number, made

    def run(self, as_of: datetime) -> dict[str, int]:
        counts = {name: self.counted(name, as_of) for name in self.campaigns}
        told = {"settled": 0, "left": 0, "void": 0, "settled_amount": 0}
        for _, _, made in sorted(self.due(as_of), key=lambda one: one[:2]):
            order = made.order
            if order.first("cancelled", as_of) is not None:
                continue
            refunds, lines = order.refunds_at(as_of), order.lines_at(as_of)
            if order.collected_by == "merchant" and any(refund.amount for refund in refunds):
                continue
            if refunds and self.sold(lines, refunds)[1] == 0:
                continue
            cashback = 0
            if order.campaign:
                paid = [amount for at, amount in order.cashbacks if at <= as_of]
                cashback = sum(paid) if paid else self.tier(order.campaign, counts[order.campaign])
            amount = self.formula(order, made.seller, lines, refunds, cashback)
            if amount == 0:
                if made.status == "pending":
                    made.status, made.reason, made.amount = "void", "zero", 0
                    told["void"] += 1
                continue
            if amount > self.balance:
                told["left"] += 1
                continue
            self.balance -= amount
            self.owed[made.seller.name] = self.owed.get(made.seller.name, 0) + amount
            made.status, made.amount, made.cashback, made.lines, made.base = "settled", amount, cashback, lines, amount
            told["settled"] += 1
            told["settled_amount"] += amount
            self.after_settlement(made)
        return told
