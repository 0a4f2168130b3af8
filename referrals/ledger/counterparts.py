"""The books against what they tell of: settled commissions, clawbacks, top-ups, withdrawals (P9, P11).

These tables lie above the ledger, so they are read here by name, in plain SQL that both databases understand.
"""

# ruff: noqa: S608 - only constants of this file are put together here
from collections.abc import Iterator, Mapping

from sqlalchemy import text

from referrals.db import session
from referrals.ledger.operations import Owner
from referrals.ledger.partner_counterparts import partner_contradictions
from referrals.ledger.problems import Problem
from referrals.money import LARGEST

# What an entry of a reference does to the account of a salesperson.
EARNED = """
    SELECT COALESCE(SUM(p.amount_minor), 0) FROM ledger_entries e
    JOIN ledger_postings p ON p.entry_id = e.id
    JOIN ledger_accounts a ON a.id = p.account_id AND a.kind = 'salesperson' AND a.holder_id = c.salesperson_id
"""
SETTLED = "c.status = 'settled' AND c.run_id IS NOT NULL AND c.shop_id BETWEEN :first AND :last"
SHOP_ENTRIES = """
    ledger_entries e JOIN ledger_chains h ON h.id = e.chain_id
    AND h.owner_kind = 'shop' AND h.owner_id BETWEEN :first AND :last
"""

QUERIES = {
    "settlement": f"""
        SELECT c.id AS row FROM commissions c WHERE {SETTLED}
        AND c.amount_minor <> ({EARNED} WHERE e.reference = 'settlement:' || c.id) ORDER BY c.id LIMIT 1
    """,
    "clawback": f"""
        SELECT c.id AS row FROM commissions c
        WHERE c.clawed_back_minor <> 0 AND c.shop_id BETWEEN :first AND :last
        AND (c.clawed_back_minor > c.amount_minor OR c.status <> 'settled' OR -c.clawed_back_minor <>
        ({EARNED} WHERE e.about = 'commission:' || c.id AND e.kind = 'clawback')) ORDER BY c.id LIMIT 1
    """,
    "by_hand": """
        SELECT b.id AS row FROM by_hand_settlements b JOIN commissions c ON c.id = b.commission_id
        WHERE b.amount_minor <> 0 AND c.shop_id BETWEEN :first AND :last AND NOT EXISTS (
            SELECT 1 FROM ledger_entries e
            JOIN ledger_postings p ON p.entry_id = e.id AND p.amount_minor = b.amount_minor
            JOIN ledger_accounts a ON a.id = p.account_id AND a.kind = 'salesperson' AND a.holder_id = c.salesperson_id
            WHERE e.reference = 'by_hand:' || b.id
        ) ORDER BY b.id LIMIT 1
    """,
    "top_up": """
        SELECT t.id AS row FROM top_ups t WHERE t.shop_id BETWEEN :first AND :last AND NOT EXISTS (
            SELECT 1 FROM ledger_entries e JOIN ledger_postings p ON p.entry_id = e.id
            JOIN ledger_accounts a ON a.id = p.account_id AND a.kind = 'store'
            WHERE e.reference = t.kind || ':' || t.id
            AND p.amount_minor = CASE t.kind WHEN 'top_up' THEN t.amount_minor ELSE -t.amount_minor END
        ) ORDER BY t.id LIMIT 1
    """,
    "reserved": """
        SELECT a.holder_id AS row FROM ledger_accounts a JOIN ledger_chains h ON h.id = a.chain_id
        WHERE a.kind = 'reserved' AND h.owner_kind = 'shop' AND h.owner_id BETWEEN :first AND :last
        AND a.balance_minor <> (
            SELECT COALESCE(SUM(w.amount_minor), 0) FROM withdrawals w
            WHERE w.salesperson_id = a.holder_id AND w.status = 'requested'
        ) ORDER BY a.id LIMIT 1
    """,
}
# Entries without what they are about are looked for one by one only where the numbers differ.
SETTLEMENTS = f"SELECT COUNT(*) FROM {SHOP_ENTRIES} WHERE e.kind = 'settlement'"
SETTLED_COMMISSIONS = f"SELECT COUNT(*) FROM commissions c WHERE {SETTLED} AND c.amount_minor <> 0"
UNSETTLED = f"""
    SELECT e.id AS row, e.reference FROM {SHOP_ENTRIES} WHERE e.kind = 'settlement'
    AND e.reference NOT IN (SELECT 'settlement:' || c.id FROM commissions c WHERE {SETTLED}) ORDER BY e.id LIMIT 1
"""
UNKNOWN_CLAWBACK = f"""
    SELECT e.about AS row FROM {SHOP_ENTRIES} WHERE e.kind = 'clawback'
    AND e.about NOT IN (SELECT 'commission:' || c.id FROM commissions c WHERE c.clawed_back_minor <> 0)
    ORDER BY e.id LIMIT 1
"""


def contradictions(owner: Owner | None) -> Iterator[Problem]:
    """Where books and facts tell different things; those of one owner, or of all."""
    span = {"first": owner.id, "last": owner.id} if owner else {"first": 0, "last": LARGEST}
    if owner is None or owner.kind == "shop":
        yield from shop_contradictions(span)
    if owner is None or owner.kind == "partner":
        yield from partner_contradictions(span)


def shop_contradictions(shops: Mapping[str, int]) -> Iterator[Problem]:
    """Where books and facts of shops with ids from `first` to `last` tell different things."""
    for kind, query in QUERIES.items():
        found = session.execute(text(query), shops).one_or_none()
        if found is not None:
            yield Problem(kind, {"row": found.row})
    if session.scalar(text(SETTLEMENTS), shops) != session.scalar(text(SETTLED_COMMISSIONS), shops):
        entry = session.execute(text(UNSETTLED), shops).one_or_none()
        if entry is not None:
            yield Problem("unsettled", {"row": entry.row, "reference": entry.reference})
    unknown = session.execute(text(UNKNOWN_CLAWBACK), shops).one_or_none()
    if unknown is not None:
        yield Problem("clawback", {"row": unknown.row.removeprefix("commission:")})
