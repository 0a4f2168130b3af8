"""The books of partners against what they tell of: earnings, revenue, payouts (P3, P17).

These tables lie above the ledger, so they are read here by name, in plain SQL that both databases understand.
"""

# ruff: noqa: S608 - only constants of this file are put together here
from collections.abc import Iterator, Mapping

from sqlalchemy import text

from referrals.db import session
from referrals.ledger.problems import Problem

# What entries of a partner do to its own account.
GAINED = """
    SELECT COALESCE(SUM(p.amount_minor), 0) FROM ledger_entries l
    JOIN ledger_chains h ON h.id = l.chain_id AND h.owner_kind = 'partner'
    JOIN ledger_postings p ON p.entry_id = l.id
    JOIN ledger_accounts a ON a.id = p.account_id AND a.kind = 'partner'
"""
ACCOUNTS = """
    FROM ledger_accounts a JOIN ledger_chains h ON h.id = a.chain_id
    AND h.owner_kind = 'partner' AND h.owner_id BETWEEN :first AND :last
"""
ON_ITS_WAY = """
    SELECT COALESCE(SUM(o.amount_minor), 0) FROM payouts o WHERE o.partner_id = h.owner_id AND o.currency = a.currency
"""
QUERIES = {
    "earning": f"""
        SELECT e.id AS row FROM earnings e WHERE e.partner_id BETWEEN :first AND :last AND e.amount_minor <>
        ({GAINED} WHERE l.reference = 'earning:' || e.id AND h.owner_id = e.partner_id AND l.currency = e.currency)
        ORDER BY e.id LIMIT 1
    """,
    "revenue_month": """
        SELECT m.referral_id AS row, m.month FROM revenue_months m JOIN referrals r ON r.id = m.referral_id
        WHERE r.partner_id BETWEEN :first AND :last AND (m.revenue_minor <>
        (SELECT COALESCE(SUM(w.amount_minor), 0) FROM revenue_rows w
         WHERE w.referral_id = m.referral_id AND w.month = m.month) OR m.earned_minor <>
        (SELECT COALESCE(SUM(e.amount_minor), 0) FROM earnings e
         WHERE e.referral_id = m.referral_id AND e.month = m.month))
        ORDER BY m.referral_id, m.month LIMIT 1
    """,
    "revenue": """
        SELECT r.id AS row FROM referrals r WHERE r.partner_id BETWEEN :first AND :last AND (r.revenue_minor <>
        (SELECT COALESCE(SUM(w.amount_minor), 0) FROM revenue_rows w WHERE w.referral_id = r.id)
        OR r.revenue_minor <>
        (SELECT COALESCE(SUM(m.revenue_minor), 0) FROM revenue_months m WHERE m.referral_id = r.id))
        ORDER BY r.id LIMIT 1
    """,
    "payout": f"""
        SELECT o.id AS row FROM payouts o WHERE o.partner_id BETWEEN :first AND :last
        AND CASE WHEN o.status IN ('pending', 'paid') THEN -o.amount_minor ELSE 0 END <>
        ({GAINED} WHERE l.about = 'payout:' || o.id AND h.owner_id = o.partner_id AND l.currency = o.currency)
        ORDER BY o.id LIMIT 1
    """,
    "payout_holds": """
        SELECT o.id AS row FROM payouts o WHERE o.partner_id BETWEEN :first AND :last
        AND CASE WHEN o.status IN ('pending', 'paid') THEN o.amount_minor ELSE 0 END <>
        (SELECT COALESCE(SUM(e.amount_minor), 0) FROM earnings e WHERE e.payout_id = o.id) ORDER BY o.id LIMIT 1
    """,
    "on_its_way": f"""
        SELECT h.owner_id AS row {ACCOUNTS} WHERE a.kind = 'reserved'
        AND a.balance_minor <> ({ON_ITS_WAY} AND o.status = 'pending') ORDER BY a.id LIMIT 1
    """,
    "unearned": f"""
        SELECT h.owner_id AS row {ACCOUNTS} WHERE a.kind = 'partner' AND a.balance_minor <>
        (SELECT COALESCE(SUM(e.amount_minor), 0) FROM earnings e
         WHERE e.partner_id = h.owner_id AND e.currency = a.currency)
        - ({ON_ITS_WAY} AND o.status IN ('pending', 'paid')) ORDER BY a.id LIMIT 1
    """,
}


def partner_contradictions(partners: Mapping[str, int]) -> Iterator[Problem]:
    """Where books and facts of partners with ids from `first` to `last` tell different things."""
    for kind, query in QUERIES.items():
        found = session.execute(text(query), partners).mappings().one_or_none()
        if found is not None:
            values = dict(found)
            if "month" in values:
                values["month"] = str(values["month"])[:7]
            yield Problem(kind, values)
