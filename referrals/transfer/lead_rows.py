"""What one row of an imported table says of a lead (`SPEC §15`).

Our own table is read as strictly as the form. Tables from Salesforce and HubSpot are taken as they are, since they
hold what once was: what is missing stays empty, and what our fields cannot take is kept in the notes, with a remark.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from referrals.errors import RuleBroken
from referrals.leads.fields import Field, Reading, Reads, all_fields, read, read_all
from referrals.leads.lifecycle import STATUS
from referrals.leads.models import Product
from referrals.normal_form import normal_form
from referrals.transfer.tables import Line, printable
from referrals.values import COUNTRIES, LONGEST_EMAIL, UnreadableCharacters
from referrals.wording import N_

TRUE_WORDS = frozenset({"true", "1", "yes", "y"})
# Fields that can also be read from several columns.
PARTS = {"contact_name": ("first_name", "last_name"), "status": ("converted",)}
STATUS_WORDS = (
    ("submitted", ("not contacted",)),
    ("ineligible", ("not converted", "unqualified", "disqualified", "bad timing", "lost", "ineligible")),
    (
        "in_progress",
        ("progress", "working", "contacted", "connected", "qualified", "converted", "open deal", "nurtur", "attempted"),
    ),
    ("awarded", ("awarded", "won", "customer")),
    ("submitted", ("new", "open", "submitted", "lead", "subscriber")),
)
REVENUE_BANDS = (
    (250_000, "under_250k"),
    (1_000_000, "250k_1m"),
    (5_000_000, "1m_5m"),
    (20_000_000, "5m_20m"),
    (None, "over_20m"),
)


class NotAMoment(RuleBroken):
    """No date or time in ISO 8601."""

    sentence = N_("Write a date like 2026-11-30, or a time like 2026-11-30T14:05:00Z.")


class InTheFuture(RuleBroken):
    """A moment that has not come yet."""

    sentence = N_("This date is in the future.")


class NotAStatus(RuleBroken):
    """None of the four statuses."""

    sentence = N_("The status is one of submitted, in_progress, awarded, ineligible.")


class NotAProduct(RuleBroken):
    """No product with this code or name."""

    sentence = N_("There is no product with this name.")


class Nameless(RuleBroken):
    """Neither a business nor a contact is named."""

    sentence = N_("This row names neither a business nor a contact.")


class DeletedInSource(RuleBroken):
    """The other system had deleted it."""

    sentence = N_("This row was deleted in the system it comes from.")


class StatusNeedsSupport(RuleBroken):
    """A POS lead without sales support stays submitted for ever."""

    sentence = N_("A POS lead without sales support stays submitted. Set sales_support to y, or leave out the status.")


KEPT_AS_IT_STANDS = N_("This value is not in the form that we expect; it was kept as it stands.")
MOVED_TO_NOTES = N_("This value does not fit its field; it was kept in the notes.")
CONTACT_STANDS_IN = N_("No business is named; the contact's name stands in for it.")


@dataclass(frozen=True)
class Source:
    """Where rows come from: `dialect` is whose table it is, `mapping` names its column for each of our fields.

    `products` are those that a row can name, by name and code in small letters; `currency` is that of amounts.
    """

    dialect: str
    mapping: Mapping[str, str]
    products: Mapping[str, Product]
    default_product: Product
    currency: str

    def cells_of(self, line: Line) -> dict[str, str]:
        """The cells of a line by the names of our fields."""
        return {ours: line.cells.get(theirs, "") for ours, theirs in self.mapping.items()}

    def columns_of(self, name: str) -> list[str]:
        """The table's columns that one of our fields is read from."""
        parts = (name, *PARTS.get(name, ()))
        return [self.mapping[part] for part in parts if part in self.mapping]

    def column_of(self, name: str) -> str:
        """The table's own name for one of our fields; ours where it has no such column."""
        return ", ".join(self.columns_of(name)) or name

    def tells(self, name: str) -> bool:
        """Whether the table has this field of ours."""
        return bool(self.columns_of(name))


@dataclass
class RowReads:
    """What a row says: values by field, status and time, refusals (which keep it out) and remarks (which do not)."""

    product: Product
    values: dict[str, Any] = field(default_factory=dict)
    recorded_status: str = "submitted"
    names_a_status: bool = False
    submitted_at: datetime | None = None
    source_id: str = ""
    errors: dict[str, RuleBroken] = field(default_factory=dict)
    remarks: list[tuple[str, str]] = field(default_factory=list)


def read_row(source: Source, line: Line, at: datetime) -> RowReads:
    """Read a row; never raises, what is wrong is in `errors` under the names of our fields."""
    cells = source.cells_of(line)
    reads = RowReads(source.default_product, source_id=printable(cells.get("source_id", ""))[:200])
    named = cells.get("product", "").strip()
    if named:
        reads.product = source.products.get(named.casefold(), source.default_product)
        if named.casefold() not in source.products:
            reads.errors["product"] = NotAProduct()
    try:
        reads.submitted_at = read_moment(cells.get("submitted_at", ""), at)
    except RuleBroken as broken:
        reads.errors["submitted_at"] = broken
    if source.dialect == "own":
        read_strictly(reads, cells, Reading(today=at.date(), currency=source.currency))
    else:
        KindReader(reads, source, cells, at).read()
    return reads


