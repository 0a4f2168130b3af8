"""Importing leads: planned row by row, tried without writing, run in portions, safe to repeat (`SPEC §15`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.assignment import assign_quietly
from referrals.leads.catalogue import Programme, products, programme
from referrals.leads.fields import COLUMNS, storable
from referrals.leads.models import Lead, Product
from referrals.leads.operations import Claim, Submission, claim_prospect, register_lead
from referrals.leads.ownership import AlreadySubmitted, keys_of, record_conflicts
from referrals.leads.rules import is_open
from referrals.leads.timeline import note
from referrals.partners.models import Partner
from referrals.people.rules import Actor
from referrals.transfer.lead_rows import RowReads, read_row
from referrals.transfer.tables import Line, Table
from referrals.wording import N_

PORTION = 200
REASON_OF_IMPORTED = "imported"


class TwiceInFile(RuleBroken):
    """An earlier line of the same file is about the same open prospect."""

    sentence = N_("Line %(line)s of this file is about the same business.")


IN_CONFLICT = N_("Another partner registered this business on %(date)s; the lead is in conflict.")
DIFFERENT = N_("This lead was imported before; the file now says “%(theirs)s” where we have “%(ours)s”.")
MISSING = N_("Lead %(ref)s (%(business_name)s) came from this source before and is not in the file.")


@dataclass(frozen=True)
class Remark:
    """What the report says of a line; `outcome` is refused, remark, conflict, different or missing."""

    line: int
    outcome: str
    column: str
    sentence: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """The numbers of an import and what it has to say, as far as it got."""

    read: int = 0
    created: int = 0
    unchanged: int = 0
    refused: int = 0
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """What one line would do: nothing known against it, or a lead that exists, or why it is refused."""

    line: Line
    reads: RowReads
    known: Lead | None
    remarks: Sequence[Remark]
    refused: bool


class LeadImport:
    """Takes the lines of a table in as leads of one partner.

    `mapping` names the table's column for each of our fields; `dialect` is where the table comes from.
    """

    def __init__(
        self, partner: Partner, mapping: Mapping[str, str], dialect: str, default_product: Product, *, at: datetime
    ) -> None:
        self.partner = partner
        self.mapping = mapping
        self.dialect = dialect
        self.default_product = default_product
        self.at = at
        self.settings: Programme = programme()
        offered = products(active_only=False)
        self.products = {word.casefold(): product for product in offered for word in (product.name, product.code)}
        self.seen_keys: dict[tuple[int, str, str], int] = {}
        self.seen_rows: set[str] = set()

    def run(self, lines: Sequence[Line], *, by: Actor) -> Outcome:
        """Take these lines in. A line that breaks a rule is refused alone, and nothing of it stays."""
        by.require("import")
        outcome = Outcome()
        for line in lines:
            with session.begin_nested():
                plan = self.plan(line)
                if not plan.refused and plan.known is None:
                    plan = self.take(plan, by=by)
            self.count(outcome, plan)
        return outcome

    def dry_run(self, table: Table) -> Outcome:
        """What a run would do, and what is missing, extra or different between file and table. Writes nothing."""
        outcome = Outcome()
        for line in table.lines:
            plan = self.plan(line)
            if not plan.refused and plan.known is None:
                plan = self.pretend(plan)
            self.count(outcome, plan)
        outcome.remarks.extend(self.missing())
        return outcome

    def count(self, outcome: Outcome, plan: Plan) -> None:
        outcome.read += 1
        outcome.remarks.extend(plan.remarks)
        if plan.refused:
            outcome.refused += 1
        elif plan.known is not None:
            outcome.unchanged += 1
        else:
            outcome.created += 1

    def plan(self, line: Line) -> Plan:
        """Read a line and look whether it was imported before."""
        cells = {ours: line.cells.get(theirs, "") for ours, theirs in self.mapping.items()}
        reads = read_row(cells, self.dialect, self.products, self.default_product, self.at)
        if reads.errors:
            return self.refuse(line, reads, reads.errors)
        known = session.scalar(
            select(Lead).where(
                Lead.partner_id == self.partner.id,
                Lead.import_source == self.dialect,
                Lead.import_key == self.row_key(reads),
            )
        )
        self.seen_rows.add(self.row_key(reads))
        if known is not None:
            return Plan(line, reads, known, list(self.differences(line, known, reads)), False)
        remarks = [Remark(line.number, "remark", column, sentence) for column, sentence in reads.remarks]
        return Plan(line, reads, None, remarks, False)

    def refuse(self, line: Line, reads: RowReads, errors: Mapping[str, RuleBroken]) -> Plan:
        remarks = [
            Remark(line.number, "refused", self.mapping.get(name, name), broken.sentence, broken.values)
            for name, broken in errors.items()
        ]
        return Plan(line, reads, None, remarks, True)

    def row_key(self, reads: RowReads) -> str:
        """By which a line is known again: its id in the source, else what identifies it."""
        if reads.source_id:
            return reads.source_id
        values = reads.values
        parts = [reads.product.code, *(str(values.get(name, "")) for name in ("business_name", "contact_email"))]
        parts.append(reads.submitted_at.isoformat() if reads.submitted_at else "")
        return sha256("\x1f".join(parts).encode()).hexdigest()

    def take(self, plan: Plan, *, by: Actor) -> Plan:
        submission = self.submission(plan.reads)
        try:
            claim = claim_prospect(submission, at=self.at)
        except AlreadySubmitted as broken:
            return self.refuse(plan.line, plan.reads, {broken.field: broken})
        lead = register_lead(submission, claim, by=by, at=self.at, status=plan.reads.recorded_status)
        lead.imported_at = self.at
        self.close_as_recorded(lead)
        note(lead, "imported", by=by, at=self.at, source=self.dialect)
        record_conflicts(lead, claim.rivals, at=self.at, quietly=True)
        if is_open(lead.status, lead.payout):
            assign_quietly(lead, at=self.at)
        session.flush()
        return self.with_conflict(plan, claim)

    def submission(self, reads: RowReads) -> Submission:
        return Submission(
            partner=self.partner,
            product=reads.product,
            values=reads.values,
            source="import",
            submitted_at=reads.submitted_at,
            import_source=self.dialect,
            import_key=self.row_key(reads),
            settings=self.settings,
        )

    def close_as_recorded(self, lead: Lead) -> None:
        if lead.status == "ineligible":
            lead.reason_code = REASON_OF_IMPORTED

    def pretend(self, plan: Plan) -> Plan:
        reads = plan.reads
        keys = keys_of(reads.values, self.settings.shared_hosts)
        for kind, value in keys.items():
            earlier = self.seen_keys.get((reads.product.id, kind, value))
            if earlier is not None:
                return self.refuse(plan.line, reads, {kind: TwiceInFile(line=earlier)})
        try:
            claim = claim_prospect(self.submission(reads), at=self.at)
        except AlreadySubmitted as broken:
            return self.refuse(plan.line, reads, {broken.field: broken})
        if is_open(reads.recorded_status, "none"):
            self.seen_keys.update(dict.fromkeys(((reads.product.id, *pair) for pair in keys.items()), plan.line.number))
        return self.with_conflict(plan, claim)

    def with_conflict(self, plan: Plan, claim: Claim) -> Plan:
        if not claim.rivals:
            return plan
        registered = min(rival.lead.submitted_at for rival in claim.rivals)
        params = {"date": registered.date().isoformat()}
        remark = Remark(plan.line.number, "conflict", "", IN_CONFLICT, params)
        return Plan(plan.line, plan.reads, plan.known, [*plan.remarks, remark], False)

    def differences(self, line: Line, known: Lead, reads: RowReads) -> Iterator[Remark]:
        for name in self.mapping:
            if name not in reads.values or name == "sales_support":
                continue
            theirs = storable(reads.values[name]) or ""
            stored = known.expected_minor if name == "expected_value" else getattr(known, name, None)
            ours = (stored if name in COLUMNS else known.details.get(name)) or ""
            if theirs != ours:
                yield Remark(line.number, "different", name, DIFFERENT, {"theirs": theirs, "ours": ours})

    def missing(self) -> Iterator[Remark]:
        known = session.execute(
            select(Lead.ref, Lead.business_name, Lead.import_key)
            .where(Lead.partner_id == self.partner.id, Lead.import_source == self.dialect)
            .order_by(Lead.submitted_at, Lead.id)
        )
        for ref, business_name, key in known:
            if key not in self.seen_rows:
                yield Remark(0, "missing", "", MISSING, {"ref": ref, "business_name": business_name})
