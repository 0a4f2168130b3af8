"""Imports and exports (`SPEC §15`)."""
