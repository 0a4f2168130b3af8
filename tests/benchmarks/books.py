"""How long it takes to prove the books: `python -m tests.benchmarks.books --postings 1000000` (P17: under a minute).

Orders, settled commissions and their entries are written as settlement would leave them, then proved on a file.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from referrals import create_app
from referrals.commissions.models import Commission
from referrals.db import insert_rows, session
from referrals.ledger.checking import Finding, check_books
from referrals.ledger.operations import STORE, Draft, post_entries, salesperson
from referrals.orders.models import Order
from referrals.serving import bring_up_to_date
from referrals.settlement.models import SettlementRun
from tests.conftest import NOW, config_for
from tests.making import Making
from tests.settlement.selling import Selling

SALESPEOPLE, AT_ONCE, GOODS, AMOUNT, FIRST_ID = 50, 5_000, 880, 88, 10**15
ORDER = (
    "id", "shop_id", "external_id", "source", "placed_at", "received_at", "currency", "payment_method", "collected_by",
    "test", "requires_shipping", "shipping_minor", "tax_minor", "coupon_codes", "goods_minor", "left_minor",
    "refunded_minor", "excess_minor", "salesperson_id", "via",
)  # fmt: skip
COMMISSION = (
    "id", "shop_id", "order_id", "order_key", "salesperson_id", "kind", "status", "currency", "amount_minor",
    "clawed_back_minor", "base_minor", "rate_bp", "suggested_minor", "by_hand_due_minor", "by_hand_base_minor",
    "collected_by", "refund_rule", "created_at", "settled_at", "run_id", "held_reason", "error",
)  # fmt: skip


def settle_some(sales: Selling, run: SettlementRun, people: list[int], first: int, number: int) -> None:
    """Some settled commissions with everything that stands behind them."""
    shop, orders, commissions, drafts = sales.store.id, [], [], []
    for count in range(first, first + number):
        name, whose = f"order-{count}", people[count % len(people)]
        ident = FIRST_ID + count
        orders.append((
            ident, shop, name, "api", NOW, NOW, "CNY", "", "platform", False, True, 0, 0, [], GOODS, GOODS, 0, 0,
            whose, "coupon",
        ))  # fmt: skip
        commissions.append((
            ident, shop, ident, name, whose, "sale", "settled", "CNY", AMOUNT, 0, GOODS, 1000, AMOUNT, 0, AMOUNT,
            "platform", "keep", NOW, NOW, run.id, "", "",
        ))  # fmt: skip
        postings = ((STORE, -AMOUNT), (salesperson(whose), AMOUNT))
        drafts.append(Draft("settlement", f"settlement:{ident}", postings, NOW, f"commission:{ident}"))
    insert_rows(Order, ORDER, orders)
    insert_rows(Commission, COMMISSION, commissions)
    post_entries(sales.owner, drafts)
    session.commit()


def fill(sales: Selling, postings: int) -> None:
    """Books with about so many postings, two of each commission."""
    commissions = postings // 2
    people = [sales.salesperson(sales.store).id for _ in range(SALESPEOPLE)]
    run = SettlementRun(
        shop_id=sales.store.id, as_of=NOW, started_at=NOW, started_by="schedule", status="done", heartbeat_at=NOW
    )
    session.add(run)
    session.commit()
    sales.top_up(commissions * AMOUNT)
    for first in range(0, commissions, AT_ONCE):
        settle_some(sales, run, people, first, min(AT_ONCE, commissions - first))


def main() -> None:
    """Fill a database and prove its books."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--postings", type=int, default=1_000_000)
    asked.add_argument("--database", default="", help="URL of an empty database; a temporary SQLite file otherwise.")
    wish = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(config_for(wish.database or f"sqlite:///{folder}/books.db", Path(folder)))
        bring_up_to_date(app)
        with app.app_context():
            fill(Selling(Making(app, NOW)), wish.postings)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            timed("whole proof", lambda: check_books(at=NOW))
            session.commit()
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
            print(f"memory grew by {grown // 1024} MiB; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


def timed(name: str, proof: Callable[[], Finding]) -> None:
    """Say how long a proof took."""
    began, cpu = time.perf_counter(), time.process_time()
    found = proof()
    spent, used = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name}: {found.postings:,} postings in {spent:.1f} s ({used:.1f} s of one core), ok: {found.ok}")
    assert found.ok, str(found.first_problem)


if __name__ == "__main__":
    main()
