"""Measures clicks, orders and settlement against what `README.md` promises: `python -m tests.benchmarks.shops`."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from referrals import create_app
from referrals.serving import bring_up_to_date
from tests.benchmarks.asking import clicks, clicks_while_settling, market_on, webhooks
from tests.benchmarks.measuring import Figure, ms, sync_seconds
from tests.benchmarks.settling import settlement
from tests.conftest import config_for


def main() -> None:
    """Measure what is asked for, each ratio beside its goal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commissions", type=int, default=100_000, help="how many are due")
    parser.add_argument("--clicks", type=int, default=2_000, help="how many of each kind are measured")
    parser.add_argument("--orders", type=int, default=400, help="how many of each kind are measured")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is settled in each way")
    parser.add_argument("--only", nargs="*", default=[], metavar="S7", help="these promises alone (S9 with S10)")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="referrals-benchmarks-") as folder:
        sync = ms(sync_seconds(Path(folder)))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {sync} a sync of the disk", flush=True)
        for figure in figures(Path(folder), wanted):
            print(figure, flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


def figures(folder: Path, wanted: argparse.Namespace) -> Iterator[Figure]:
    asked = set(wanted.only) or {"S7", "S8", "S9", "S10"}
    if asked & {"S7", "S8"}:
        app = create_app(config_for(f"sqlite:///{folder / 'market.db'}", folder))
        bring_up_to_date(app)
        market = market_on(app, wanted.commissions if "S7" in asked else 0)
        if "S7" in asked:
            yield from clicks(market, wanted.clicks)
            yield from clicks_while_settling(market, wanted.clicks)
        if "S8" in asked:
            yield from webhooks(market, wanted.orders)
    if asked & {"S9", "S10"}:
        yield from settlement(folder, wanted.commissions, wanted.rounds)


if __name__ == "__main__":
    main()
