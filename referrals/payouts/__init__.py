"""Paying partners twice a month: statements, transfers, what fails comes back (`SPEC §4`)."""
