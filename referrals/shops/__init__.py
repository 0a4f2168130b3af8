"""Shops, the versions of their settings, products, group-buys, salespeople (`SPEC §5`)."""
