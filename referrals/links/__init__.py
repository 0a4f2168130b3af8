"""Links, clicks, customers and bindings: to whom a buyer belongs, and why (`SPEC §6`)."""
