"""Tables of the books. The database refuses to change or delete entries and postings (P2)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.people.models import one_of

OWNERS = ("shop", "partner")
ACCOUNTS = ("store", "salesperson", "partner", "reserved", "outside")


class LedgerChain(Base):
    """The chain of entries of one shop or partner; `head_*` is its latest entry, `checked_*` how far it was proved."""

    __tablename__ = "ledger_chains"
    __table_args__ = (
        UniqueConstraint("owner_kind", "owner_id"),
        CheckConstraint(one_of("owner_kind", OWNERS), name="owner_kind"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    owner_kind: Mapped[str]
    owner_id: Mapped[int]
    head_seq: Mapped[int] = mapped_column(default=0)
    head_hash: Mapped[str] = mapped_column(default="")
    checked_seq: Mapped[int] = mapped_column(default=0)
    checked_hash: Mapped[str] = mapped_column(default="")


class LedgerAccount(Base):
    """Where money is. `holder_id` names the salesperson of `salesperson` and `reserved`; 0 elsewhere.

    `balance_minor` is the sum of the account's postings, kept in the transaction of each.
    """

    __tablename__ = "ledger_accounts"
    __table_args__ = (
        UniqueConstraint("chain_id", "kind", "holder_id", "currency"),
        CheckConstraint(one_of("kind", ACCOUNTS), name="kind"),
        CheckConstraint("kind NOT IN ('store', 'reserved') OR balance_minor >= 0", name="no_overdraft"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("ledger_chains.id"))
    kind: Mapped[str]
    holder_id: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    balance_minor: Mapped[int] = mapped_column(default=0)


class LedgerEntry(Base):
    """One movement of money. `reference` is unique, so that nothing is booked twice; `hash` covers the one before."""

    __tablename__ = "ledger_entries"
    __table_args__ = (UniqueConstraint("chain_id", "seq"), Index("ix_ledger_entries_about", "about"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("ledger_chains.id"))
    seq: Mapped[int]
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(KeyText, unique=True)
    about: Mapped[str] = mapped_column(KeyText, default="")
    at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entries.id"))
    currency: Mapped[str]
    hash: Mapped[str]


class LedgerPosting(Base):
    """What an entry does to one account; those of an entry sum to zero (P1)."""

    __tablename__ = "ledger_postings"
    __table_args__ = (
        Index("ix_ledger_postings_entry_id", "entry_id"),
        Index("ix_ledger_postings_account_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entries.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_accounts.id"))
    amount_minor: Mapped[int]


class LedgerCheck(Base):
    """A proof of all books that was made, and what it found; the newest one says whether settlement may run (P17)."""

    __tablename__ = "ledger_checks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    whole: Mapped[bool]
    ok: Mapped[bool]
    entries: Mapped[int]
    postings: Mapped[int]
    first_problem: Mapped[str] = mapped_column(default="")
