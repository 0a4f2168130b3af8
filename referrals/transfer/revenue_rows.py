"""Importing the revenue that merchants bring, month by month; corrections are rows of their own (`SPEC §4, §15`)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from sqlalchemy import select

from referrals import money
from referrals.db import session
from referrals.earnings.operations import hold_referrals
from referrals.earnings.revenue import LONGEST_ID, NotAKind
from referrals.errors import RuleBroken
from referrals.normal_form import normal_form
from referrals.partners.lifecycle import REVENUE_KINDS
from referrals.partners.models import Referral, RevenueRow
from referrals.partners.referrals import domain_of
from referrals.people.rules import Actor
from referrals.transfer.kinds import ImportJob
from referrals.transfer.platform_reports import ToldRevenue, category_code, referrals_for, take_revenue
from referrals.transfer.referral_rows import MOST_MISSING, Partners
from referrals.transfer.report import Remark
from referrals.transfer.revenue_currency import Currencies
from referrals.transfer.row_import import Cells, RowImport, RowKind, Taken
from referrals.transfer.tables import Line, Table
from referrals.values import NotADomain
from referrals.wording import N_

MONTH = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?(?:[T ].*)?", re.ASCII)
MISSING = N_("Revenue of %(merchant)s in %(month)s is known here and is not in the file.")


class NotAMonth(RuleBroken):
    """No month in ISO 8601."""

    sentence = N_("Write a month like 2026-11.")


class NotThatCurrency(RuleBroken):
    """Another currency than the referral's."""

    sentence = N_("Amounts are in %(currency)s.")


@dataclass(frozen=True)
class RevenueCells:
    """What a row says. `partner` is looked up later, `amount` is in minor units."""

    line: int
    id: str
    merchant: str
    month: date
    kind: str
    amount: int
    currency: str
    partner: str
    category: str

    @property
    def content(self) -> tuple[str, ...]:
        """Everything but id and place: rows that are equal in this say the same."""
        said = (normal_form(self.merchant), self.month.isoformat(), self.kind, str(self.amount), self.currency)
        return (*said, normal_form(self.partner), self.category)


