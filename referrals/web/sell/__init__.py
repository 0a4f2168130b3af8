"""What salespeople see, made for a phone (`SPEC §5, §13`)."""
