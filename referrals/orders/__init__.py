"""Orders and their events, from whichever platform they come (`SPEC §7`)."""
