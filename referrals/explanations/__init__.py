"""Why an amount is what it is, and why an order earns nobody anything; from stored facts alone (`SPEC §12`)."""
