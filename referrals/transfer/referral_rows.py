"""Importing referrals as the platform reports them: sign-ups by partners' links, with their plans (`SPEC §4, §15`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import programme
from referrals.normal_form import normal_form
from referrals.partners.lifecycle import REFERRAL
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import domain_of, plan_code
from referrals.people.rules import Actor
from referrals.transfer.kinds import ImportJob
from referrals.transfer.lead_rows import NotAMoment, read_moment
from referrals.transfer.order_rows import CellMissing
from referrals.transfer.platform_reports import (
    NotAPartner,
    NotAReferralStatus,
    ToldReferral,
    category_code,
    hold_reports,
    named_partner,
    take_referral,
)
from referrals.transfer.report import Remark
from referrals.transfer.row_import import Cells, RowImport, RowKind, Taken
from referrals.transfer.tables import Table
from referrals.wording import N_

MOST_MISSING = 1000
MISSING = N_("%(merchant)s is known here and is not in the file.")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class ToldTwice(RuleBroken):
    """Two rows of one file say different things of one merchant, so that each run would turn it over."""

    sentence = N_("Line %(line)s says something else of the same merchant.")


@dataclass(frozen=True)
class ReferralRow:
    """What a row says, before its partner is looked up."""

    line: int
    partner: str
    merchant: str
    domain: str
    referred_at: datetime
    plan: str
    category: str
    status: str


class Partners:
    """The partners that rows name, each looked up once; rows that name none are those of the import's partner."""

    def __init__(self, default_id: int | None) -> None:
        self.default_id = default_id
        self.known: dict[str, int] = {}

    def named(self, text: str) -> Partner:
        """Raises NotAPartner, and CellMissing where neither row nor import names one."""
        if not text:
            if self.default_id is None:
                raise CellMissing(field="partner")
            return session.get_one(Partner, self.default_id)
        if text not in self.known:
            self.known[text] = named_partner(text).id
        return session.get_one(Partner, self.known[text])


class ReferralImport(RowImport[ReferralRow]):
    """Takes rows in as referrals; plan and status of known ones follow the file."""

    def __init__(self, job: ImportJob) -> None:
        super().__init__(job)
        self.partners = Partners(job.partner_id)
        self.currency = programme().currency

    def read(self, cells: Cells) -> ReferralRow:
        """What a row says."""
        domain = cells.read("domain", domain_of, "")
        return ReferralRow(
            line=cells.line.number,
            partner=cells.text("partner"),
            merchant=cells.text("merchant", required=not domain) or domain,
            domain=domain,
            referred_at=cells.read("referred_at", self.moment, LONG_AGO, required=True),
            plan=cells.read("plan", plan_code, ""),
            category=cells.read("category", category_code, "affiliate_link"),
            status=cells.read("status", status_code, ""),
        )

    def moment(self, text: str) -> datetime:
        moment = read_moment(text, self.at)
        if moment is None:
            raise NotAMoment(field="referred_at")
        return moment

    def key(self, values: ReferralRow) -> str:
        """As the referral is known by afterwards."""
        try:
            return self.told(values).key
        except (NotAPartner, CellMissing):
            return f"{values.partner} {values.category} {values.domain or normal_form(values.merchant)}"

    def hold(self, rows: Sequence[ReferralRow]) -> None:
        """Take the locks of those whose partner is known."""
        hold_reports(self.all_told(rows), self.currency)

    def all_told(self, rows: Iterable[ReferralRow]) -> Iterable[ToldReferral]:
        for row in rows:
            try:
                yield self.told(row)
            except (NotAPartner, CellMissing):
                continue

    def told(self, row: ReferralRow) -> ToldReferral:
        return ToldReferral(
            self.partners.named(row.partner), row.merchant, row.domain, row.referred_at, row.plan, row.category,
            row.status,
        )  # fmt: skip

    def take(self, values: ReferralRow, *, by: Actor) -> Taken:
        """Record the referral, or bring the known one up to the row. Raises ToldTwice."""
        for name in ("plan", "status"):
            earlier = self.contradicted(name, self.job.table).get(values.line)
            if earlier is not None:
                raise ToldTwice(field=name, line=earlier)
        _, becomes = take_referral(self.told(values), currency=self.currency, by=by, at=self.at)
        return Taken(becomes)

    def contradicted(self, name: str, table: Table) -> Mapping[int, int]:
        """By the number of each line whose plan or status contradicts an earlier line of one referral: that line's.

        Counted once a table.
        """
        columns = (f"referral {name}", str(self.job.partner_id), *(f"{a}={b}" for a, b in self.job.mapping.items()))
        if columns not in table.counted:
            said: dict[str, tuple[str, int]] = {}
            counts = table.counted.setdefault(columns, {})
            for line in table.lines:
                cells = Cells(line, self.job.mapping)
                row = self.read(cells)
                value = row.plan if name == "plan" else row.status
                if cells.errors or not value:
                    continue
                before, number = said.setdefault(self.key(row), (value, line.number))
                if before != value:
                    counts[line.number] = number
        return table.counted[columns]

    def missing(self, keys: Iterable[str]) -> Iterable[Remark]:
        """The referrals that were told before and are not in the file."""
        named = set(keys)
        known = session.execute(
            select(Referral.import_key, Referral.merchant)
            .where(Referral.import_key.is_not(None))
            .order_by(Referral.merchant_key, Referral.id)
        )
        left_out = [row.merchant for row in known if row.import_key not in named]
        return [Remark(0, "missing", "", MISSING, {"merchant": merchant}) for merchant in left_out[:MOST_MISSING]]


def status_code(text: str) -> str:
    """A status as files write it; raises NotAReferralStatus."""
    code = text.strip().lower()
    if code not in REFERRAL.states:
        raise NotAReferralStatus(field="status")
    return code


REFERRALS = RowKind(
    code="referrals",
    label=N_("Referrals"),
    fields={
        "partner": N_("Partner"),
        "merchant": N_("Merchant"),
        "domain": N_("Domain"),
        "referred_at": N_("Referred on"),
        "plan": N_("Plan"),
        "category": N_("Category"),
        "status": N_("Status"),
    },
    required=("merchant", "referred_at"),
    make=ReferralImport,
    shown_at="/referrals",
    changes=True,
    partner="optional",
)
