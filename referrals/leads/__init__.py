"""Leads: submitted, followed, worked, owned, refused, paid (`SPEC §2`)."""
