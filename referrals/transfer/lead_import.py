"""Importing leads: planned row by row, tried without writing, run in portions, safe to repeat (`SPEC §15`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.leads.assignment import assign_quietly
from referrals.leads.catalogue import Programme, find_reason, products, programme
from referrals.leads.models import Lead, Product
from referrals.leads.operations import Claim, Submission, register_lead, weigh_claim
from referrals.leads.ownership import FIELD_OF, AlreadySubmitted, Match, hold_prospects, keys_of, record_conflicts
from referrals.leads.rules import is_open
from referrals.leads.timeline import note
from referrals.partners.models import Partner
from referrals.people.rules import Actor
from referrals.transfer.lead_rows import RowReads, Source, read_row
from referrals.transfer.prospects import Prospects, imported_before
from referrals.transfer.reconciling import differences, facts_of_lead, facts_of_row, missing
from referrals.transfer.report import Outcome, Remark
from referrals.transfer.tables import Line, Table
from referrals.wording import N_

PORTION = 200
# Between two portions, so that others come to write: where one writes at a time, they ask ten times a second.
PAUSE_SECONDS = 0.12
REASON_OF_IMPORTED = "imported"


class TwiceInFile(RuleBroken):
    """An earlier line of the same file is about the same open prospect."""

    sentence = N_("Line %(line)s of this file is about the same business.")


IN_CONFLICT = N_("Another partner registered this business on %(date)s; the lead is in conflict.")


@dataclass(frozen=True)
class Row:
    """A line that was read: by which key it is known again, and by which signs its prospect."""

    line: Line
    reads: RowReads
    key: str
    signs: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What becomes of a row: `created`, `unchanged` or `refused`, and what there is to say of it."""

    becomes: str
    remarks: Sequence[Remark]


@dataclass
class Tried:
    """What a dry run has made of the lines so far; it holds lines rather than what they say, since there are many."""

    rows: dict[str, Line] = field(default_factory=dict)
    signs: dict[tuple[int, str, str], int] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)


