"""Walking along chains of entries: each is taken as it stands in the database and held against the one before."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, select, type_coerce
from sqlalchemy.orm import aliased

from referrals.db import session
from referrals.ledger.hashing import entry_hash, moment_text
from referrals.ledger.models import LedgerAccount, LedgerChain, LedgerEntry, LedgerPosting
from referrals.ledger.operations import Owner
from referrals.ledger.problems import Problem

ROWS_AT_ONCE = 10_000
Corrected = aliased(LedgerEntry)


class Mark(NamedTuple):
    """How far a chain was walked: its latest entry. `is_new`: farther than it was proved before."""

    chain_id: int
    owner_kind: str
    owner_id: int
    seq: int
    hash: str
    is_new: bool


class AccountRow(NamedTuple):
    """An account as it stands in the database."""

    kind: str
    holder_id: int
    currency: str
    balance: int

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.holder_id}" if self.holder_id else self.kind


class Entry(NamedTuple):
    """An entry with its postings, pairs of account row and minor amount."""

    id: int
    seq: int
    kind: str
    reference: str
    about: str
    moment: str
    currency: str
    hash: str
    corrects: str
    postings: list[tuple[int, int]]


def chains_to_walk(owner: Owner | None) -> Sequence[LedgerChain]:
    """All chains in order of their owners, or that of one."""
    query = select(LedgerChain).order_by(LedgerChain.owner_kind, LedgerChain.owner_id)
    if owner is not None:
        query = query.where(LedgerChain.owner_kind == owner.kind, LedgerChain.owner_id == owner.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


class Walk:
    """One walk over some chains: `whole` from each one's first entry, with the balances; else from where it was proved.

    After the first problem the walk only counts.
    """

    def __init__(self, *, whole: bool) -> None:
        self.whole = whole
        self.entries = self.postings = 0
        self.problem: Problem | None = None

    def chain(self, chain: LedgerChain) -> Mark:
        """Walk along one chain; the mark says what its latest entry was found to be."""
        books = f"{chain.owner_kind} {chain.owner_id}"
        accounts, sums = accounts_of(chain), Counter[int]()
        seq, head = (0, "") if self.whole else self.start(chain, books)
        for entry in entries_after(chain, seq):
            self.entries += 1
            self.postings += len(entry.postings)
            head = self.step(entry, seq, head, accounts, books)
            seq = entry.seq
            if self.whole:
                for account_id, minor in entry.postings:
                    sums[account_id] += minor
        if (seq, head) != (chain.head_seq, chain.head_hash):
            self.note("head", books=books, seq=chain.head_seq)
        if self.whole:
            self.compare_balances(accounts, sums, books)
        return Mark(chain.id, chain.owner_kind, chain.owner_id, seq, head, seq > chain.checked_seq)

    def start(self, chain: LedgerChain, books: str) -> tuple[int, str]:
        """Where it was proved before, if the entry there still is the same."""
        query = select(LedgerEntry.hash).where(LedgerEntry.chain_id == chain.id, LedgerEntry.seq == chain.checked_seq)
        if chain.checked_seq and session.scalar(query) != chain.checked_hash:
            self.note("proved", books=books, seq=chain.checked_seq)
        return chain.checked_seq, chain.checked_hash

    def step(self, entry: Entry, seq: int, head: str, accounts: dict[int, AccountRow], books: str) -> str:
        """Hold one entry against the one before it; answers its hash."""
        where = {"books": books, "seq": entry.seq, "reference": entry.reference, "row": entry.id}
        if entry.seq != seq + 1:
            self.note("gap", **(where | {"seq": seq + 1, "found": entry.seq}))
        named = []
        total = 0
        for account_id, minor in entry.postings:
            account = accounts.get(account_id)
            if account is None or account.currency != entry.currency:
                self.note("account", **where)
                return entry.hash
            total += minor
            named.append((account.kind, account.holder_id, minor))
        if total != 0 or len(named) < 2:
            self.note("unbalanced", **where)
        _, _, kind, reference, about, moment, currency, _, corrects, _ = entry
        expected = entry_hash(head, entry.seq, kind, reference, about, moment, currency, corrects, named)
        if expected != entry.hash:
            self.note("hash", **where)
        return entry.hash

    def compare_balances(self, accounts: dict[int, AccountRow], sums: Counter[int], books: str) -> None:
        for account_id, account in sorted(accounts.items()):
            where = {"books": books, "account": account.name, "row": account_id}
            if account.balance != sums[account_id]:
                self.note("balance", **where)
            if account.balance < 0 and account.kind in {"store", "reserved"}:
                self.note("overdrawn", **where)

    def note(self, kind: str, **values: Any) -> None:
        if self.problem is None:
            self.problem = Problem(kind, values)


def accounts_of(chain: LedgerChain) -> dict[int, AccountRow]:
    rows = session.execute(
        select(
            LedgerAccount.id,
            LedgerAccount.kind,
            LedgerAccount.holder_id,
            LedgerAccount.currency,
            LedgerAccount.balance_minor,
        ).where(LedgerAccount.chain_id == chain.id)
    )
    return {row[0]: AccountRow(*row[1:]) for row in rows}


def entries_after(chain: LedgerChain, seq: int) -> Iterator[Entry]:
    """The entries of a chain behind one, with their postings, in order; both are read as they are asked for."""
    behind = (LedgerEntry.chain_id == chain.id) & (LedgerEntry.seq > seq)
    entries = streamed(
        select(
            LedgerEntry.id,
            LedgerEntry.seq,
            LedgerEntry.kind,
            LedgerEntry.reference,
            LedgerEntry.about,
            stored_moment(),
            LedgerEntry.currency,
            LedgerEntry.hash,
            Corrected.reference,
        )
        .outerjoin(Corrected, Corrected.id == LedgerEntry.corrects_id)
        .where(behind)
        .order_by(LedgerEntry.seq)
    )
    postings = streamed(
        select(LedgerPosting.entry_id, LedgerPosting.account_id, LedgerPosting.amount_minor)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(behind)
        .order_by(LedgerEntry.seq, LedgerPosting.id)
    )
    following = next(postings, None)
    for number, place, kind, reference, about, at, currency, hash_, corrects in entries:
        mine = []
        while following is not None and following[0] == number:
            mine.append((following[1], following[2]))
            following = next(postings, None)
        moment = moment_text(at) if isinstance(at, datetime) else f"{at.replace(' ', 'T')}+00:00"
        yield Entry(number, place, kind, reference, about, moment, currency, hash_, corrects or "", mine)


def streamed(query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of a query without the session's part in it, some thousand at once."""
    yield from session.connection().execute(query, execution_options={"yield_per": ROWS_AT_ONCE})


def stored_moment() -> Any:
    """SQLite's own text of the moment, which is in UTC and needs no reading; PostgreSQL gives a moment."""
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce(LedgerEntry.at, Text)
    return LedgerEntry.at
