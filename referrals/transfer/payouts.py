"""Payouts on their way to PayPal: the file for its mass payments, and the result read back (`SPEC §4`)."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

from referrals import money
from referrals.db import lock_names, session
from referrals.errors import NotFound, RuleBroken
from referrals.payouts.models import Payout
from referrals.payouts.operations import fail_payout, hold_payouts, pay_payout
from referrals.payouts.queries import get_payout, known_payouts, pending_payouts
from referrals.people.rules import Actor
from referrals.secrets_box import SecretsBox
from referrals.transfer.exports import harmless
from referrals.transfer.report import Outcome, Remark
from referrals.transfer.tables import Line, Table, read_table
from referrals.values import parse_id
from referrals.wording import N_

# The header of PayPal's mass payments, to the letter.
HEADINGS = (
    "Email/Phone", "Amount", "Currency code", "Reference ID (optional)", "Note to recipient", "Recipient wallet",
    "Social Feed Privacy (optional)", "Holler URL (deprecated)", "Logo URL (optional)", "Purpose (optional)",
)  # fmt: skip
# Spreadsheets round long numbers; with a letter before it an id comes back as it went.
NOT_A_NUMBER = "P"
WALLET = "PayPal"

# What the columns of a result are called, by us and by PayPal's reports; small letters.
COLUMNS = {
    "reference": ("reference_id", "reference id", "reference id (optional)", "customer reference id", "unique id"),
    "status": ("status", "transaction status", "payout status"),
    "reason": ("reason", "error", "error message", "reason code"),
    "transaction": ("transaction_id", "transaction id", "payment reference"),
}
PAID = frozenset({"paid", "success", "successful", "completed", "claimed"})
FAILED = frozenset({"failed", "returned", "denied", "blocked", "refunded", "reversed", "canceled", "cancelled"})
STILL_OPEN = frozenset({"", "pending", "processing", "unclaimed", "onhold", "on hold", "new"})


class NoSuchResultColumn(RuleBroken):
    """Some other table than a result of payouts."""

    sentence = N_("This table has no column for the %(column)s. It needs a reference id and a status.")


class UnknownPayoutResult(RuleBroken):
    """A line says neither paid nor failed."""

    sentence = N_("Write paid or failed.")


class UnknownPayout(RuleBroken):
    """A line names no payout."""

    sentence = N_("There is no such payout.")


class OtherPayoutResult(RuleBroken):
    """The payout failed before: its money went back, and another one pays it."""

    sentence = N_("This payout is recorded as failed already. What it held is in a later one.")


class NothingToPay(RuleBroken):
    """A statement that only carries over pays nothing."""

    sentence = N_("This statement pays nothing: all of it is carried over.")


def paypal_file(due_on: date, currency: str, box: SecretsBox, *, again: bool = False, by: Actor, at: datetime) -> bytes:
    """The payouts of a day and currency as PayPal takes them, without those that have no address.

    Each is in one file, so that nobody is paid twice; `again` holds them all once more. Flushes.
    """
    by.require("finance")
    lock_names(["paypal file"])
    payouts = [one for one in pending_payouts(by, due_on, currency) if again or one.exported_at is None]
    rows = [(payout, box.open(payout.recipient) if payout.recipient else None) for payout in payouts]
    payable = [(payout, recipient) for payout, recipient in rows if recipient]
    for payout, _ in payable:
        payout.exported_at, payout.exported_by_person_id = at, by.person_id
    session.flush()
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADINGS)
    writer.writerows(paypal_row(payout, recipient) for payout, recipient in payable)
    return buffer.getvalue().encode()


def paypal_row(payout: Payout, recipient: str) -> Sequence[str]:
    """One payment. The address must stay as it is: one that looks like a formula is refused where it is set."""
    period = f"{payout.period_from.isoformat()} - {payout.period_until.isoformat()}"
    amount = money.plain(money.Money(payout.amount_minor, payout.currency))
    reference = f"{NOT_A_NUMBER}{payout.id}"
    return (recipient, amount, payout.currency, reference, harmless(period), WALLET, "", "", "", "")


def import_payout_results(content: bytes, file_name: str, *, by: Actor, at: datetime) -> Outcome:
    """Record what became of payouts; repeating it changes nothing. Lines that are not decided are left alone.

    Raises what is wrong with the file as a whole; what is wrong with a line is a remark.
    """
    by.require("finance")
    outcome = Outcome()
    table = read_table(content, file_name)
    columns = columns_of(table)
    hold_payouts(known_payouts(by, [payout_id_in(line, columns) or 0 for line in table.lines]))
    for line in table.lines:
        if status_of(line, columns) in STILL_OPEN:
            continue
        outcome.read += 1
        try:
            with session.begin_nested():
                fresh = record_result(line, columns, by=by, at=at)
        except RuleBroken as broken:
            outcome.refused += 1
            outcome.remarks.append(Remark(line.number, "refused", broken.field, broken.sentence, broken.values))
            continue
        outcome.created += fresh
        outcome.unchanged += not fresh
    return outcome


def columns_of(table: Table) -> dict[str, str]:
    """What this table calls each column."""
    known = {name.casefold(): name for name in reversed(table.header)}
    found = {}
    for column, names in COLUMNS.items():
        name = next((known[name] for name in names if name in known), None)
        if name is not None:
            found[column] = name
    for column in ("reference", "status"):
        if column not in found:
            raise NoSuchResultColumn(field="file", column=COLUMNS[column][0].replace("_", " "))
    return found


def status_of(line: Line, columns: dict[str, str]) -> str:
    return cell(line, columns, "status").casefold()


def cell(line: Line, columns: dict[str, str], column: str) -> str:
    return line.cells.get(columns.get(column, ""), "").strip()


def record_result(line: Line, columns: dict[str, str], *, by: Actor, at: datetime) -> bool:
    """Record one line; answers whether it was news."""
    payout = payout_named(line, columns, by=by)
    status = status_of(line, columns)
    if status not in PAID | FAILED:
        raise UnknownPayoutResult(field=columns["status"])
    if payout.status == "carried":
        raise NothingToPay(field=columns["reference"])
    if status in PAID:
        if payout.status == "failed":
            raise OtherPayoutResult(field=columns["status"])
        if payout.status == "paid":
            return False
        pay_payout(payout, reference=cell(line, columns, "transaction"), by=by, at=at)
        return True
    if payout.status == "failed":
        return False
    fail_payout(payout, cell(line, columns, "reason") or status, by=by, at=at)
    return True


def payout_named(line: Line, columns: dict[str, str], *, by: Actor) -> Payout:
    """The payout that a line tells of; raises UnknownPayout."""
    try:
        return get_payout(by, payout_id_in(line, columns))
    except NotFound:
        raise UnknownPayout(field=columns["reference"]) from None


def payout_id_in(line: Line, columns: dict[str, str]) -> int | None:
    return parse_id(cell(line, columns, "reference").lstrip("'").removeprefix(NOT_A_NUMBER))
