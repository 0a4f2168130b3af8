"""Double entry, append only: accounts, entries, postings, hash chains (`SPEC §11`)."""
