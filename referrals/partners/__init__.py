"""Partner organisations (`SPEC §1`)."""
