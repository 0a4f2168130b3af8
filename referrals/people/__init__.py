"""Accounts, memberships, what each role may do, sign-ins, keys, the audit log (`SPEC §1`)."""
