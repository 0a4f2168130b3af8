"""Settling what is due, by hand too; top-ups and withdrawals (`SPEC §9`, §10)."""
