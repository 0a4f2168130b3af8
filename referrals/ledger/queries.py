"""What is read of the books. Whoever asks names the owner whose books they may see."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true

from referrals.db import session
from referrals.ledger.models import LedgerAccount, LedgerChain, LedgerEntry, LedgerPosting
from referrals.ledger.operations import AccountName, Owner
from referrals.listing import AnyRow, Listing, Shape, Wish
from referrals.people.models import Person

ENTRY_KINDS = (
    "top_up", "pay_back", "settlement", "by_hand", "clawback", "withdrawal", "withdrawal_refused", "withdrawal_paid",
    "earning", "payout", "payout_paid", "payout_failed", "payout_outside", "adjustment",
)  # fmt: skip


def find_chain(owner: Owner) -> LedgerChain | None:
    """The chain of an owner's entries; None while nothing was booked."""
    return session.scalar(
        select(LedgerChain).where(LedgerChain.owner_kind == owner.kind, LedgerChain.owner_id == owner.id)
    )


def accounts_of(owner: Owner) -> Select[*tuple[Any, ...]]:
    return (
        select(LedgerAccount.holder_id, LedgerAccount.balance_minor)
        .join(LedgerChain, LedgerChain.id == LedgerAccount.chain_id)
        .where(
            LedgerChain.owner_kind == owner.kind,
            LedgerChain.owner_id == owner.id,
            LedgerAccount.currency == owner.currency,
        )
    )


def balance(owner: Owner, account: AccountName) -> int:
    """What an account holds, in minor units; 0 when it was never used."""
    row = session.execute(
        accounts_of(owner).where(LedgerAccount.kind == account.kind, LedgerAccount.holder_id == account.holder_id)
    ).one_or_none()
    return int(row.balance_minor) if row else 0


def balances(owner: Owner, kind: str) -> dict[int, int]:
    """What all accounts of a kind hold, by their holder."""
    rows = session.execute(accounts_of(owner).where(LedgerAccount.kind == kind))
    return {row.holder_id: row.balance_minor for row in rows}


def entries_about(about: str) -> Sequence[AnyRow]:
    """The entries about something (`commission:7`), the earliest first."""
    return session.execute(
        select(
            LedgerEntry.id,
            LedgerEntry.seq,
            LedgerEntry.kind,
            LedgerEntry.reference,
            LedgerEntry.at,
            LedgerEntry.by_person_id,
            LedgerEntry.currency,
            LedgerEntry.hash,
        )
        .where(LedgerEntry.about == about)
        .order_by(LedgerEntry.id)
    ).all()


def postings_of(entry_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """What entries do to accounts: by entry rows of kind, holder, minor amount."""
    found: dict[int, list[AnyRow]] = {entry_id: [] for entry_id in entry_ids}
    rows = session.execute(
        select(LedgerPosting.entry_id, LedgerAccount.kind, LedgerAccount.holder_id, LedgerPosting.amount_minor)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(LedgerPosting.entry_id.in_(entry_ids))
        .order_by(LedgerPosting.id)
    )
    for row in rows:
        found[row.entry_id].append(row)
    return found


ENTRY_COLUMNS = (
    LedgerEntry.seq, LedgerEntry.kind, LedgerEntry.reference, LedgerEntry.about, LedgerEntry.at, LedgerEntry.currency,
    LedgerEntry.hash,
)  # fmt: skip


def moved() -> ColumnElement[int]:
    """How much an entry moves: what its accounts gain together."""
    gains = select(func.sum(LedgerPosting.amount_minor)).where(
        LedgerPosting.entry_id == LedgerEntry.id, LedgerPosting.amount_minor > 0
    )
    return gains.correlate(LedgerEntry).scalar_subquery()


class EntryList(Listing):
    """The entries of one owner, or of all (`owner` None, for staff)."""

    shape = Shape(
        keys={"at": LedgerEntry.at, "number": LedgerEntry.seq, "kind": LedgerEntry.kind},
        default="-at",
        ident=LedgerEntry.id,
    )

    def __init__(self, owner: Owner | None, wish: Wish) -> None:
        self.mine: ColumnElement[bool] = true()
        if owner is not None:
            self.mine = and_(LedgerChain.owner_kind == owner.kind, LedgerChain.owner_id == owner.id)
        statement: Select[*tuple[Any, ...]] = (
            select(
                LedgerEntry.id,
                *ENTRY_COLUMNS,
                LedgerChain.owner_kind,
                LedgerChain.owner_id,
                Person.name,
                moved().label("moved_minor"),
            )
            .join(LedgerChain, LedgerChain.id == LedgerEntry.chain_id)
            .outerjoin(Person, Person.id == LedgerEntry.by_person_id)
            .where(self.mine)
        )
        self.kind = wish.get("kind") if wish.get("kind") in ENTRY_KINDS else ""
        if self.kind:
            statement = statement.where(LedgerEntry.kind == self.kind)
        super().__init__(wish, statement)

    def count(self) -> int:
        """Chains know how long they are, so that a million entries need not be counted."""
        if not self.kind:
            return int(session.scalar(select(func.coalesce(func.sum(LedgerChain.head_seq), 0)).where(self.mine)) or 0)
        chains = select(LedgerChain.id).where(self.mine)
        query = select(func.count()).where(LedgerEntry.kind == self.kind, LedgerEntry.chain_id.in_(chains))
        return session.scalar(query) or 0


class AccountStatement(Listing):
    """What was booked on one account: when, by what kind of entry, about what, and how much."""

    shape = Shape(
        keys={"at": LedgerEntry.at, "kind": LedgerEntry.kind, "amount": LedgerPosting.amount_minor},
        default="-at",
        ident=LedgerPosting.id,
    )

    def __init__(self, owner: Owner, account: AccountName, wish: Wish) -> None:
        statement: Select[*tuple[Any, ...]] = (
            select(
                LedgerPosting.id,
                *ENTRY_COLUMNS,
                LedgerPosting.amount_minor,
                Person.name,
            )
            .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
            .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
            .join(LedgerChain, LedgerChain.id == LedgerAccount.chain_id)
            .outerjoin(Person, Person.id == LedgerEntry.by_person_id)
            .where(
                LedgerChain.owner_kind == owner.kind,
                LedgerChain.owner_id == owner.id,
                LedgerAccount.kind == account.kind,
                LedgerAccount.holder_id == account.holder_id,
                LedgerAccount.currency == owner.currency,
            )
        )
        if wish.get("kind") in ENTRY_KINDS:
            statement = statement.where(LedgerEntry.kind == wish.get("kind"))
        super().__init__(wish, statement)
