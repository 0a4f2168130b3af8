"""Settlement of many due commissions (S9, S10), each time in a process of its own on a copy of one database."""

import multiprocessing
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from flask import Flask
from sqlalchemy import Connection, event, select
from sqlalchemy.orm import Session

from referrals import create_app
from referrals.clock import now
from referrals.commissions.models import Commission
from referrals.db import db, only_reading, session
from referrals.ids import new_id
from referrals.ledger.checking import check_books
from referrals.ledger.hashing import entry_hash
from referrals.people.rules import SYSTEM
from referrals.serving import bring_up_to_date
from referrals.settlement.runs import finish_run, settle_portion, start_run
from referrals.settling import settle_shop
from referrals.shops.models import Shop
from referrals.shops.queries import find_shop
from tests.benchmarks import straightforward
from tests.benchmarks.measuring import Figure
from tests.conftest import config_for
from tests.making import Making
from tests.settlement.bulk import fill_due
from tests.settlement.selling import Selling

SALESPEOPLE, AMOUNT, SAMPLE = 300, 100, 400
# Settling everything at once, with nothing looked at, skipped, or left to others: what any settlement has to write.
BARE = """
CREATE TEMP TABLE paying AS SELECT id, salesperson_id, amount_minor,
row_number() OVER (ORDER BY due_at, order_key, id) AS nth
FROM commissions WHERE status = 'pending' AND shop_id = :shop AND due_at <= :at;
INSERT INTO ledger_entries (id, chain_id, seq, kind, reference, about, at, currency, hash)
SELECT :last + nth, :chain, :seq + nth, 'settlement', 'settlement:' || id, 'commission:' || id, :at, 'CNY',
chained(:seq + nth, id, salesperson_id, amount_minor) FROM paying ORDER BY nth;
INSERT OR IGNORE INTO ledger_accounts (chain_id, kind, holder_id, currency, balance_minor)
SELECT DISTINCT :chain, 'salesperson', salesperson_id, 'CNY', 0 FROM paying;
INSERT INTO ledger_postings (entry_id, account_id, amount_minor)
SELECT :last + nth, (SELECT id FROM ledger_accounts WHERE chain_id = :chain AND kind = 'store'), -amount_minor
FROM paying;
INSERT INTO ledger_postings (entry_id, account_id, amount_minor)
SELECT :last + nth, ledger_accounts.id, amount_minor FROM paying
JOIN ledger_accounts ON chain_id = :chain AND kind = 'salesperson' AND holder_id = salesperson_id;
UPDATE ledger_accounts SET balance_minor = balance_minor + change
FROM (SELECT salesperson_id, sum(amount_minor) AS change FROM paying GROUP BY 1) AS sums
WHERE chain_id = :chain AND kind = 'salesperson' AND holder_id = sums.salesperson_id;
UPDATE ledger_accounts SET balance_minor = balance_minor - (SELECT sum(amount_minor) FROM paying)
WHERE chain_id = :chain AND kind = 'store';
UPDATE commissions SET status = 'settled', reason = NULL, settled_at = :at, by_hand_base_minor = amount_minor,
facts_before_id = :before, run_id = :run WHERE id IN (SELECT id FROM paying);
UPDATE ledger_chains SET head_seq = :seq + (SELECT count(*) FROM paying), head_hash = head() WHERE id = :chain;
UPDATE settlement_runs SET status = 'done', settled = (SELECT count(*) FROM paying) WHERE id = :run
"""


@dataclass
class Took:
    """What a settlement took: seconds, the longest that the write lock was held, growth of memory in MiB."""

    seconds: float
    longest: float
    grown: float