def read_strictly(reads: RowReads, cells: Mapping[str, str], reading: Reading) -> None:
    found: Reads = read_all(all_fields(reads.product.fields), cells, reading)
    reads.values = found.values
    reads.errors.update(found.errors)
    word = cells.get("status", "").strip().lower().replace(" ", "_")
    if word and word not in STATUS.states:
        reads.errors["status"] = NotAStatus()
    elif word:
        reads.recorded_status, reads.names_a_status = word, True
    if (
        reads.recorded_status != "submitted"
        and reads.product.flow == "bounty"
        and not reads.values.get("sales_support")
    ):
        reads.errors["status"] = StatusNeedsSupport()


class KindReader:
    """Reads a row of another system: what does not fit is kept, under the name of its column."""

    def __init__(self, reads: RowReads, source: Source, cells: Mapping[str, str], at: datetime) -> None:
        self.reads = reads
        self.source = source
        self.cells = {**cells, "country": country_code(cells.get("country", "")), "annual_revenue": revenue_band(cells)}
        country = self.cells["country"]
        self.reading = Reading(at.date(), country if country in COUNTRIES else "", source.currency)
        self.unfit: list[str] = []

    def read(self) -> None:
        """Fill in what the row says."""
        reads, cells = self.reads, self.cells
        if cells.get("deleted", "").strip().lower() in TRUE_WORDS:
            reads.errors["deleted"] = DeletedInSource()
        names = [cells.get("first_name", "").strip(), cells.get("last_name", "").strip()]
        cells["contact_name"] = cells.get("contact_name", "") or " ".join(name for name in names if name)
        for one in all_fields(reads.product.fields):
            reads.values[one.name] = self.read_one(one, cells.get(one.name, ""))
        reads.values["sales_support"] = True
        reads.values["notes"] = "\n".join(part for part in (reads.values["notes"], *self.unfit) if part)
        fill_names(reads)
        written, converted = cells.get("status", "").strip(), cells.get("converted", "").strip()
        reads.recorded_status, reads.names_a_status = status_from(written, converted), bool(written or converted)

    def read_one(self, one: Field, raw: str) -> Any:
        optional = Field(one.name, one.kind, one.label, longest=one.longest, choices=one.choices)
        try:
            return read(optional, raw, self.reading)
        except UnreadableCharacters as broken:
            self.reads.errors[one.name] = broken
        except RuleBroken:
            kept = printable(raw.replace("\n", " "))[: min(one.longest, LONGEST_EMAIL)]
            if one.kind in {"email", "phone", "text"}:
                self.reads.remarks.append((one.name, KEPT_AS_IT_STANDS))
                return kept
            self.unfit.append(f"{self.source.column_of(one.name)}: {kept}")
            self.reads.remarks.append((one.name, MOVED_TO_NOTES))
        return None if one.kind in {"whole_number", "date", "money"} else ""


def fill_names(reads: RowReads) -> None:
    values = reads.values
    if not values["business_name"]:
        values["business_name"] = values["contact_name"] or values["contact_email"]
        reads.remarks.append(("business_name", CONTACT_STANDS_IN))
    values["contact_name"] = values["contact_name"] or values["business_name"]
    if not values["business_name"]:
        reads.errors["business_name"] = Nameless()


def status_from(written: str, converted: str) -> str:
    """The status that another system's words come nearest to; what is converted there is being worked here."""
    words = normal_form(f"{written} {converted}".replace("_", " "))
    for status, signs in STATUS_WORDS:
        if any(sign in words for sign in signs):
            return status
    return "in_progress" if converted.strip().lower() in TRUE_WORDS else "submitted"


def read_moment(text: str, at: datetime) -> datetime | None:
    """A time from ISO 8601 (UTC without an offset) or milliseconds since 1970; raises NotAMoment, InTheFuture."""
    text = text.strip()
    if not text:
        return None
    try:
        if text.isascii() and text.isdecimal() and len(text) == 13:
            found = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
        else:
            found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotAMoment from None
    if found > at:
        raise InTheFuture
    return found


def country_code(written: str) -> str:
    """The ISO code of a country written as code or name in any of our languages; unknown ones unchanged."""
    text = written.strip()
    if text.upper() in COUNTRIES:
        return text.upper()
    return country_names().get(normal_form(text), text)


@cache
def country_names() -> dict[str, str]:
    from babel import Locale

    names = {"usa": "US", "uk": "GB", "great britain": "GB"}
    for language in ("en", "th", "pl", "vi", "tr", "zh"):
        territories = Locale(language).territories
        names.update({normal_form(territories[code]): code for code in COUNTRIES if code in territories})
    return names


def revenue_band(cells: Mapping[str, str]) -> str:
    """The band of an annual revenue that is written as a number; bands stay as they are."""
    text = cells.get("annual_revenue", "").strip()
    digits = text.partition(".")[0].replace(",", "")
    if not (digits.isascii() and digits.isdecimal()):
        return text
    return next(band for limit, band in REVENUE_BANDS if limit is None or int(digits[:15]) < limit)
