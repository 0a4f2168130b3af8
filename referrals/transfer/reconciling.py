"""What file and table say differently of the same leads, and which leads a file leaves out (`SPEC §15`)."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from referrals.db import session
from referrals.leads.fields import COLUMNS, storable
from referrals.leads.models import Lead
from referrals.money import Money, plain
from referrals.transfer.lead_rows import RowReads, Source
from referrals.transfer.report import Remark
from referrals.wording import N_

DIFFERENT = N_("This lead was imported before; the file now says “%(theirs)s” where we have “%(ours)s”.")
MISSING = N_("Lead %(ref)s (%(business_name)s) came from this source before and is not in the file.")
# Other systems do not know it: there it is taken to be wanted.
NOT_COMPARED = frozenset({"sales_support"})


def facts_of_lead(lead: Lead) -> dict[str, Any]:
    """What we have of a lead, by the names of our fields."""
    facts = {name: getattr(lead, name) for name in COLUMNS if name != "expected_value"}
    if lead.expected_minor is not None:
        facts["expected_value"] = plain(Money(lead.expected_minor, lead.expected_currency or ""))
    return {**lead.details, **facts, "status": lead.status}


def facts_of_row(reads: RowReads, source: Source) -> dict[str, Any]:
    """What a row says, by the names of our fields; the status where it names one."""
    facts = {name: storable(value) for name, value in reads.values.items()}
    if reads.values.get("expected_value") is not None:
        facts["expected_value"] = plain(Money(reads.values["expected_value"], source.currency))
    return facts | ({"status": reads.recorded_status} if reads.names_a_status else {})


def differences(line: int, source: Source, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Remark]:
    """A remark for each field of which the file says something else than we have."""
    for name, value in theirs.items():
        if name in NOT_COMPARED or not source.tells(name):
            continue
        params = {"theirs": value or "", "ours": ours.get(name) or ""}
        if params["theirs"] != params["ours"]:
            yield Remark(line, "different", source.column_of(name), DIFFERENT, params)


def missing(partner_id: int, dialect: str, in_file: Collection[str]) -> Iterator[Remark]:
    """A remark for each lead that came from this source before and whose key is not in the file."""
    known = session.execute(
        select(Lead.ref, Lead.business_name, Lead.import_key)
        .where(Lead.partner_id == partner_id, Lead.import_source == dialect)
        .order_by(Lead.submitted_at, Lead.id)
    )
    for ref, business_name, key in known:
        if key not in in_file:
            yield Remark(0, "missing", "", MISSING, {"ref": ref, "business_name": business_name})