class RevenueImport(RowImport[RevenueCells]):
    """Takes rows of revenue in. Rows without an id are known by their content, and by which of equal rows they are."""

    def __init__(self, job: ImportJob) -> None:
        super().__init__(job)
        self.partners = Partners(job.partner_id)
        self.currencies = Currencies()
        self.months: set[date] = set()

    def read(self, cells: Cells) -> RevenueCells:
        """What a row says."""
        row = self.said(cells)
        return row if row.id or cells.errors else replace(row, id=self.own_id(row))

    def said(self, cells: Cells) -> RevenueCells:
        row = RevenueCells(
            line=cells.line.number,
            id=cells.text("id", longest=LONGEST_ID),
            merchant=cells.text("merchant", required=True),
            month=cells.read("month", month_in, date.min, required=True),
            kind=cells.read("kind", kind_code, "platform_fee"),
            amount=0,
            currency="",
            partner=cells.text("partner"),
            category=cells.read("category", category_code, ""),
        )
        counted_in = self.currency_of(row)
        currency = cells.read("currency", lambda text: only(counted_in, text), counted_in)
        amount = cells.read("amount", lambda text: money.parse(text, currency).minor, 0, required=True)
        return replace(row, amount=amount, currency=currency)

    def currency_of(self, row: RevenueCells) -> str:
        try:
            return self.currencies.of(self.told(row))
        except RuleBroken:
            return self.currencies.own

    def own_id(self, row: RevenueCells) -> str:
        parts = (*row.content, str(self.occurrences(self.job.table)[row.line]))
        return "file:" + sha256("\x1f".join(parts).encode()).hexdigest()

    def occurrences(self, table: Table) -> dict[int, int]:
        """For each line number, how many earlier rows say the same, however they write it; counted once a table."""
        columns = (
            "revenue",
            self.currencies.own,
            *(f"{ours}={theirs}" for ours, theirs in sorted(self.job.mapping.items())),
        )
        if columns not in table.counted:
            seen: dict[tuple[str, ...], int] = {}
            counts = table.counted.setdefault(columns, {})
            for line in table.lines:
                content = self.content_of(line)
                counts[line.number] = seen.get(content, 0)
                seen[content] = counts[line.number] + 1
        return table.counted[columns]

    def content_of(self, line: Line) -> tuple[str, ...]:
        row = self.said(Cells(line, self.job.mapping))
        # Rows with an id of their own stand for themselves.
        return ("", row.id) if row.id else row.content

    def key(self, values: RevenueCells) -> str:
        """The id of a row."""
        return values.id

    def keys(self, values: RevenueCells) -> Iterable[str]:
        """Also the month of a fee, which has one."""
        fee = f"fee {values.month} {merchant_key(values.merchant)}"
        return (values.id, fee) if values.kind == "platform_fee" else (values.id,)

    def told(self, row: RevenueCells) -> ToldRevenue:
        partner = self.partners.named(row.partner) if row.partner or self.partners.default_id is not None else None
        return ToldRevenue(
            row.id, row.merchant, row.month, row.kind, row.amount, row.currency, partner, row.category
        )  # fmt: skip

    def hold(self, rows: Sequence[RevenueCells]) -> None:
        """Hold the books of all partners who earn by these rows."""
        hold_referrals(referrals_for(self.all_told(rows)))

    def all_told(self, rows: Iterable[RevenueCells]) -> Iterable[ToldRevenue]:
        for row in rows:
            try:
                yield self.told(row)
            except RuleBroken:
                continue

    def take(self, values: RevenueCells, *, by: Actor) -> Taken:
        """Report the row."""
        self.months.add(values.month)
        _, is_new = take_revenue(self.told(values), by=by, at=self.at)
        return Taken("created" if is_new else "unchanged")

    def missing(self, keys: Iterable[str]) -> Iterable[Remark]:
        """The rows of the file's months that are known here and not in the file."""
        if not self.months:
            return []
        named = set(keys)
        known = session.execute(
            select(RevenueRow.external_id, RevenueRow.month, Referral.merchant)
            .join(Referral, Referral.id == RevenueRow.referral_id)
            .where(RevenueRow.month.between(min(self.months), max(self.months)))
            .order_by(RevenueRow.month, Referral.merchant_key, RevenueRow.id)
        )
        left_out = [{"merchant": row.merchant, "month": f"{row.month:%Y-%m}"} for row in known if row[0] not in named]
        return [Remark(0, "missing", "", MISSING, params) for params in left_out[:MOST_MISSING]]


def only(currency: str, text: str) -> str:
    """The currency that is written; raises NotThatCurrency where it is another one than that."""
    if text.strip().upper() != currency:
        raise NotThatCurrency(field="currency", currency=currency)
    return currency


def merchant_key(text: str) -> str:
    """A merchant however its domain or its name is written."""
    try:
        return domain_of(text)
    except NotADomain:
        return normal_form(text)


def month_in(text: str) -> date:
    """The first day of the month that is written, alone or as one of its days; raises NotAMonth."""
    match = MONTH.fullmatch(text.strip())
    if match is None:
        raise NotAMonth(field="month")
    try:
        return date(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise NotAMonth(field="month") from None


def kind_code(text: str) -> str:
    """A kind of row as files write it; raises NotAKind."""
    code = text.strip().lower().replace(" ", "_")
    if code not in REVENUE_KINDS:
        raise NotAKind(field="kind")
    return code


REVENUE = RowKind(
    code="revenue",
    label=N_("Revenue"),
    fields={
        "id": N_("Id in the source"),
        "merchant": N_("Merchant"),
        "month": N_("Month"),
        "amount": N_("Amount"),
        "currency": N_("Currency"),
        "kind": N_("Kind"),
        "partner": N_("Partner"),
        "category": N_("Category"),
    },
    required=("merchant", "month", "amount"),
    make=RevenueImport,
    shown_at="/referrals",
    partner="optional",
)
