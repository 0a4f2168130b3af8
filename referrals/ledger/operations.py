"""Booking: the only way in which money moves (`SPEC §11`). Each verb flushes; the outermost layer commits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, insert, select, text, update

from referrals.db import among, insert_rows, lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.ledger.hashing import entry_hash, moment_text
from referrals.ledger.models import LedgerAccount, LedgerChain, LedgerEntry, LedgerPosting
from referrals.money import LARGEST, AmountTooLarge
from referrals.wording import N_

ENTRY_COLUMNS = (
    "id", "chain_id", "seq", "kind", "reference", "about", "at", "by_person_id", "corrects_id", "currency", "hash",
)  # fmt: skip


class UnbalancedEntry(RuleBroken):
    """An entry has fewer than two postings, one of nothing, or its postings do not sum to zero (P1)."""

    sentence = N_("What goes out must come in: this entry does not balance.")


class AlreadyBooked(Conflict):
    """An entry with this reference is in the books (P7)."""

    sentence = N_("This is booked already.")


class InsufficientBalance(RuleBroken):
    """The store balance, or what is reserved, would go below zero (P10)."""

    sentence = N_("The balance does not cover this.")


class Owner(NamedTuple):
    """Whose books: `kind` is `shop` or `partner`; all entries of a draft are in `currency`."""

    kind: str
    id: int
    currency: str


class AccountName(NamedTuple):
    """An account within the books of an owner; `holder_id` names a salesperson."""

    kind: str
    holder_id: int = 0


STORE, OUTSIDE, PARTNER = AccountName("store"), AccountName("outside"), AccountName("partner")


def salesperson(salesperson_id: int) -> AccountName:
    """What a salesperson has earned and not asked for; below zero it is a debt."""
    return AccountName("salesperson", salesperson_id)


def reserved(salesperson_id: int) -> AccountName:
    """What a salesperson has asked to be paid out."""
    return AccountName("reserved", salesperson_id)


class Draft(NamedTuple):
    """An entry to book. `postings` are pairs of account and minor amount; positive is what the account gains."""

    kind: str
    reference: str
    postings: tuple[tuple[AccountName, int], ...]
    at: datetime
    about: str = ""
    by_person_id: int | None = None
    corrects_id: int | None = None


@dataclass(slots=True)
class Account:
    """An account while entries are booked: its row, its balance then, and what these entries change of it."""

    id: int
    balance: int
    change: int = 0


Accounts = dict[AccountName, Account]


class Chain(NamedTuple):
    """The books of an owner, held until the transaction ends, and their latest entry."""

    id: int
    seq: int
    hash: str


def post_entry(owner: Owner, draft: Draft) -> LedgerEntry:
    """Book one entry. Raises UnbalancedEntry, AlreadyBooked, InsufficientBalance, AmountTooLarge."""
    (entry_id,) = post_entries(owner, [draft])
    return session.get_one(LedgerEntry, entry_id)


def post_entries(owner: Owner, drafts: Sequence[Draft]) -> list[int]:
    """Book entries one after the other in few statements; answers their ids. All of them, or an error and none.

    Raises UnbalancedEntry, AlreadyBooked, InsufficientBalance, AmountTooLarge. The store balance is looked at after
    each entry, not only after the last.
    """
    if not drafts:
        return []
    for draft in drafts:
        refuse_unbalanced(draft)
    chain = hold_books(owner)
    refuse_booked(drafts)
    accounts = open_accounts(owner, chain, {name for draft in drafts for name, _ in draft.postings})
    for draft in drafts:
        move(draft, accounts)
    return write(owner, chain, drafts, accounts)


def refuse_unbalanced(draft: Draft) -> None:
    amounts = [minor for _, minor in draft.postings]
    if len(amounts) < 2 or 0 in amounts or sum(amounts) != 0:
        raise UnbalancedEntry
    if max(amounts) > LARGEST or min(amounts) < -LARGEST:
        raise AmountTooLarge


def hold_books(owner: Owner) -> Chain:
    """Lock the books of an owner until the transaction ends: nobody else books there, and balances stand still."""
    query = select(LedgerChain.id, LedgerChain.head_seq, LedgerChain.head_hash).where(
        LedgerChain.owner_kind == owner.kind, LedgerChain.owner_id == owner.id
    )
    row = session.execute(query.with_for_update()).one_or_none()
    if row is None:
        lock_names([f"ledger:{owner.kind}:{owner.id}"])
        row = session.execute(query.with_for_update()).one_or_none()
    if row is None:
        first = {"owner_kind": owner.kind, "owner_id": owner.id, "head_seq": 0, "head_hash": ""}
        session.execute(insert(LedgerChain).values(**first, checked_seq=0, checked_hash=""))
        row = session.execute(query).one()
    return Chain(*row)


def refuse_booked(drafts: Sequence[Draft]) -> None:
    references = [draft.reference for draft in drafts]
    if len(set(references)) < len(references):
        raise AlreadyBooked
    if session.scalar(select(LedgerEntry.id).where(among(LedgerEntry.reference, references)).limit(1)) is not None:
        raise AlreadyBooked


def open_accounts(owner: Owner, chain: Chain, names: set[AccountName]) -> Accounts:
    """The accounts by name; those that were never used before begin at zero."""
    found = find_accounts(owner, chain, names)
    new = sorted(names - found.keys())
    if new:
        rows = [(chain.id, name.kind, name.holder_id, owner.currency, 0) for name in new]
        insert_rows(LedgerAccount, ("chain_id", "kind", "holder_id", "currency", "balance_minor"), rows)
        found = find_accounts(owner, chain, names)
    return found


def find_accounts(owner: Owner, chain: Chain, names: set[AccountName]) -> Accounts:
    query = select(LedgerAccount.kind, LedgerAccount.holder_id, LedgerAccount.id, LedgerAccount.balance_minor).where(
        LedgerAccount.chain_id == chain.id, LedgerAccount.currency == owner.currency
    )
    holders = among(LedgerAccount.holder_id, {name.holder_id for name in names})
    rows = session.execute(query.where(LedgerAccount.kind.in_({one.kind for one in names}), holders))
    accounts = {AccountName(kind, holder_id): Account(id, balance) for kind, holder_id, id, balance in rows}
    return {name: accounts[name] for name in names if name in accounts}


def move(draft: Draft, accounts: Accounts) -> None:
    """Change the balances by one entry; a store balance or a reserved amount never ends below zero."""
    for name, minor in draft.postings:
        accounts[name].change += minor
    for name, _ in draft.postings:
        after = accounts[name].balance + accounts[name].change
        if after < 0 and name.kind in {"store", "reserved"}:
            raise InsufficientBalance
        if abs(after) > LARGEST:
            raise AmountTooLarge


def write(owner: Owner, chain: Chain, drafts: Sequence[Draft], accounts: Accounts) -> list[int]:
    ids = reserve_ids(len(drafts))
    corrected = references_of(draft.corrects_id for draft in drafts)
    moments = {at: moment_text(at) for at in {draft.at for draft in drafts}}
    entries, postings = [], []
    seq, head = chain.seq, chain.hash
    for entry_id, draft in zip(ids, drafts, strict=True):
        seq += 1
        kind, reference, moves, at, about, by_person_id, corrects_id = draft
        named = [(name.kind, name.holder_id, minor) for name, minor in moves]
        corrects = corrected[corrects_id] if corrects_id else ""
        head = entry_hash(head, seq, kind, reference, about, moments[at], owner.currency, corrects, named)
        entries.append(
            (entry_id, chain.id, seq, kind, reference, about, at, by_person_id, corrects_id, owner.currency, head)
        )
        postings += [(entry_id, accounts[name].id, minor) for name, minor in moves]
    insert_rows(LedgerEntry, ENTRY_COLUMNS, entries)
    insert_rows(LedgerPosting, ("entry_id", "account_id", "amount_minor"), postings)
    change_balances(accounts.values())
    session.execute(update(LedgerChain).where(LedgerChain.id == chain.id).values(head_seq=seq, head_hash=head))
    return ids


def reserve_ids(number: int) -> list[int]:
    """Ids for new entries, rising; nobody else gets them. On SQLite the transaction is the only one that writes."""
    if session.get_bind().dialect.name == "postgresql":
        counter = "SELECT nextval(pg_get_serial_sequence('ledger_entries', 'id')) FROM generate_series(1, :number)"
        return sorted(session.scalars(text(counter), {"number": number}))
    last = session.scalar(select(func.max(LedgerEntry.id))) or 0
    return list(range(last + 1, last + 1 + number))


def references_of(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = sorted({entry_id for entry_id in ids if entry_id})
    if not wanted:
        return {}
    rows = session.execute(select(LedgerEntry.id, LedgerEntry.reference).where(LedgerEntry.id.in_(wanted)))
    return {row.id: row.reference for row in rows}


def change_balances(accounts: Iterable[Account]) -> None:
    changes = [{"account_id": one.id, "change": one.change} for one in accounts if one.change]
    statement = (
        update(LedgerAccount)
        .where(LedgerAccount.id == bindparam("account_id"))
        .values(balance_minor=LedgerAccount.balance_minor + bindparam("change"))
    )
    if changes:
        session.connection().execute(statement, changes)
