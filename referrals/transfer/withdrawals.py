"""Withdrawals on their way to whoever pays them: a CSV of the open ones, and the result read back (`SPEC §10`)."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from referrals import money
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.secrets_box import SecretsBox
from referrals.settlement.models import Withdrawal
from referrals.settlement.withdrawals import get_withdrawal, pay_withdrawal, refuse_withdrawal
from referrals.shops.models import Salesperson, Shop
from referrals.transfer.exports import csv_chunks
from referrals.transfer.report import Outcome, Remark
from referrals.transfer.tables import Line, read_table
from referrals.values import parse_id
from referrals.wording import N_

HEADINGS = (
    "withdrawal", "salesperson", "phone", "method", "details", "amount", "currency", "requested_at", "status", "fee",
    "reference", "reason",
)  # fmt: skip


# Spreadsheets round long numbers; with a letter before it an id comes back as it went.
NOT_A_NUMBER = "W"


class NoSuchColumn(RuleBroken):
    """Some other table than the one that is to be filled in."""

    sentence = N_("This table has no column %(column)s. Fill in the list of the open ones and upload that.")


class UnknownResult(RuleBroken):
    """A line says neither paid nor refused."""

    sentence = N_("Write paid or refused.")


class UnknownWithdrawal(RuleBroken):
    """A line names no withdrawal of the shop."""

    sentence = N_("There is no such withdrawal in this shop.")


class OtherResult(RuleBroken):
    """The withdrawal was decided before, and differently."""

    sentence = N_("This withdrawal is recorded as %(status)s already, with other details.")


def open_withdrawals(shop: Shop, box: SecretsBox, *, by: Actor) -> Iterator[bytes]:
    """The open withdrawals as CSV, with where the money goes; the last columns are to be filled in and sent back.

    Those of suspended salespeople wait, and are left out.
    """
    by.require("finance")
    found = session.execute(
        select(Withdrawal, Person)
        .join(Salesperson, Salesperson.id == Withdrawal.salesperson_id)
        .join(Person, Person.id == Salesperson.person_id)
        .where(Withdrawal.shop_id == shop.id, Withdrawal.status == "requested", Salesperson.status != "suspended")
        .order_by(Withdrawal.requested_at, Withdrawal.id)
    ).all()
    rows = (
        (
            f"{NOT_A_NUMBER}{one.id}",
            person.called,
            person.phone or "",
            one.method,
            (box.open(one.details_locked) or "") if one.details_locked else "",
            money.plain(money.Money(one.amount_minor, one.currency)),
            one.currency,
            one.requested_at,
            *("",) * 4,
        )
        for one, person in found
    )
    return csv_chunks(HEADINGS, rows)


def import_results(shop: Shop, content: bytes, file_name: str, *, by: Actor, at: datetime) -> Outcome:
    """Record what became of withdrawals; repeating it changes nothing. Lines without a status are left alone.

    Raises what is wrong with the file as a whole; what is wrong with a line is a remark.
    """
    by.require("finance")
    outcome = Outcome()
    table = read_table(content, file_name)
    for column in ("withdrawal", "status"):
        if column not in table.header:
            raise NoSuchColumn(field="file", column=column)
    for line in table.lines:
        if not line.cells.get("status", "").strip():
            continue
        outcome.read += 1
        try:
            with session.begin_nested():
                fresh = record_result(shop, line, by=by, at=at)
        except RuleBroken as broken:
            outcome.refused += 1
            outcome.remarks.append(Remark(line.number, "refused", broken.field, broken.sentence, broken.values))
            continue
        outcome.created += fresh
        outcome.unchanged += not fresh
    return outcome


def record_result(shop: Shop, line: Line, *, by: Actor, at: datetime) -> bool:
    """Record one line; answers whether it was news."""
    cells = {name: line.cells.get(name, "").strip() for name in ("withdrawal", "status", "fee", "reference", "reason")}
    withdrawal = withdrawal_named(shop, cells["withdrawal"], by=by)
    fee = money.parse(cells["fee"], withdrawal.currency).minor if cells["fee"] else 0
    status = cells["status"].lower()
    if status not in ("paid", "refused"):
        raise UnknownResult(field="status")
    if withdrawal.status != "requested":
        same = (withdrawal.status, withdrawal.payment_reference, withdrawal.reason)
        if same != (status, cells["reference"], cells["reason"]):
            raise OtherResult(field="status", status=withdrawal.status)
        return False
    if status == "paid":
        pay_withdrawal(withdrawal, fee_minor=fee, reference=cells["reference"], by=by, at=at)
    else:
        refuse_withdrawal(withdrawal, cells["reason"], by=by, at=at)
    return True


def withdrawal_named(shop: Shop, written: str, *, by: Actor) -> Withdrawal:
    try:
        found = get_withdrawal(by, parse_id(written.lstrip("'").removeprefix(NOT_A_NUMBER)))
    except NotFound:
        raise UnknownWithdrawal(field="withdrawal") from None
    if found.shop_id != shop.id:
        raise UnknownWithdrawal(field="withdrawal")
    return found
