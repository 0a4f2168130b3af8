"""Upgrade invitations: sent to the owner of a store, accepted under versioned terms, activated in a day (`SPEC §3`)."""
