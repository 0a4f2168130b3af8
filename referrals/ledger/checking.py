"""The proof of the books: nothing was changed, everything balances (P1–P3, P9–P11, P17)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import func, or_, select

from referrals.db import begin_snapshot, reading, session
from referrals.ledger.counterparts import contradictions
from referrals.ledger.models import LedgerChain, LedgerCheck, LedgerEntry, LedgerPosting
from referrals.ledger.operations import Owner
from referrals.ledger.problems import Problem
from referrals.ledger.walking import Mark, Walk, chains_to_walk


@dataclass(frozen=True)
class Finding:
    """What a check saw: how many entries and postings, the hash over them all, and the first thing wrong."""

    entries: int
    postings: int
    hash: str
    first_problem: Problem | None

    @property
    def ok(self) -> bool:
        return self.first_problem is None


def check_books(*, at: datetime, whole: bool = True) -> Finding:
    """Prove all books and keep what was found; with `whole` false only entries that were not proved before.

    Reads in a transaction of its own that holds nobody up, so nothing unwritten may stand in the session.
    """
    finding, marks = prove(None, whole=whole)
    keep(finding, marks, at=at, whole=whole)
    return finding


def check_new(owner: Owner, *, at: datetime) -> Finding:
    """Prove an owner's entries since the last proof. Kept only where it fails: then no run starts (P17).

    Reads in a transaction of its own, so nothing unwritten may stand in the session.
    """
    finding, marks = prove(owner, whole=False)
    if finding.ok:
        remember(marks)
    else:
        keep(finding, marks, at=at, whole=False)
    return finding


def check_owner(owner: Owner) -> Finding:
    """Prove the whole chain of one owner, and keep nothing."""
    finding, _ = prove(owner, whole=True)
    return finding


def books_are_good(owner: Owner | None = None) -> bool:  # noqa: ARG001 - one proof is of the books of all
    """Whether the last proof found nothing wrong: the last whole one, and every smaller one since."""
    query = select(LedgerCheck.ok).where(or_(LedgerCheck.whole, ~LedgerCheck.ok)).order_by(LedgerCheck.id.desc())
    return session.scalar(query.limit(1)) is not False


def find_doubt() -> LedgerCheck | None:
    """The last proof that found something wrong, as long as the books are not found good again."""
    if books_are_good():
        return None
    return session.scalar(select(LedgerCheck).where(~LedgerCheck.ok).order_by(LedgerCheck.id.desc()).limit(1))


def is_proof_due(*, at: datetime) -> bool:
    """Whether nobody proved all books since last night, 3:00 UTC."""
    night = at.astimezone(UTC).replace(hour=3, minute=0, second=0, microsecond=0)
    night = night if night <= at else night - timedelta(days=1)
    last = session.scalar(select(func.max(LedgerCheck.at)).where(LedgerCheck.whole))
    return last is None or last < night


def latest_checks(limit: int = 20) -> Sequence[LedgerCheck]:
    """The proofs that were made, the newest first."""
    return session.scalars(select(LedgerCheck).order_by(LedgerCheck.id.desc()).limit(limit)).all()


def prove(owner: Owner | None, *, whole: bool) -> tuple[Finding, list[Mark]]:
    with reading():
        begin_snapshot()
        walk = Walk(whole=whole)
        marks = [walk.chain(chain) for chain in chains_to_walk(owner)]
        problem = walk.problem
        if problem is None and whole:
            problem = next(iter(problems_beside(owner, walk)), None)
    return Finding(walk.entries, walk.postings, digest(marks), problem), marks


def problems_beside(owner: Owner | None, walk: Walk) -> Iterator[Problem]:
    if owner is None:
        yield from orphans(walk)
    yield from contradictions(owner)


def orphans(walk: Walk) -> Iterator[Problem]:
    """Postings that no entry has; an entry's own were seen with it."""
    if (session.scalar(select(func.count()).select_from(LedgerPosting)) or 0) == walk.postings:
        return
    lost = select(LedgerPosting.id).where(~LedgerPosting.entry_id.in_(select(LedgerEntry.id)))
    row = session.scalar(lost.order_by(LedgerPosting.id).limit(1))
    yield Problem("orphan", {"row": row})


def digest(marks: Sequence[Mark]) -> str:
    """The hash of one chain is that of its latest entry; of several one over theirs, in order of their owners."""
    if len(marks) == 1:
        return marks[0].hash
    heads = sorted((mark.owner_kind, mark.owner_id, mark.hash) for mark in marks)
    return sha256("".join(f"{kind}:{number}:{head}\n" for kind, number, head in heads).encode()).hexdigest()


def keep(finding: Finding, marks: Sequence[Mark], *, at: datetime, whole: bool) -> None:
    problem = finding.first_problem
    session.add(
        LedgerCheck(
            at=at,
            whole=whole,
            ok=finding.ok,
            entries=finding.entries,
            postings=finding.postings,
            first_problem=problem.stored() if problem else "",
        )
    )
    if finding.ok:
        remember(marks)
    session.flush()


def remember(marks: Sequence[Mark]) -> None:
    """Note how far each chain was proved; those where nothing is new stay as they are."""
    for mark in marks:
        if mark.is_new:
            chain = session.get_one(LedgerChain, mark.chain_id, populate_existing=True)
            if mark.seq > chain.checked_seq:
                chain.checked_seq, chain.checked_hash = mark.seq, mark.hash
    session.flush()