class LeadImport:
    """Takes the lines of a table in as leads of one partner.

    `mapping` names the table's column for each of our fields; `dialect` is where the table comes from.
    """

    def __init__(
        self, partner: Partner, mapping: Mapping[str, str], dialect: str, default_product: Product, *, at: datetime
    ) -> None:
        self.partner = partner
        self.at = at
        self.settings: Programme = programme()
        offered = products(active_only=False)
        by_word = {word.casefold(): product for product in offered for word in (product.name, product.code)}
        self.source = Source(dialect, mapping, by_word, default_product, self.settings.currency)

    def run(self, lines: Sequence[Line], *, by: Actor) -> Outcome:
        """Take these lines in. A line that breaks a rule is refused alone, and nothing of it stays.

        Locks are taken in one order: the partner's imports, all the prospects, and last the representatives.
        """
        by.require("import")
        outcome = Outcome()
        rows = [self.read(line) for line in lines]
        lock_names([f"import:{self.partner.id}"])
        hold_prospects(prospects_of(rows))
        known, prospects = self.known(rows), Prospects(prospects_of(rows))
        taken: list[Lead] = []
        for row in rows:
            plan = self.plan(row, known) or self.take(row, prospects, taken, by=by)
            if plan.becomes == "created":
                known[row.key] = taken[-1]
            self.count(outcome, plan)
        for lead in taken:
            if is_open(lead.status, lead.payout):
                assign_quietly(lead, at=self.at)
        session.flush()
        return outcome

    def dry_run(self, table: Table) -> Outcome:
        """What a run would do, and what is missing, extra or different between file and table. Only looks."""
        outcome, tried = Outcome(), Tried()
        for start in range(0, len(table.lines), PORTION):
            rows = [self.read(line) for line in table.lines[start : start + PORTION]]
            known, prospects = self.known(rows), Prospects(prospects_of(rows))
            for row in rows:
                self.count(outcome, self.plan(row, known) or self.pretend(row, prospects, tried))
            tried.keys.update(row.key for row in rows if not row.reads.errors)
        outcome.remarks.extend(missing(self.partner.id, self.source.dialect, tried.keys))
        return outcome

    def count(self, outcome: Outcome, plan: Plan) -> None:
        outcome.read += 1
        outcome.remarks.extend(plan.remarks)
        match plan.becomes:
            case "refused":
                outcome.refused += 1
            case "unchanged":
                outcome.unchanged += 1
            case "created":
                outcome.created += 1

    def read(self, line: Line) -> Row:
        reads = read_row(self.source, line, self.at)
        if reads.errors:
            return Row(line, reads, "", {})
        return Row(line, reads, row_key(reads), keys_of(reads.values, self.settings.shared_hosts))

    def known(self, rows: Sequence[Row]) -> dict[str, Lead]:
        """The leads that these rows became before, by key."""
        return imported_before(self.partner.id, self.source.dialect, sorted({row.key for row in rows if row.key}))

    def plan(self, row: Row, known: Mapping[str, Lead]) -> Plan | None:
        """What becomes of a row that says nothing new, or nothing we can take; None: of the others."""
        if row.reads.errors:
            return self.refuse(row, row.reads.errors)
        lead = known.get(row.key)
        return None if lead is None else self.repeat(row, facts_of_lead(lead))

    def repeat(self, row: Row, ours: Mapping[str, object]) -> Plan:
        theirs = facts_of_row(row.reads, self.source)
        return Plan("unchanged", list(differences(row.line.number, self.source, theirs, ours)))

    def refuse(self, row: Row, errors: Mapping[str, RuleBroken]) -> Plan:
        remarks = [
            Remark(row.line.number, "refused", self.source.column_of(name), broken.sentence, broken.values)
            for name, broken in errors.items()
        ]
        return Plan("refused", remarks)

    def take(self, row: Row, prospects: Prospects, taken: list[Lead], *, by: Actor) -> Plan:
        submission = self.submission(row)
        try:
            claim = weigh_claim(submission, row.signs, self.matches(row, prospects), at=self.at)
        except AlreadySubmitted as broken:
            return self.refuse(row, {broken.field: broken})
        lead = register_lead(submission, claim, by=by, at=self.at, status=row.reads.recorded_status)
        lead.imported_at = self.at
        self.close_as_recorded(lead)
        note(lead, "imported", by=by, at=self.at, source=self.source.dialect)
        record_conflicts(lead, claim.rivals, at=self.at, quietly=True)
        prospects.add(lead, row.signs)
        taken.append(lead)
        return self.created(row, claim)

    def matches(self, row: Row, prospects: Prospects) -> list[Match]:
        return prospects.matches(row.reads.product.id, row.signs)

    def submission(self, row: Row) -> Submission:
        return Submission(
            partner=self.partner,
            product=row.reads.product,
            values=row.reads.values,
            source="import",
            submitted_at=row.reads.submitted_at,
            import_source=self.source.dialect,
            import_key=row.key,
            settings=self.settings,
        )

    def close_as_recorded(self, lead: Lead) -> None:
        if lead.status == "ineligible":
            reason = find_reason(REASON_OF_IMPORTED)
            lead.reason_code, lead.reason_sentence = REASON_OF_IMPORTED, reason.sentence if reason else ""

    def pretend(self, row: Row, prospects: Prospects, tried: Tried) -> Plan:
        if row.key in tried.rows:
            first = self.read(tried.rows[row.key]).reads
            return self.repeat(row, {"status": first.recorded_status} | facts_of_row(first, self.source))
        product_id = row.reads.product.id
        for kind, value in sorted(row.signs.items()):
            earlier = tried.signs.get((product_id, kind, value))
            if earlier is not None:
                return self.refuse(row, {FIELD_OF[kind]: TwiceInFile(line=earlier)})
        try:
            claim = weigh_claim(self.submission(row), row.signs, self.matches(row, prospects), at=self.at)
        except AlreadySubmitted as broken:
            return self.refuse(row, {broken.field: broken})
        tried.rows[row.key] = row.line
        if is_open(row.reads.recorded_status, "none"):
            tried.signs.update(((product_id, *sign), row.line.number) for sign in row.signs.items())
        return self.created(row, claim)

    def created(self, row: Row, claim: Claim) -> Plan:
        number = row.line.number
        remarks = [
            Remark(number, "remark", self.source.column_of(name), sentence) for name, sentence in row.reads.remarks
        ]
        if claim.rivals:
            registered = min(rival.lead.submitted_at for rival in claim.rivals)
            remarks.append(Remark(number, "conflict", "", IN_CONFLICT, {"date": registered.date().isoformat()}))
        return Plan("created", remarks)


def row_key(reads: RowReads) -> str:
    """By which a line is known again: its id in the source, else what identifies it."""
    if reads.source_id:
        return reads.source_id
    values = reads.values
    parts = [reads.product.code, *(str(values.get(name, "")) for name in ("business_name", "contact_email"))]
    parts.append(reads.submitted_at.isoformat() if reads.submitted_at else "")
    return sha256("\x1f".join(parts).encode()).hexdigest()


def prospects_of(rows: Sequence[Row]) -> list[tuple[int, Mapping[str, str]]]:
    """The prospects that rows are about: product and signs."""
    return [(row.reads.product.id, row.signs) for row in rows]