def settlement(folder: Path, commissions: int, rounds: int) -> Iterator[Figure]:
    """S9 and S10: ours, everything in one go, bare SQL and a loop over objects; in turn, as medians."""
    database, few = database_of(folder, commissions), database_of(folder, commissions // 10)
    took: dict[Callable[[Path], Took], list[Took]] = {ours: [], one_go: [], bare: []}
    for _ in range(rounds):
        for way, found in took.items():
            found.append(alone(way, database, folder))
    whole, at_once, least = (Took(*(median(column) for column in columns(found))) for found in took.values())
    objects = alone(straightforwardly, database, folder).seconds / SAMPLE * commissions
    what, each = f"settling {commissions:,}", f"{whole.seconds / commissions * 1e6:.0f} µs each"
    note = f"{whole.seconds:.1f} s ({each}) : {least.seconds:.1f} s"
    yield Figure("S9", f"{what} against bare SQL", 2, whole.seconds / least.seconds, note)
    note = f"{objects:.0f} s, by {SAMPLE} of them: {objects / least.seconds:.3g}× of bare SQL"
    yield Figure("S9", "straightforward against ours", 1, objects / whole.seconds, note, at_least=True)
    yield Figure("S10", "longest write lock", 0.3, whole.longest, f"in one go {at_once.longest:.1f} s", unit="s")
    note = f"{whole.seconds:.1f} s : {at_once.seconds:.1f} s"
    yield Figure("S10", "in portions against one go", 1.5, whole.seconds / at_once.seconds, note)
    small = alone(ours, few, folder)
    note = f"{small.grown:.0f} MiB at a tenth of them, {at_once.grown:.0f} in one go"
    yield Figure("S10", "memory grows, the database's cache included", 64, whole.grown, note, unit="MiB")


def columns(found: list[Took]) -> Iterator[tuple[float, ...]]:
    return zip(*((one.seconds, one.longest, one.grown) for one in found), strict=True)


def database_of(folder: Path, commissions: int) -> Path:
    """A database with so many due commissions, and enough to settle them all."""
    file = folder / f"due-{commissions}.db"
    app = application(file)
    bring_up_to_date(app)
    with app.app_context():
        sales = Selling(Making(app, now()))
        people = tuple(sales.salesperson(sales.store).id for _ in range(SALESPEOPLE))
        fill_due(sales, commissions, amount=AMOUNT, salespeople=people)
        sales.top_up(commissions * AMOUNT)
        session.remove()
        db.engine.dispose()
    return file


def application(file: Path) -> Flask:
    return create_app(config_for(f"sqlite:///{file}", file.parent))


def alone(way: Callable[[Path], Took], database: Path, folder: Path) -> Took:
    """Settle in a new process, on a copy of the database."""
    copy = folder / "copy.db"
    for leftover in folder.glob(f"{copy.name}*"):
        leftover.unlink()
    shutil.copyfile(database, copy)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(way, copy).result()


def ours(file: Path) -> Took:
    """As the scheduler and everybody else settles."""
    return measured(file, lambda shop: settle_shop(shop.id, started_by="command", by=SYSTEM))


def one_go(file: Path) -> Took:
    """The same in one portion that is as large as the whole."""

    def settle(shop: Shop) -> None:
        at = now()
        run = start_run(shop, as_of=at, started_by="command", by=SYSTEM, at=at)
        assert settle_portion(run.id, None, at=at, size=10**9) is None
        finish_run(run.id, at=at)
        session.commit()

    return measured(file, settle)


def measured(file: Path, settle: Callable[[Shop], object]) -> Took:
    app = application(file)
    with app.app_context():
        held = locks(app)
        shop = find_shop("tea")
        assert shop is not None
        session.commit()
        memory = peak()
        began = perf_counter()
        settle(shop)
        took = Took(perf_counter() - began, max(held), peak() - memory)
        assert check_books(at=now()).ok
        left = select(Commission.id).where(Commission.status != "settled").limit(1)
        assert session.scalar(left) is None
    return took


def peak() -> float:
    """The most memory that this process had so far, in MiB."""
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def locks(app: Flask) -> list[float]:
    """How long each transaction that writes held the lock, from BEGIN until it was committed."""
    held: list[float] = []
    began = [0.0]

    def begin(_connection: Connection) -> None:
        began[0] = perf_counter()

    def commit(connection: Connection) -> None:
        if not only_reading.get():
            # SQLAlchemy's own follows and finds nothing left to do.
            connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
            held.append(perf_counter() - began[0])

    event.listen(db.engine, "begin", begin)
    event.listen(db.engine, "commit", commit)
    return held


def begun(file: Path) -> tuple[int, int, str]:
    """A run that others than ours will do: shop, run, moment."""
    app = application(file)
    with app.app_context():
        shop = find_shop("tea")
        assert shop is not None
        at = now()
        run = start_run(shop, as_of=at, started_by="command", by=SYSTEM, at=at)
        session.commit()
        found = shop.id, run.id, at.replace(tzinfo=None).isoformat(" ", timespec="microseconds")
        session.remove()
        db.engine.dispose()
    return found


def bare(file: Path) -> Took:
    """Bare SQL in one transaction, hashes by the same function."""
    shop, run, at = begun(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32768", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        memory, began = peak(), perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        chain, seq, head = connection.execute("SELECT id, head_seq, head_hash FROM ledger_chains").fetchone()
        moment = f"{at.replace(' ', 'T')}+00:00"

        def chained(nth: int, commission: int, salesperson: int, amount: int) -> str:
            nonlocal head
            names = ("settlement", f"settlement:{commission}", f"commission:{commission}")
            moves = [("store", 0, -amount), ("salesperson", salesperson, amount)]
            head = entry_hash(head, nth, *names, moment, "CNY", "", moves)
            return head

        connection.create_function("chained", 4, chained)
        connection.create_function("head", 0, lambda: head)
        last = connection.execute("SELECT max(id) FROM ledger_entries").fetchone()[0]
        given = {"shop": shop, "run": run, "at": at, "chain": chain, "seq": seq, "last": last, "before": new_id()}
        for statement in BARE.split(";"):
            connection.execute(statement, given)
        connection.execute("COMMIT")
        seconds = perf_counter() - began
    with application(file).app_context():
        assert check_books(at=now()).ok
    return Took(seconds, seconds, peak() - memory)


def straightforwardly(file: Path) -> Took:
    """A few of them one by one, as objects, each with its commit."""
    shop_id, run_id, _ = begun(file)
    app = application(file)
    with app.app_context(), Session(db.engine) as objects:
        query = select(Commission).where(Commission.status == "pending").order_by(Commission.due_at).limit(SAMPLE)
        memory, began = peak(), perf_counter()
        straightforward.settle(objects, shop_id, objects.scalars(query).all(), run_id, now())
        return Took(perf_counter() - began, 0, peak() - memory)
